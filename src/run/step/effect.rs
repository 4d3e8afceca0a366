//! What a statement may have done although it failed, and of which statements nobody can say whether they took effect.

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
        // A text that cannot be read has done nothing, unless it was a text inside of it that could not be read.
        _ if error.kind == ErrorKind::Syntax => opening.is_any(&["BEGIN"]) && runs_text(sql),
        _ => has_several_effects(&opening, sql),
    }
}

/// Whether a call was refused for the routine that it names, and not for anything inside of that.
fn names_its_routine(sql: &str, error: &DatabaseError) -> bool {
    let name = error.position.filter(|_| error.kind == ErrorKind::Invalid);
    name.and_then(|at| sql.get(..at)).is_some_and(|before| !before.contains('('))
}

/// Whether a block of code may call a routine, or run a text that it has put together.
fn runs_text(sql: &str) -> bool {
    ["call", "execute"].iter().any(|word| mentions(sql, word))
}

/// Whether a statement of a step that is not atomic can be committed together with the journal's note that it has run.
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
    // Some settings for one statement are refused inside a transaction.
    let rows = is_about_rows(&opening, capabilities) && !opening.has_settings();
    ordinary && (rows && !after_setting() || joins(step, index, &opening, capabilities))
}

/// Whether the statement behind the one at `index` reads what that one has left, `ROW_COUNT()` or `changes()`, so that both go into
/// one transaction with nothing of ours between them.
pub(super) fn is_read_by_next(step: &Step<'_>, index: usize, capabilities: Capabilities) -> bool {
    let reads = step.statements().get(index + 1).is_some_and(|statement| statement.reads_last);
    reads && goes_with_its_note(step, index + 1, capabilities)
}

/// Whether a statement reads what the one before it has left, and can stand in the same transaction with it.
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

/// Calls, and blocks of code with a commit: where no transaction is around them they may commit, again and again.
fn may_commit(opening: &Opening<'_>, sql: &str) -> bool {
    let commits = || runs_text(sql) || ["commit", "dblink"].iter().any(|word| mentions(sql, word));
    opening.is_any(&["CALL"]) || opening.is_any(&["DO"]) && commits()
}

/// Whether nobody can say if the statement took effect that an attempt had come to when it ended in this state.
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
        // The journal's note is made inside a transaction of the script's own, unless a statement ends that by itself.
        StatementKind::Begin { .. } => own_transaction(step, index).any(commits_alone),
        StatementKind::Commit | StatementKind::Rollback => sets_autocommit(step),
        StatementKind::Ordinary if goes_with_its_note(step, index, capabilities) => {
            // Where statements do not commit by themselves, what commits this one later is noted later, too.
            state == AttemptState::Unfinished && may_be_in_own_transaction(step, index, capabilities)
        }
        StatementKind::Ordinary => {
            let (opening, sql) = (opening(step, index, capabilities), step.text(index));
            state == AttemptState::Unfinished || has_several_effects(&opening, sql) || may_commit(&opening, sql)
        }
    }
}

/// Whether statements before this one may have left a transaction open, or switched off that statements commit by themselves, in a
/// way that its text does not tell.
fn may_be_in_own_transaction(step: &Step<'_>, index: usize, capabilities: Capabilities) -> bool {
    let hidden = |before| may_run_code(&opening(step, before, capabilities), capabilities);
    !capabilities.transactional_ddl && (sets_autocommit(step) || (0..index).any(hidden))
}

/// The statements inside a transaction that a script opens.
fn own_transaction<'s>(step: &'s Step<'_>, begin: usize) -> impl Iterator<Item = usize> + 's {
    let ends =
        |index: &usize| matches!(step.statements()[*index].kind, StatementKind::Commit | StatementKind::Rollback);
    (begin + 1..step.statements().len()).take_while(move |index| !ends(index))
}

/// Whether a script may switch off that statements commit by themselves, or on that a commit begins the next transaction.
fn sets_autocommit(step: &Step<'_>) -> bool {
    let holds = |word| mentions(step.script.text(), word);
    step.changes_session() && (holds("autocommit") || holds("completion_type"))
}

/// Routines, compound statements and lists of tables: each part commits before the next one fails.
fn has_several_effects(opening: &Opening<'_>, sql: &str) -> bool {
    opening.is_any(&["CALL", "BEGIN", "EXECUTE"]) || opening.is_any(&["DROP"]) && sql.contains(',')
}
