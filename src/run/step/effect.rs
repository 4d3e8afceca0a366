//! What a statement may have done although it failed, and to the transaction around it.

use crate::database::{Abilities, DatabaseError, ErrorKind};
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
        _ if abilities.transactional_ddl => false,
        _ => error.kind != ErrorKind::Syntax && has_several_effects(sql),
    }
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
