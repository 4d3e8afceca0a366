//! The spans of a run that have begun and not ended.

use std::time::SystemTime;

use tracing::Span;

use super::failure::{EarlyEnd, fail_early};
use super::health::HealthSpans;
use super::hook::HookSpan;
use super::open_span::OpenSpan;

/// The open spans below the root.
#[derive(Default)]
pub(super) struct OpenSpans {
    pub(super) connect: Option<OpenSpan>,
    pub(super) lock: Option<OpenSpan>,
    pub(super) plan: Option<OpenSpan>,
    pub(super) migrate: Option<OpenSpan>,
    /// A retry; the first attempt has no span of its own.
    pub(super) attempt: Option<OpenSpan>,
    pub(super) statement: Option<(OpenSpan, SystemTime)>,
    pub(super) record: Option<OpenSpan>,
    pub(super) health: HealthSpans,
    pub(super) hook: HookSpan,
}

impl OpenSpans {
    /// The innermost open span; `None` for the root.
    pub(super) fn innermost(&self) -> Option<&Span> {
        let statement = self.statement.as_ref().map(|(span, _)| &**span);
        let inside = statement.or(self.record.as_deref()).or(self.attempt.as_deref()).or(self.migrate.as_deref());
        let before = self.plan.as_deref().or(self.lock.as_deref()).or(self.connect.as_deref());
        inside.or(self.hook.open()).or(before).or(self.health.innermost())
    }

    /// Ends every span as failed, innermost first: without a status they would look successful.
    pub(super) fn fail_all(&mut self, end: &EarlyEnd<'_>) {
        let Self { connect, lock, plan, migrate, attempt, statement, record, mut health, mut hook } =
            std::mem::take(self);
        let statement = statement.map(|(span, _)| span);
        let [check, checks, state] = health.take();
        let all = [statement, record, attempt, migrate, hook.take(), plan, lock, connect, check, checks, state];
        for span in all.into_iter().flatten() {
            fail_early(&span, end);
        }
    }
}
