//! SQLite pragmas: their names and values, in every form that SQLite accepts.

use crate::sql::StatementKind;

use super::head::Head;
use super::token::{Token, TokenKind};

/// How a `PRAGMA` behaves in a transaction; `None` where a transaction makes no difference.
pub(super) fn kind(mut head: Head<'_, '_>) -> Option<StatementKind> {
    if !head.take("PRAGMA") {
        return None;
    }
    if head.rest().get(1).is_some_and(|token| token.is_symbol(".")) {
        head.next();
        head.next();
    }
    let name = unquoted(head.next()?);
    let outside = |what| Some(StatementKind::NoTransaction { what });
    match name.as_str() {
        "wal_checkpoint" => outside("PRAGMA wal_checkpoint"),
        _ if head.is_empty() => None,
        "foreign_keys" => match truth(head) {
            Some(on) => Some(StatementKind::ForeignKeys { on }),
            None => outside("PRAGMA foreign_keys"),
        },
        "journal_mode" => outside("PRAGMA journal_mode"),
        "synchronous" => outside("PRAGMA synchronous"),
        _ => None,
    }
}

/// The boolean after `=` or in parentheses, as SQLite reads it; `None` for any value without a clear meaning.
fn truth(mut head: Head<'_, '_>) -> Option<bool> {
    let value = match (head.next()?, head.rest()) {
        (equals, [value]) if equals.is_symbol("=") => value,
        (open, [value, close]) if open.is_symbol("(") && close.is_symbol(")") => value,
        _ => return None,
    };
    match unquoted(value).as_str() {
        "on" | "yes" | "true" => Some(true),
        "off" | "no" | "false" => Some(false),
        number => number.parse::<u8>().ok().map(|number| number != 0),
    }
}

/// A name or string without its quotes, in lower case.
fn unquoted(token: &Token<'_>) -> String {
    let text = match token.kind {
        TokenKind::Name | TokenKind::String => {
            let mut inside = token.text.chars();
            inside.next();
            inside.next_back();
            inside.as_str()
        }
        _ => token.text,
    };
    text.to_ascii_lowercase()
}
