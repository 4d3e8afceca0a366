//! How SQLite statements change their connection.

use super::{Action, Kind, name, names};
use crate::script::head::Head;
use crate::script::session;
use crate::script::token::TokenKind;
use crate::sql::Dialect;

const DIALECT: Dialect = Dialect::Sqlite;

/// Pragmas that have no effect or fail inside a transaction.
const IGNORED_INSIDE: [&str; 3] = ["foreign_keys", "journal_mode", "synchronous"];

/// `None` where the action is not known; `inside` is true in a transaction that the script opened.
pub(super) fn action(mut head: Head<'_, '_>, inside: bool) -> Option<Action> {
    if head.take("PRAGMA") {
        return Some(pragma(head, inside));
    }
    if head.take("ATTACH") {
        return Some(attach(head));
    }
    if head.is("DETACH") {
        return Some(Action::Set);
    }
    if head.take("DROP") {
        let relation = head.take_any(&["TABLE", "VIEW", "TRIGGER"]);
        return relation.then(|| Action::End(Kind::Relation, names(head, DIALECT)));
    }
    if head.rest().windows(2).any(|pair| pair[0].is_word("load_extension") && pair[1].is_symbol("(")) {
        return Some(Action::Keep(Kind::Other, String::new()));
    }
    if !head.take("CREATE") {
        return None;
    }
    if !head.take_any(&["TEMP", "TEMPORARY"]) && !holds_temporary_schema(&head) {
        return None;
    }
    head.next();
    head.take_phrase(&["IF", "NOT", "EXISTS"]);
    Some(Action::Keep(Kind::Relation, name(&head, DIALECT)))
}

fn holds_temporary_schema(head: &Head<'_, '_>) -> bool {
    let named = head.rest().windows(2).take_while(|pair| !pair[0].is_symbol("("));
    named.into_iter().any(|pair| pair[0].text.trim_matches('"').eq_ignore_ascii_case("temp") && pair[1].is_symbol("."))
}

fn pragma(mut head: Head<'_, '_>, inside: bool) -> Action {
    if !session::sets_pragma(head.clone()) {
        return Action::Nothing;
    }
    if head.rest().get(1).is_some_and(|token| token.is_symbol(".")) {
        head.next();
        head.next();
    }
    match () {
        () if inside && head.is_any(&IGNORED_INSIDE) => Action::Nothing,
        () if head.is("defer_foreign_keys") => Action::SetForNext,
        () => Action::Set,
    }
}

/// A file can be attached again; an in-memory or temporary database is lost.
fn attach(mut head: Head<'_, '_>) -> Action {
    head.take("DATABASE");
    let (file, rest) = (head.next(), head.rest());
    let text = file.map(|file| file.text.trim_matches(['\'', '"']).to_ascii_lowercase()).unwrap_or_default();
    let is_file = file.is_some_and(|file| matches!(file.kind, TokenKind::String | TokenKind::Name))
        && !text.is_empty()
        && !text.contains("memory")
        && rest.first().is_some_and(|token| token.is_word("AS"));
    if is_file { Action::Set } else { Action::Keep(Kind::Database, String::new()) }
}
