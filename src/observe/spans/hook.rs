//! The span of a hook.

use std::time::Duration;

use tracing::field::Empty;
use tracing::{Span, info_span};

use super::end::discard;
use super::failure::fail;
use super::open_span::OpenSpan;
use crate::error::Error;
use crate::event::{Event, Hook};
use crate::observe::disclosure::disclose_run;
use crate::observe::names;
use crate::plan::Step;

/// The span of the hook that is running; one runs at a time.
#[derive(Default)]
pub(super) struct HookSpan(Option<OpenSpan>);

impl HookSpan {
    /// The span, where a hook is running.
    pub(super) fn open(&self) -> Option<&Span> {
        self.0.as_deref()
    }

    /// Takes the span; the caller ends it.
    pub(super) fn take(&mut self) -> Option<OpenSpan> {
        self.0.take()
    }

    /// Follows the events of hooks and ignores others. In a run of many migrations, SQL hooks faster than `fast` get no span.
    pub(super) fn observe(&mut self, root: &Span, event: &Event<'_>, fast: Option<Duration>) {
        match event {
            Event::HookStarted { hook, step } => self.0 = Some(hook_span(root, *hook, *step).into()),
            Event::HookFinished { hook, elapsed, error, .. } => {
                let Some(span) = self.0.take() else { return };
                match error {
                    Some(error) => failed(&span, error),
                    None if hook.is_command() => _ = span.record(names::HOOK_EXIT_CODE, 0_i64),
                    None if fast.is_some_and(|fast| *elapsed < fast) => discard(&span),
                    None => {}
                }
            }
            _ => {}
        }
    }
}

fn hook_span(root: &Span, hook: Hook, step: Option<&Step<'_>>) -> Span {
    info_span!(
        target: names::SCOPE,
        parent: root,
        names::SPAN_HOOK,
        { names::OTEL_NAME } = match hook {
            Hook::Backup => names::SPAN_HOOK_BACKUP,
            Hook::Before => names::SPAN_HOOK_BEFORE,
            Hook::BeforeEach => names::SPAN_HOOK_BEFORE_EACH,
            Hook::AfterEach => names::SPAN_HOOK_AFTER_EACH,
            Hook::After => names::SPAN_HOOK_AFTER,
        },
        { names::OTEL_KIND } = names::KIND_INTERNAL,
        { names::OTEL_STATUS_CODE } = Empty,
        { names::OTEL_STATUS_DESCRIPTION } = Empty,
        { names::HOOK_NAME } = hook.word(),
        { names::HOOK_EXIT_CODE } = Empty,
        { names::MIGRATION_VERSION } = step.map(|step| step.migration.key.as_str()),
        { names::OUTCOME } = Empty,
        { names::ERROR_TYPE } = Empty,
    )
}

/// The command is left out, and so is the database's message about its SQL.
fn failed(span: &Span, error: &Error) {
    if let Error::Hook { fault, .. } = error
        && let Some(code) = fault.exit_code()
    {
        span.record(names::HOOK_EXIT_CODE, i64::from(code));
    }
    fail(span, error.kind(), Some(&disclose_run(error)));
}
