//! The spans of the health checks: one for all of them, with a child for each.

use tracing::field::Empty;
use tracing::{Span, info_span};

use super::failure::fail;
use super::open_span::OpenSpan;
use crate::event::Event;
use crate::observe::names;
use crate::report::{CheckReport, CheckStatus, HealthReport};

/// The open spans.
#[derive(Default)]
pub(super) struct HealthSpans {
    state: Option<OpenSpan>,
    checks: Option<OpenSpan>,
    check: Option<OpenSpan>,
}

impl HealthSpans {
    /// The span of the running check, or of all checks.
    pub(super) fn innermost(&self) -> Option<&Span> {
        self.check.as_deref().or(self.checks.as_deref()).or(self.state.as_deref())
    }

    /// Takes all of them, innermost first; the caller ends them.
    pub(super) fn take(&mut self) -> [Option<OpenSpan>; 3] {
        [self.check.take(), self.checks.take(), self.state.take()]
    }

    /// Follows the events of the health checks and ignores others.
    pub(super) fn observe(&mut self, root: &Span, event: &Event<'_>) {
        match event {
            Event::StateStarted => self.state = Some(state(root).into()),
            Event::StateFinished { .. } => self.state = None,
            Event::HealthStarted => self.checks = Some(checks(root).into()),
            Event::CheckStarted { name } => self.check = self.checks.as_ref().map(|checks| one(checks, name).into()),
            Event::CheckFinished { check } => {
                if let Some(span) = self.check.take() {
                    checked(&span, check);
                }
            }
            Event::HealthFinished { report } => {
                if let Some(span) = self.checks.take() {
                    finished(&span, report);
                }
            }
            _ => {}
        }
    }
}

fn state(root: &Span) -> Span {
    info_span!(
        target: names::SCOPE,
        parent: root,
        names::SPAN_STATE,
        { names::OTEL_KIND } = names::KIND_INTERNAL,
        { names::OTEL_STATUS_CODE } = Empty,
        { names::OTEL_STATUS_DESCRIPTION } = Empty,
        { names::OUTCOME } = Empty,
        { names::ERROR_TYPE } = Empty,
    )
}

fn checks(root: &Span) -> Span {
    info_span!(
        target: names::SCOPE,
        parent: root,
        names::SPAN_HEALTH,
        { names::OTEL_KIND } = names::KIND_INTERNAL,
        { names::OTEL_STATUS_CODE } = Empty,
        { names::OTEL_STATUS_DESCRIPTION } = Empty,
        { names::HEALTH_CHECKS } = Empty,
        { names::HEALTH_CHECKS_FAILED } = Empty,
        { names::OUTCOME } = Empty,
        { names::ERROR_TYPE } = Empty,
    )
}

fn one(checks: &Span, name: &str) -> Span {
    info_span!(
        target: names::SCOPE,
        parent: checks,
        names::SPAN_CHECK,
        { names::OTEL_KIND } = names::KIND_INTERNAL,
        { names::OTEL_STATUS_CODE } = Empty,
        { names::OTEL_STATUS_DESCRIPTION } = Empty,
        { names::HEALTH_CHECK_NAME } = name,
        { names::HEALTH_CHECK_STATUS } = Empty,
        { names::HEALTH_CHECK_VALUE } = Empty,
        { names::HEALTH_CHECK_THRESHOLD } = Empty,
        { names::OUTCOME } = Empty,
        { names::ERROR_TYPE } = Empty,
    )
}

/// The message is left out: it may quote rows of the database.
fn checked(span: &Span, check: &CheckReport) {
    span.record(names::HEALTH_CHECK_STATUS, check.status.word());
    if let Some(value) = check.value {
        span.record(names::HEALTH_CHECK_VALUE, value);
    }
    if let Some(threshold) = check.threshold {
        span.record(names::HEALTH_CHECK_THRESHOLD, threshold);
    }
    if check.status == CheckStatus::Fail {
        fail(span, names::ERROR_UNHEALTHY, None);
    }
}

fn finished(span: &Span, report: &HealthReport) {
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    span.record(names::HEALTH_CHECKS, count(report.checks.len()));
    span.record(names::HEALTH_CHECKS_FAILED, count(report.with(CheckStatus::Fail).count()));
    if !report.is_healthy() {
        fail(span, names::ERROR_UNHEALTHY, None);
    }
}
