//! Whether a statement can leave something behind in the session.

use crate::migration::Dialect;

use super::head::Head;
use super::lexer::{Lexer, Spot};
use super::token::{Token, TokenKind};

/// Whether a setting, a role, a lock, a prepared statement or a temporary object can outlive these tokens.
pub(super) fn changes(dialect: Dialect, tokens: &[Token<'_>]) -> bool {
    let head = Head::of(tokens);
    if creates_temporary(head.clone()) {
        return true;
    }
    if defines_routine(head.clone()) {
        return false;
    }
    match dialect {
        Dialect::Postgres => postgres(head),
        Dialect::Mysql => mysql(head),
        Dialect::Sqlite => sqlite(head),
    }
}

fn creates_temporary(mut head: Head<'_, '_>) -> bool {
    head.take("CREATE") && {
        head.take_phrase(&["OR", "REPLACE"]);
        head.take_any(&["GLOBAL", "LOCAL"]);
        head.is_any(&["TEMP", "TEMPORARY"])
    }
}

/// What a routine does, it does when it is called.
fn defines_routine(mut head: Head<'_, '_>) -> bool {
    head.take_create() && head.is_any(&["FUNCTION", "PROCEDURE", "TRIGGER", "EVENT", "PACKAGE"])
}

fn postgres(mut head: Head<'_, '_>) -> bool {
    if head.take("SET") {
        return !head.is_any(&["LOCAL", "CONSTRAINTS", "TRANSACTION"]);
    }
    let tokens = head.rest();
    head.is_any(&["RESET", "DISCARD", "LISTEN", "UNLISTEN", "LOAD"])
        || head.is("PREPARE") && !head.clone().take_phrase(&["PREPARE", "TRANSACTION"])
        || head.is("DECLARE") && head.holds("HOLD")
        || tokens.windows(2).any(|pair| pair[0].is_word("INTO") && is_temporary(&pair[1]))
        || tokens.iter().any(|token| calls_for_session(token))
        || head.is("DO") && tokens.iter().any(|token| block_sets(token))
}

fn is_temporary(token: &Token<'_>) -> bool {
    token.is_word("TEMP") || token.is_word("TEMPORARY")
}

/// Whether a word or a body names a function that sets something, or takes a lock, for the session.
fn calls_for_session(token: &Token<'_>) -> bool {
    matches!(token.kind, TokenKind::Word | TokenKind::String)
        && (names(token.text, "set", "_config") || names(token.text, "advisory", "_lock"))
}

/// Whether `text` has `before` and `after` side by side, in any case; `after` begins with `_`.
fn names(text: &str, before: &str, after: &str) -> bool {
    let bytes = text.as_bytes();
    text.match_indices('_').any(|(at, _)| {
        let start = at.checked_sub(before.len());
        let left = start.and_then(|start| bytes.get(start..at));
        let right = bytes.get(at..at + after.len());
        left.is_some_and(|left| left.eq_ignore_ascii_case(before.as_bytes()))
            && right.is_some_and(|right| right.eq_ignore_ascii_case(after.as_bytes()))
    })
}

/// Whether the block of a `DO` has a `SET` that is no `SET LOCAL`, or a string with one for `EXECUTE`.
fn block_sets(block: &Token<'_>) -> bool {
    const BEFORE_STATEMENT: [&str; 5] = ["BEGIN", "THEN", "ELSE", "LOOP", "DECLARE"];
    if block.kind != TokenKind::String {
        return false;
    }
    let body = block.text.trim_start_matches(|c| c != '$' && c != '\'');
    let inner = body
        .split_at_checked(1)
        .map_or("", |(_, rest)| rest)
        .trim_start_matches(|c: char| c != '$')
        .trim_start_matches('$');
    let mut lexer = Lexer::new(inner, Dialect::Postgres);
    let mut starts = true;
    let mut set = false;
    while let Some(token) = lexer.next(Spot::Statement) {
        if set && !token.is_word("LOCAL") || token.kind == TokenKind::String && executes_set(token.text) {
            return true;
        }
        set = starts && token.is_word("SET");
        starts = token.is_symbol(";") || BEFORE_STATEMENT.iter().any(|word| token.is_word(word));
    }
    false
}

fn executes_set(string: &str) -> bool {
    let mut words = string.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).split_whitespace();
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("SET"))
        && words.next().is_some_and(|word| !word.eq_ignore_ascii_case("LOCAL"))
}

fn mysql(mut head: Head<'_, '_>) -> bool {
    let compound = head.is("BEGIN") && head.holds("ATOMIC");
    if head.take("SET") {
        return sets_session(head);
    }
    head.is_any(&["USE", "PREPARE", "HANDLER"])
        || head.take_any(&["LOCK", "FLUSH"]) && head.is_any(&["TABLE", "TABLES"])
        || compound && head.holds("SET")
        || head.holds("GET_LOCK")
        || assigns_variable(&head)
}

/// Whether a `SET` of MySQL has a part for the session; a scope holds until another is named.
fn sets_session(mut head: Head<'_, '_>) -> bool {
    if head.is_any(&["PASSWORD", "STATEMENT"]) || head.clone().take_phrase(&["DEFAULT", "ROLE"]) {
        return false;
    }
    let mut global = false;
    while !head.is_empty() {
        if head.take_any(&["GLOBAL", "PERSIST", "PERSIST_ONLY"]) {
            global = true;
        } else if head.take_any(&["SESSION", "LOCAL"]) {
            global = false;
        }
        if !takes_global_variable(&mut head) && !global {
            return true;
        }
        skip_assignment(&mut head);
    }
    false
}

fn takes_global_variable(head: &mut Head<'_, '_>) -> bool {
    if !head.take_symbol("@") {
        return false;
    }
    head.take_symbol("@") && head.take_any(&["GLOBAL", "PERSIST", "PERSIST_ONLY"])
}

fn skip_assignment(head: &mut Head<'_, '_>) {
    while let Some(token) = head.peek()
        && !token.is_symbol(",")
    {
        if token.is_symbol("(") {
            head.take_group();
        } else {
            head.next();
        }
    }
    head.next();
}

/// `@x := …`, `… INTO @x` and `CALL p(@x)`.
fn assigns_variable(head: &Head<'_, '_>) -> bool {
    let tokens = head.rest();
    let called = head.is("CALL");
    tokens.windows(4).any(|four| four[0].is_symbol("@") && four[2].is_symbol(":") && four[3].is_symbol("="))
        || tokens.windows(2).any(|pair| pair[1].is_symbol("@") && (called || pair[0].is_word("INTO")))
}

fn sqlite(mut head: Head<'_, '_>) -> bool {
    head.is_any(&["ATTACH", "DETACH"]) || head.take("PRAGMA") && sets_pragma(head)
}

/// Pragmas that ask something, do something once, or are kept in the file.
const LASTING_NOTHING: [&str; 16] = [
    "application_id",
    "foreign_key_check",
    "foreign_key_list",
    "incremental_vacuum",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "optimize",
    "quick_check",
    "schema_version",
    "table_info",
    "table_list",
    "table_xinfo",
    "user_version",
    "wal_checkpoint",
];

fn sets_pragma(mut head: Head<'_, '_>) -> bool {
    if head.rest().get(1).is_some_and(|token| token.is_symbol(".")) {
        head.next();
        head.next();
    }
    !head.is_any(&LASTING_NOTHING) && head.rest().len() > 1
}
