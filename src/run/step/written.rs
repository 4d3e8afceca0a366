//! Whether the statements of a non-atomic attempt have left anything in the database. Queries and session settings leave nothing.

use crate::database::RolledBack;
use crate::plan::Step;
use crate::report::PartialEffect;
use crate::run::engine::Engine;
use crate::script;

impl Engine<'_> {
    /// The first of `count` statements that may have left something in the database, judged by their text.
    pub(super) fn first_trace(&self, step: &Step<'_>, count: usize) -> Option<usize> {
        (0..count.min(step.statements().len())).find(|index| self.may_write(step, *index))
    }

    /// Whether the last statement may have left something in the database: as the server reported, or otherwise judged by its text.
    pub(super) fn leaves_trace(&self, step: &Step<'_>, index: usize) -> bool {
        self.statement.wrote.unwrap_or_else(|| self.may_write(step, index))
    }

    fn may_write(&self, step: &Step<'_>, index: usize) -> bool {
        let kind = step.statements()[index].kind;
        script::may_write(step.text(index), kind, self.session.server_info().dialect())
    }

    /// Rolls back, and remembers whether a part could not be rolled back.
    pub(super) async fn roll_back(&mut self) {
        // A rollback that fails hides nothing: the server rolls back when the session ends.
        self.statement.left |= matches!(self.session.rollback().await, Ok(RolledBack::InPart));
    }
}

/// What remains if `effective` statements have taken effect, and `trace` is the first of them that left something in the database.
pub(super) fn remains(effective: usize, next_unknown: bool, trace: Option<usize>) -> PartialEffect {
    if !next_unknown && trace.is_none_or(|trace| trace >= effective) {
        return PartialEffect::Nothing;
    }
    PartialEffect::HalfWay { done: u32::try_from(effective).unwrap_or(u32::MAX), next_unknown }
}
