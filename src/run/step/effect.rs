//! Which effects a failed statement may have had, and for which statements it is unknown whether they took effect.

use super::class::{ends_transaction, is_about_rows, may_run_code, sets_next_transaction};
use crate::database::{Capabilities, DatabaseError, ErrorKind};
use crate::history::AttemptState;
use crate::migration::StatementKind;
use crate::plan::Step;
use crate::script::{Opening, mentions};

/// Whether a statement that failed may have taken effect in part or in full.
pub(super) fn may_leave_something(
    kind: StatementKind,
    sql: &str,
    error: &DatabaseError,
    capabilities: Capabilities,
) -> bool {
    if error.kind == ErrorKind::Lost {
        return true;
    }
    let opening = Opening::of(sql, capabilities.dialect);
    match kind {
        StatementKind::ConcurrentIndex | StatementKind::NoTransaction { .. } => error.inside || !error.had_no_effect(),
        _ if capabilities.transactional_ddl => may_commit(&opening, sql) && (error.inside || !error.had_no_effect()),
        _ if opening.is_any(&["CALL"]) => !names_its_routine(sql, error),
        // A statement with a syntax error has done nothing, unless the error is in SQL that the statement itself runs.
        _ if error.kind == ErrorKind::Syntax => opening.is_any(&["BEGIN"]) && runs_text(sql),
        _ => has_several_effects(&opening, sql),
    }
}

/// Whether a call failed because of the routine that it names, and not because of something inside that routine.
fn names_its_routine(sql: &str, error: &DatabaseError) -> bool {
    let name = error.position.filter(|_| error.kind == ErrorKind::Invalid);
    name.and_then(|at| sql.get(..at)).is_some_and(|before| !before.contains('('))
}

/// Whether a block of code may call a routine or run dynamic SQL.
fn runs_text(sql: &str) -> bool {
    ["call", "execute"].iter().any(|word| mentions(sql, word))
}

/// Whether a statement of a non-atomic step can be committed together with its progress record in the journal.
pub(super) fn goes_with_its_note(step: &Step<'_>, index: usize, capabilities: Capabilities) -> bool {
    let ordinary = step.statements().get(index).is_some_and(|statement| statement.kind == StatementKind::Ordinary);
    if step.goes_alone(index) {
        return false;
    }
    if capabilities.transactional_ddl {
        return ordinary
            && !may_commit(&opening(step, index, capabilities), step.text(index))
            && !holds_savepoint(step, index, capabilities);
    }
    let after_setting = || index > 0 && sets_next_transaction(&opening(step, index - 1, capabilities));
    let opening = opening(step, index, capabilities);
    // Some statement-level settings are refused inside a transaction.
    let rows = is_about_rows(&opening, capabilities) && !opening.has_settings();
    ordinary && (rows && !after_setting() || joins(step, index, &opening, capabilities))
}

/// Whether the next statement reads what the one at `index` has left in the session, such as `ROW_COUNT()` or `changes()`. Then both run in
/// one transaction, and the runner sends nothing between them.
pub(super) fn is_read_by_next(step: &Step<'_>, index: usize, capabilities: Capabilities) -> bool {
    let reads = step.statements().get(index + 1).is_some_and(|statement| statement.reads_last);
    reads && goes_with_its_note(step, index + 1, capabilities)
}

/// Whether a statement reads what the previous one has left in the session, and can run in the same transaction.
fn joins(step: &Step<'_>, index: usize, opening: &Opening<'_>, capabilities: Capabilities) -> bool {
    index > 0
        && step.statements()[index].reads_last
        && (opening.begins(&["SET", "@"]) && !opening.begins(&["SET", "@", "@"]) || opening.is_any(&["SHOW", "GET"]))
        && goes_with_its_note(step, index - 1, capabilities)
}

fn holds_savepoint(step: &Step<'_>, index: usize, capabilities: Capabilities) -> bool {
    opening(step, index, capabilities).is_any(&["SAVEPOINT", "RELEASE"])
}

fn opening<'s>(step: &'s Step<'_>, index: usize, capabilities: Capabilities) -> Opening<'s> {
    Opening::of(step.text(index), capabilities.dialect)
}

/// Calls, and blocks of code with a commit: outside of a transaction they may commit several times.
fn may_commit(opening: &Opening<'_>, sql: &str) -> bool {
    let commits = || runs_text(sql) || ["commit", "dblink"].iter().any(|word| mentions(sql, word));
    opening.is_any(&["CALL"]) || opening.is_any(&["DO"]) && commits()
}

/// Whether it is unknown if a statement took effect: the one that an attempt had reached when it ended in this state.
pub(in crate::run) fn is_doubtful(
    step: &Step<'_>,
    index: usize,
    state: AttemptState,
    capabilities: Capabilities,
) -> bool {
    let Some(statement) = step.statements().get(index) else { return false };
    if state == AttemptState::Marked {
        return true;
    }
    let commits_alone =
        |index| !capabilities.transactional_ddl && ends_transaction(&opening(step, index, capabilities), capabilities);
    match statement.kind {
        StatementKind::ConcurrentIndex => true,
        StatementKind::ForeignKeys { .. } | StatementKind::Savepoint | StatementKind::Release => false,
        StatementKind::NoTransaction { .. } => state == AttemptState::Unfinished,
        // The progress record is written inside the script's own transaction, unless a statement commits that implicitly.
        StatementKind::Begin { .. } => own_transaction(step, index).any(commits_alone),
        StatementKind::Commit | StatementKind::Rollback => sets_autocommit(step),
        StatementKind::Ordinary if goes_with_its_note(step, index, capabilities) => {
            // Without autocommit, a later statement commits this one, and only then is it recorded.
            state == AttemptState::Unfinished && may_be_in_own_transaction(step, index, capabilities)
        }
        StatementKind::Ordinary => {
            let (opening, sql) = (opening(step, index, capabilities), step.text(index));
            state == AttemptState::Unfinished || has_several_effects(&opening, sql) || may_commit(&opening, sql)
        }
    }
}

/// Whether earlier statements may have left a transaction open or switched autocommit off, although their text does not show it.
fn may_be_in_own_transaction(step: &Step<'_>, index: usize, capabilities: Capabilities) -> bool {
    let hidden = |before| may_run_code(&opening(step, before, capabilities), capabilities);
    !capabilities.transactional_ddl && (sets_autocommit(step) || (0..index).any(hidden))
}

/// The statements inside the transaction that the script begins at `begin`.
fn own_transaction<'s>(step: &'s Step<'_>, begin: usize) -> impl Iterator<Item = usize> + 's {
    let ends =
        |index: &usize| matches!(step.statements()[*index].kind, StatementKind::Commit | StatementKind::Rollback);
    (begin + 1..step.statements().len()).take_while(move |index| !ends(index))
}

/// Whether a script may switch autocommit off, or chained commits on.
fn sets_autocommit(step: &Step<'_>) -> bool {
    let holds = |word| mentions(step.script.text(), word);
    step.changes_session() && (holds("autocommit") || holds("completion_type"))
}

/// Routines, compound statements and lists of tables: one part may be committed before the next one fails.
fn has_several_effects(opening: &Opening<'_>, sql: &str) -> bool {
    opening.is_any(&["CALL", "BEGIN", "EXECUTE"]) || opening.is_any(&["DROP"]) && sql.contains(',')
}
