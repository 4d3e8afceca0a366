//! The spans that have begun and not ended.

use std::ops::Deref;
use std::time::SystemTime;

use tracing::Span;

use super::health::HealthSpans;
use super::hooks::HookSpan;
use super::tree::{self, end_at};

/// A span that ends with this value. Left to its subscriber, a span that was entered for a record would have ended when that was told.
pub(super) struct Ongoing(Span);

impl Ongoing {
    /// The span without its end, which the caller sees to.
    pub(super) fn into_span(mut self) -> Span {
        std::mem::replace(&mut self.0, Span::none())
    }
}

impl From<Span> for Ongoing {
    fn from(span: Span) -> Self {
        Self(span)
    }
}

impl Deref for Ongoing {
    type Target = Span;

    fn deref(&self) -> &Span {
        &self.0
    }
}

impl Drop for Ongoing {
    fn drop(&mut self) {
        end_at(&self.0, SystemTime::now());
    }
}

/// What is open below the root.
#[derive(Default)]
pub(super) struct Open {
    pub(super) connect: Option<Ongoing>,
    pub(super) lock: Option<Ongoing>,
    pub(super) plan: Option<Ongoing>,
    pub(super) migrate: Option<Ongoing>,
    /// What is tried again; the first attempt has no span of its own.
    pub(super) attempt: Option<Ongoing>,
    pub(super) statement: Option<(Ongoing, SystemTime)>,
    pub(super) record: Option<Ongoing>,
    pub(super) health: HealthSpans,
    pub(super) hook: HookSpan,
}

/// Why what is open ends before its time.
pub(super) struct Cut<'c> {
    pub(super) outcome: &'c str,
    pub(super) error_type: &'c str,
    pub(super) description: &'c str,
}

impl Open {
    /// The span that what happens now belongs to; `None` stands for the root.
    pub(super) fn innermost(&self) -> Option<&Span> {
        let statement = self.statement.as_ref().map(|(span, _)| &**span);
        let inside = statement.or(self.record.as_deref()).or(self.attempt.as_deref()).or(self.migrate.as_deref());
        let before = self.plan.as_deref().or(self.lock.as_deref()).or(self.connect.as_deref());
        inside.or(self.hook.open()).or(before).or(self.health.innermost())
    }

    /// Ends everything, innermost first, as failed for this reason: without a status it would have succeeded.
    pub(super) fn cut(&mut self, cut: &Cut<'_>) {
        let Self { connect, lock, plan, migrate, attempt, statement, record, mut health, mut hook } =
            std::mem::take(self);
        let statement = statement.map(|(span, _)| span);
        let [check, checks, state] = health.take();
        let all = [statement, record, attempt, migrate, hook.take(), plan, lock, connect, check, checks, state];
        for span in all.into_iter().flatten() {
            tree::cut(&span, cut);
        }
    }
}
