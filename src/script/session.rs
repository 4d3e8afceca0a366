//! Whether a statement can change its session beyond its own end.

use crate::sql::{Dialect, SessionLock};

use super::head::Head;
use super::lexer::Lexer;
use super::token::Spot;
use super::token::{Token, TokenKind};

/// PL/pgSQL keywords after which a statement begins.
const OPENERS: [&str; 4] = ["BEGIN", "THEN", "ELSE", "LOOP"];

/// Pragmas that are queries or one-time actions, or whose value is stored in the file.
const PRAGMAS_WITHOUT_TRACE: [&str; 16] = [
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

/// MySQL keywords before a setting that is not limited to the session.
const EVERYBODY: [&str; 3] = ["GLOBAL", "PERSIST", "PERSIST_ONLY"];

/// The scope of a MySQL setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Session,
    Everybody,
}

/// Whether a setting, a role, a lock, a prepared statement or a temporary object can outlive this statement.
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

/// Whether this statement reads state that the previous statement left in the session, such as `ROW_COUNT()`.
pub(super) fn reads_last(dialect: Dialect, tokens: &[Token<'_>]) -> bool {
    let mut head = Head::of(tokens);
    if defines_routine(head.clone()) {
        return false;
    }
    let functions: &[&str] = match dialect {
        Dialect::Postgres => return false,
        Dialect::Mysql => &["ROW_COUNT", "FOUND_ROWS", "warning_count", "error_count"],
        Dialect::Sqlite => &["changes", "total_changes", "last_insert_rowid"],
    };
    if functions.iter().any(|function| head.holds(function)) {
        return true;
    }
    dialect == Dialect::Mysql
        && (head.is("GET") && head.holds("DIAGNOSTICS")
            || head.take("SHOW") && (head.is_any(&["WARNINGS", "ERRORS"]) || head.take("COUNT")))
}

/// How this statement changes the session's table locks.
pub(super) fn lock(dialect: Dialect, tokens: &[Token<'_>]) -> SessionLock {
    let head = Head::of(tokens);
    match () {
        () if dialect != Dialect::Mysql => SessionLock::Untouched,
        () if head.is("LOCK") || head.is("FLUSH") && (head.holds("LOCK") || head.holds("EXPORT")) => SessionLock::Taken,
        () if head.is_any(&["UNLOCK", "START", "BEGIN"]) => SessionLock::Released,
        () => SessionLock::Untouched,
    }
}

fn creates_temporary(mut head: Head<'_, '_>) -> bool {
    head.take("CREATE") && {
        head.take_phrase(&["OR", "REPLACE"]);
        head.take_any(&["GLOBAL", "LOCAL"]);
        head.is_any(&["TEMP", "TEMPORARY"])
    }
}

/// Defining a routine changes nothing in the session: its body runs when it is called.
pub(super) fn defines_routine(mut head: Head<'_, '_>) -> bool {
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

pub(super) fn is_temporary(token: &Token<'_>) -> bool {
    token.is_word("TEMP") || token.is_word("TEMPORARY")
}

/// Whether a word or a body mentions `set_config` or one of the `pg_advisory_lock` functions.
pub(super) fn calls_for_session(token: &Token<'_>) -> bool {
    let text = token.text.as_bytes();
    matches!(token.kind, TokenKind::Word | TokenKind::String)
        && token.text.match_indices('_').any(|(at, _)| {
            let (before, after) = text.split_at(at);
            ends_with(before, b"set") && starts_with(after, b"_config")
                || ends_with(before, b"advisory") && starts_with(after, b"_lock")
        })
}

fn ends_with(bytes: &[u8], end: &[u8]) -> bool {
    bytes.len().checked_sub(end.len()).is_some_and(|start| bytes[start..].eq_ignore_ascii_case(end))
}

fn starts_with(bytes: &[u8], start: &[u8]) -> bool {
    bytes.get(..start.len()).is_some_and(|first| first.eq_ignore_ascii_case(start))
}

/// Whether the block of a `DO` contains a `SET` other than `SET LOCAL`, or a string with one for `EXECUTE`.
pub(super) fn block_sets(block: &Token<'_>) -> bool {
    let mut lexer = Lexer::new(inside_quotes(block), Dialect::Postgres);
    let mut starts_statement = true;
    let mut follows_set = false;
    while let Some(token) = lexer.next(Spot::Statement) {
        if executes_set(&token) || follows_set && !token.is_word("LOCAL") {
            return true;
        }
        follows_set = starts_statement && token.is_word("SET");
        starts_statement = token.is_symbol(";") || OPENERS.iter().any(|word| token.is_word(word));
    }
    false
}

/// The content of a dollar quote or a plain string; empty for any other token.
fn inside_quotes<'a>(token: &Token<'a>) -> &'a str {
    let quoted = token.kind == TokenKind::String;
    let after_tag = token.text.strip_prefix('$').and_then(|text| text.split_once('$')).map(|(_, text)| text);
    after_tag.or_else(|| token.text.strip_prefix('\'')).filter(|_| quoted).unwrap_or_default()
}

fn executes_set(string: &Token<'_>) -> bool {
    let mut words = inside_quotes(string).split_whitespace();
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

/// Whether a MySQL `SET` changes the session. A scope applies until another one is given.
fn sets_session(mut head: Head<'_, '_>) -> bool {
    if head.is_any(&["PASSWORD", "STATEMENT"]) || head.clone().take_phrase(&["DEFAULT", "ROLE"]) {
        return false;
    }
    let mut scope = Scope::Session;
    while !head.is_empty() {
        scope = named_scope(&mut head, scope);
        if variable_scope(&mut head, scope) == Scope::Session {
            return true;
        }
        skip_assignment(&mut head);
    }
    false
}

/// The scope given next, if there is one; otherwise the previous one.
pub(super) fn named_scope(head: &mut Head<'_, '_>, before: Scope) -> Scope {
    match () {
        () if head.take_any(&EVERYBODY) => Scope::Everybody,
        () if head.take_any(&["SESSION", "LOCAL"]) => Scope::Session,
        () => before,
    }
}

/// `@@global.x` includes its scope, and `@x` always belongs to the session.
pub(super) fn variable_scope(head: &mut Head<'_, '_>, scope: Scope) -> Scope {
    if !head.take_symbol("@") {
        return scope;
    }
    let everybody = head.take_symbol("@") && head.take_any(&EVERYBODY);
    if everybody { Scope::Everybody } else { Scope::Session }
}

pub(super) fn skip_assignment(head: &mut Head<'_, '_>) {
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
pub(super) fn assigns_variable(head: &Head<'_, '_>) -> bool {
    let tokens = head.rest();
    let called = head.is("CALL");
    tokens.windows(4).any(|four| four[0].is_symbol("@") && four[2].is_symbol(":") && four[3].is_symbol("="))
        || tokens.windows(2).any(|pair| pair[1].is_symbol("@") && (called || pair[0].is_word("INTO")))
}

fn sqlite(mut head: Head<'_, '_>) -> bool {
    head.is_any(&["ATTACH", "DETACH"]) || head.take("PRAGMA") && sets_pragma(head)
}

pub(super) fn sets_pragma(mut head: Head<'_, '_>) -> bool {
    if head.rest().get(1).is_some_and(|token| token.is_symbol(".")) {
        head.next();
        head.next();
    }
    !head.is_any(&PRAGMAS_WITHOUT_TRACE) && head.rest().len() > 1
}
