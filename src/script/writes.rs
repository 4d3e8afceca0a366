//! Whether a statement can change anything in the database. The lists name what is known to change nothing; everything else may.

use super::head::Head;
use super::restore;
use super::split;
use super::token::{Token, TokenKind};
use crate::sql::{Dialect, StatementKind};

/// First words of statements that only query, or affect only the session or its transaction.
const LEAVING_NOTHING: [&str; 18] = [
    "CLOSE",
    "DEALLOCATE",
    "DESC",
    "DESCRIBE",
    "DISCARD",
    "HELP",
    "LISTEN",
    "LOCK",
    "PREPARE",
    "RELEASE",
    "RESET",
    "SAVEPOINT",
    "SHOW",
    "UNLISTEN",
    "UNLOCK",
    "USE",
    "VALUES",
    "SELECT",
];

/// Functions without side effects in the database.
const COMPUTING: [&str; 20] = [
    "abs",
    "avg",
    "cast",
    "coalesce",
    "concat",
    "count",
    "current_setting",
    "database",
    "ifnull",
    "length",
    "lower",
    "max",
    "min",
    "now",
    "nullif",
    "round",
    "sum",
    "upper",
    "version",
    "set_config",
];

/// Keywords that may precede a parenthesis and are not function calls.
const SYNTAX: [&str; 16] = [
    "ALL", "AND", "ANY", "AS", "BY", "DISTINCT", "EXISTS", "FROM", "IN", "JOIN", "NOT", "ON", "OR", "SELECT", "USING",
    "WHERE",
];

/// Pragmas whose value is stored in the file, or that change the file.
const STORED: [&str; 14] = [
    "application_id",
    "auto_vacuum",
    "encoding",
    "incremental_vacuum",
    "journal_mode",
    "optimize",
    "page_size",
    "schema_version",
    "shrink_memory",
    "user_version",
    "wal_checkpoint",
    "writable_schema",
    "default_cache_size",
    "journal_size_limit",
];

/// Whether a statement may change the database.
#[must_use]
pub fn may_write(statement: &str, kind: StatementKind, dialect: Dialect) -> bool {
    let split = split::split(statement, dialect);
    let tokens: Vec<Token<'_>> = split.tokens.into_iter().filter(|token| token.kind != TokenKind::Hint).collect();
    let head = Head::of(&tokens);
    match kind {
        StatementKind::Begin { .. }
        | StatementKind::Commit
        | StatementKind::Rollback
        | StatementKind::Savepoint
        | StatementKind::Release
        | StatementKind::ForeignKeys { .. } => false,
        StatementKind::ConcurrentIndex => true,
        StatementKind::Ordinary | StatementKind::NoTransaction { .. } => !leaves_nothing(head, dialect),
    }
}

fn leaves_nothing(mut head: Head<'_, '_>, dialect: Dialect) -> bool {
    if head.clone().take_phrase(&["PREPARE", "TRANSACTION"]) || calls_something(head.rest()) {
        return false;
    }
    if head.is_any(&["SET", "ROLLBACK"]) {
        return head.is("ROLLBACK") || restore::sets_session_alone(head, dialect);
    }
    if head.is_any(&["EXPLAIN", "DESC", "DESCRIBE"]) {
        return !head.holds("ANALYZE") && !head.holds("ANALYSE");
    }
    if head.take("PRAGMA") {
        if head.rest().get(1).is_some_and(|token| token.is_symbol(".")) {
            head.next();
            head.next();
        }
        return head.rest().len() < 2 || !head.is_any(&STORED);
    }
    head.is_any(&LEAVING_NOTHING) && !head.holds("INTO")
}

/// Whether the statement calls a function that is not known to be free of side effects.
fn calls_something(tokens: &[Token<'_>]) -> bool {
    tokens.windows(2).any(|pair| {
        let known = |words: &[&str]| words.iter().any(|word| pair[0].is_word(word));
        pair[1].is_symbol("(")
            && matches!(pair[0].kind, TokenKind::Word | TokenKind::Name)
            && !known(&SYNTAX)
            && !known(&COMPUTING)
            && !tokens[0].is_any(&["PRAGMA", "EXPLAIN", "PREPARE"])
    })
}
