//! Whether the statements of an attempt that is not atomic have left anything in the database: one that only asks or sets something
//! for its session has not.

use crate::database::RolledBack;
use crate::plan::Step;
use crate::report::PartialEffect;
use crate::run::engine::Engine;
use crate::script;

impl Engine<'_> {
    /// The first of so many statements that may have left something, as far as their texts tell.
    pub(super) fn first_trace(&self, step: &Step<'_>, count: usize) -> Option<usize> {
        (0..count.min(step.statements().len())).find(|index| self.may_write(step, *index))
    }

    /// Whether the statement that ran just now may have left something: as the server has said, or as far as its text tells.
    pub(super) fn leaves_trace(&self, step: &Step<'_>, index: usize) -> bool {
        self.statement.wrote.unwrap_or_else(|| self.may_write(step, index))
    }

    fn may_write(&self, step: &Step<'_>, index: usize) -> bool {
        let kind = step.statements()[index].kind;
        script::may_write(step.text(index), kind, self.session.server_info().dialect())
    }

    /// Rolls back, and notes whether something was left.
    pub(super) async fn roll_back(&mut self) {
        // A rollback that fails hides nothing: the server rolls back when the session ends.
        self.statement.left |= matches!(self.session.rollback().await, Ok(RolledBack::InPart));
    }
}

/// What remains where so many statements have run, and the first of those that left a trace is this one.
pub(super) fn remains(effective: usize, next_unknown: bool, trace: Option<usize>) -> PartialEffect {
    if !next_unknown && trace.is_none_or(|trace| trace >= effective) {
        return PartialEffect::Nothing;
    }
    PartialEffect::HalfWay { done: u32::try_from(effective).unwrap_or(u32::MAX), next_unknown }
}
