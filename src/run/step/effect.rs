//! What a statement may have done although it failed, and to the transaction around it.

use crate::database::{Abilities, DatabaseError, ErrorKind};
use crate::history::State;
use crate::migration::StatementKind;
use crate::plan::Step;

/// Words that begin statements which leave the open transaction open where DDL would commit it.
const KEEPERS: [&str; 12] = [
    "INSERT",
    "UPDATE",
    "DELETE",
    "REPLACE",
    "SELECT",
    "WITH",
    "SET",
    "DO",
    "SAVEPOINT",
    "RELEASE",
    "ROLLBACK",
    "VALUES",
];

/// Whether a statement commits the open transaction by itself, where DDL does that; in doubt it does.
pub(super) fn ends_transaction(sql: &str) -> bool {
    let word = first_word(sql);
    !KEEPERS.iter().any(|keeper| word.eq_ignore_ascii_case(keeper))
}

/// Whether a statement that failed may have taken effect in part or in full.
pub(super) fn may_leave_something(kind: StatementKind, sql: &str, error: &DatabaseError, abilities: Abilities) -> bool {
    if error.kind == ErrorKind::Lost {
        return true;
    }
    match kind {
        StatementKind::ConcurrentIndex | StatementKind::NoTransaction { .. } => !error.had_no_effect(),
        _ if abilities.transactional_ddl => may_commit(sql) && !error.had_no_effect(),
        _ => error.kind != ErrorKind::Syntax && has_several_effects(sql),
    }
}

/// Whether a statement of a step that is not atomic can be committed together with the journal's note that it has run.
pub(super) fn goes_with_its_note(step: &Step<'_>, index: usize, abilities: Abilities) -> bool {
    let ordinary = step.statements().get(index).is_some_and(|statement| statement.kind == StatementKind::Ordinary);
    let (sql, transactional) = (step.text(index), abilities.transactional_ddl);
    let commits = if transactional { may_commit(sql) } else { ends_transaction(sql) };
    ordinary && !commits && !sets_autocommit(step)
}

/// Whether nothing else can be written while it holds, our note included; it leaves nothing that would have to be noted.
pub(super) fn locks_tables(sql: &str) -> bool {
    first_word(sql).eq_ignore_ascii_case("LOCK")
}

/// Calls, and blocks of code: where no transaction is around them they may commit, again and again.
fn may_commit(sql: &str) -> bool {
    let word = first_word(sql);
    ["CALL", "DO", "EXECUTE"].iter().any(|several| word.eq_ignore_ascii_case(several))
}

/// Whether nobody can say if the statement took effect that an attempt had come to when it ended in this state.
pub(in crate::run) fn is_doubtful(step: &Step<'_>, index: usize, state: State, abilities: Abilities) -> bool {
    let Some(statement) = step.statements().get(index) else { return false };
    let commits_alone = |index| !abilities.transactional_ddl && ends_transaction(step.text(index));
    match statement.kind {
        StatementKind::ConcurrentIndex => true,
        StatementKind::ForeignKeys { .. } | StatementKind::Savepoint | StatementKind::Release => false,
        StatementKind::NoTransaction { .. } => state == State::Unfinished,
        // The journal's note is made inside a transaction of the script's own, unless a statement ends that by itself.
        StatementKind::Begin { .. } => own_transaction(step, index).any(commits_alone),
        StatementKind::Commit | StatementKind::Rollback => sets_autocommit(step),
        StatementKind::Ordinary if goes_with_its_note(step, index, abilities) => false,
        StatementKind::Ordinary => {
            state == State::Unfinished || has_several_effects(step.text(index)) || may_commit(step.text(index))
        }
    }
}

/// The statements inside a transaction that a script opens.
fn own_transaction<'s>(step: &'s Step<'_>, begin: usize) -> impl Iterator<Item = usize> + 's {
    let ends =
        |index: &usize| matches!(step.statements()[*index].kind, StatementKind::Commit | StatementKind::Rollback);
    (begin + 1..step.statements().len()).take_while(move |index| !ends(index))
}

/// Whether a script may switch off that statements commit by themselves: what it opens then cannot be seen.
pub(super) fn sets_autocommit(step: &Step<'_>) -> bool {
    step.changes_session() && step.script.text.to_ascii_lowercase().contains("autocommit")
}

/// Routines, compound statements and lists of tables: each part commits before the next one fails.
fn has_several_effects(sql: &str) -> bool {
    let word = first_word(sql);
    ["CALL", "BEGIN", "EXECUTE"].iter().any(|several| word.eq_ignore_ascii_case(several))
        || word.eq_ignore_ascii_case("DROP") && sql.contains(',')
}

fn first_word(sql: &str) -> &str {
    sql.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default()
}
