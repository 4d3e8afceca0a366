//! How MySQL and MariaDB statements change their session.

use super::{Action, Kind, arguments, name, names};
use crate::script::head::Head;
use crate::script::session::{self, Scope};
use crate::script::token::{Token, TokenKind};
use crate::sql::Dialect;

const DIALECT: Dialect = Dialect::Mysql;

/// Variables that read back as they were set, so that a value that a script saved from them is the same in a new session.
/// Resuming is refused for any variable not listed here.
const SETTINGS: [&str; 22] = [
    "autocommit",
    "character_set_client",
    "character_set_connection",
    "character_set_database",
    "character_set_results",
    "character_set_server",
    "check_constraint_checks",
    "collation_connection",
    "collation_database",
    "collation_server",
    "default_storage_engine",
    "foreign_key_checks",
    "group_concat_max_len",
    "note_verbosity",
    "sql_log_bin",
    "sql_mode",
    "sql_notes",
    "sql_safe_updates",
    "time_zone",
    "transaction_isolation",
    "tx_isolation",
    "unique_checks",
];

/// Words in a compound statement that indicate that it may change the session.
const CHANGING: [&str; 8] = ["CALL", "EXECUTE", "INTO", "PREPARE", "SET", "TEMPORARY", "USE", "GET_LOCK"];

/// `None` where the action is not known.
pub(super) fn action(mut head: Head<'_, '_>) -> Option<Action> {
    if session::defines_routine(head.clone()) {
        return Some(Action::Nothing);
    }
    head.take_settings();
    let whole = head.clone();
    if head.take("SET") {
        return sets(head);
    }
    if head.is("USE") {
        return Some(Action::Choose);
    }
    if head.take("PREPARE") {
        return Some(Action::Remake(Kind::Prepared, name(&head, DIALECT)));
    }
    if head.take("EXECUTE") {
        return Some(if head.is("IMMEDIATE") { routine() } else { Action::Execute(name(&head, DIALECT)) });
    }
    if head.take_phrase(&["DEALLOCATE", "PREPARE"]) || head.take_phrase(&["DROP", "PREPARE"]) {
        return Some(Action::End(Kind::Prepared, vec![name(&head, DIALECT)]));
    }
    if head.take("HANDLER") {
        let name = name(&head, DIALECT);
        return Some(match () {
            () if head.holds("OPEN") => Action::Keep(Kind::Cursor, name),
            () if head.holds("CLOSE") => Action::End(Kind::Cursor, vec![name]),
            () => Action::Nothing,
        });
    }
    locks(head.clone()).or_else(|| temporary(head)).or_else(|| computes(&whole))
}

fn routine() -> Action {
    Action::Keep(Kind::Routine, String::new())
}

fn locks(mut head: Head<'_, '_>) -> Option<Action> {
    let tables = ["TABLE", "TABLES"];
    if head.take("UNLOCK") {
        return Some(Action::End(Kind::TableLock, Vec::new()));
    }
    let (locks, flushes) = (head.take_any(&["LOCK", "BACKUP", "XA"]), head.take("FLUSH"));
    let kept = flushes && head.is_any(&tables) && (head.holds("LOCK") || head.holds("EXPORT"));
    (locks || kept).then(|| Action::Keep(Kind::TableLock, String::new()))
}

fn temporary(mut head: Head<'_, '_>) -> Option<Action> {
    if head.take("DROP") {
        head.take("TEMPORARY");
        return head.take_any(&["TABLE", "TABLES"]).then(|| Action::End(Kind::Relation, names(head, DIALECT)));
    }
    if !head.take("CREATE") {
        return None;
    }
    head.take_phrase(&["OR", "REPLACE"]);
    if !head.take("TEMPORARY") {
        return None;
    }
    head.next();
    head.take_phrase(&["IF", "NOT", "EXISTS"]);
    Some(Action::Keep(Kind::Relation, name(&head, DIALECT)))
}

/// Code that may change the session, named locks, and statements that assign variables.
fn computes(head: &Head<'_, '_>) -> Option<Action> {
    let tokens = head.rest();
    let compound = head.is_any(&["BEGIN", "IF", "CASE", "LOOP", "REPEAT", "WHILE", "FOR"]);
    let changing = || CHANGING.iter().any(|word| head.holds(word)) || tokens.iter().any(|token| token.is_symbol("@"));
    if head.is("CALL") || compound && changing() {
        return Some(routine());
    }
    if arguments(tokens, |word| word == "release_all_locks").is_some() {
        return Some(Action::End(Kind::Lock, Vec::new()));
    }
    if let Some(key) = arguments(tokens, |word| word == "release_lock") {
        return Some(Action::End(Kind::Lock, vec![key]));
    }
    if let Some(arguments) = arguments(tokens, |word| word == "get_lock") {
        let key = arguments.split(" ,").next().unwrap_or_default().to_owned();
        return Some(Action::Keep(Kind::Lock, key));
    }
    let fills = session::assigns_variable(head)
        || head.is_any(&["LOAD", "GET"]) && tokens.iter().any(|token| token.is_symbol("@"));
    fills.then(|| Action::Keep(Kind::Variable, String::new()))
}

/// `SET …`: can be restored if every value is a constant.
fn sets(mut head: Head<'_, '_>) -> Option<Action> {
    if head.is("PASSWORD") || head.clone().take_phrase(&["DEFAULT", "ROLE"]) {
        return Some(Action::Nothing);
    }
    if head.is_any(&["ROLE", "NAMES", "CHARSET"]) || head.clone().take_phrase(&["CHARACTER", "SET"]) {
        return Some(Action::Set);
    }
    if head.is("TRANSACTION") {
        return Some(Action::SetForNext);
    }
    if head.clone().take_phrase(&["GLOBAL", "TRANSACTION"]) {
        return Some(Action::Nothing);
    }
    if head.take_any(&["SESSION", "LOCAL"]) && head.is("TRANSACTION") {
        return Some(Action::Set);
    }
    Some(assigns(head))
}

fn assigns(mut head: Head<'_, '_>) -> Action {
    let (mut mine, mut everybody, mut constant) = (false, false, true);
    let mut scope = Scope::Session;
    while !head.is_empty() {
        scope = session::named_scope(&mut head, scope);
        let user = head.rest().first().is_some_and(|token| token.is_symbol("@"))
            && head.rest().get(1).is_some_and(|token| !token.is_symbol("@"));
        let this = session::variable_scope(&mut head, scope);
        let before = head.rest();
        session::skip_assignment(&mut head);
        let assignment = &before[..before.len() - head.rest().len()];
        if this == Scope::Session {
            mine = true;
            constant &= is_constant(value(assignment), user);
        } else {
            everybody = true;
        }
    }
    match (mine, everybody) {
        (false, _) => Action::Nothing,
        (true, false) if constant => Action::Set,
        (true, false) => Action::Keep(Kind::Variable, String::new()),
        // Running it again could overwrite a global value that was changed since.
        (true, true) => Action::Keep(Kind::Other, String::new()),
    }
}

/// The value after `=` or `:=`.
fn value<'t, 'a>(assignment: &'t [Token<'a>]) -> &'t [Token<'a>] {
    let at = assignment.iter().position(|token| token.is_symbol("=")).map_or(0, |at| at + 1);
    match &assignment[at..] {
        [value @ .., comma] if comma.is_symbol(",") => value,
        value => value,
    }
}

/// Whether a value is the same whenever it is computed; `user` is true for a user variable's value.
fn is_constant(value: &[Token<'_>], user: bool) -> bool {
    let mut rest = value;
    while let [token, behind @ ..] = rest {
        rest = behind;
        match token.kind {
            TokenKind::String | TokenKind::Number | TokenKind::Name => {}
            TokenKind::Word if behind.first().is_some_and(|next| next.is_symbol("(")) => return false,
            TokenKind::Word if !user => {}
            TokenKind::Word if ["NULL", "TRUE", "FALSE"].iter().any(|word| token.is_word(word)) => {}
            TokenKind::Word if behind.first().is_some_and(|next| next.kind == TokenKind::String) => {}
            TokenKind::Symbol if token.text == "@" => match variable(behind) {
                Some(behind) => rest = behind,
                None => return false,
            },
            TokenKind::Symbol if matches!(token.text, "+" | "-" | "." | "*" | "/" | "|" | "&") => {}
            _ => return false,
        }
    }
    !value.is_empty()
}

/// The tokens after a variable's name, whose `@` has been read; `None` for a system variable not in [`SETTINGS`].
fn variable<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<&'t [Token<'a>]> {
    let [first, behind @ ..] = tokens else { return None };
    if !first.is_symbol("@") {
        return Some(behind);
    }
    let behind = match behind {
        [scope, dot, behind @ ..] if dot.is_symbol(".") && (scope.is_word("SESSION") || scope.is_word("LOCAL")) => {
            behind
        }
        behind => behind,
    };
    let [name, behind @ ..] = behind else { return None };
    SETTINGS.iter().any(|setting| name.is_word(setting)).then_some(behind)
}
