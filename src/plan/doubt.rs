//! Finds the statements that an attempt may have run without recording them in the journal.

use super::Objection;
use crate::history::{Attempt, AttemptState, Direction, History};
use crate::migration::{MigrationSet, SessionLock, Statement};

/// The index of the last statement that may have run, where the one at `from` is the first that is not recorded: while tables are
/// locked, nothing can be recorded.
pub(crate) fn last_without_note(statements: &[Statement], from: usize) -> usize {
    let locks = |statement: &Statement, lock| statement.session_lock == lock;
    match statements.get(from..) {
        Some([first, behind @ ..]) if locks(first, SessionLock::Taken) => {
            let released = behind.iter().position(|statement| locks(statement, SessionLock::Released));
            from + released.map_or(behind.len(), |at| at + 1)
        }
        _ => from,
    }
}

/// An objection for each attempt that left a migration half-way.
pub(crate) fn unsettled(set: &MigrationSet, history: &History) -> Vec<Objection> {
    let known = |attempt: &Attempt| {
        let migration = set.get(&attempt.key)?;
        let script = if attempt.direction == Direction::Up { Some(&migration.up) } else { migration.down.as_ref() };
        let last = last_without_note(&script?.parsed().ok()?.statements, attempt.done as usize) + 1;
        u32::try_from(last).ok().filter(|last| attempt.state == AttemptState::Unfinished && *last <= attempt.total)
    };
    let objection = |attempt: &Attempt| {
        let last = known(attempt).unwrap_or(attempt.last);
        Objection::Unsettled(Box::new(Attempt { last, ..attempt.clone() }))
    };
    history.unsettled.iter().map(objection).collect()
}
