//! How PostgreSQL statements change their session.

use super::{Action, Kind, arguments, name, names};
use crate::script::head::Head;
use crate::script::session;
use crate::script::token::{Token, TokenKind};
use crate::sql::Dialect;

const DIALECT: Dialect = Dialect::Postgres;

/// `None` where the action is not known.
pub(super) fn action(mut head: Head<'_, '_>) -> Option<Action> {
    let whole = head.clone();
    if head.take("SET") {
        let ends_with_transaction = head.is_any(&["LOCAL", "CONSTRAINTS", "TRANSACTION"]);
        return Some(if ends_with_transaction { Action::Nothing } else { Action::Set });
    }
    if head.is_any(&["RESET", "LISTEN", "UNLISTEN", "LOAD"]) {
        return Some(Action::Set);
    }
    if head.take("DISCARD") {
        return Some(match () {
            () if head.is("ALL") => Action::Forget,
            () if head.is_any(&["TEMP", "TEMPORARY"]) => Action::End(Kind::Relation, Vec::new()),
            () => Action::Nothing,
        });
    }
    if head.take("PREPARE") {
        return (!head.is("TRANSACTION")).then(|| Action::Remake(Kind::Prepared, name(&head, DIALECT)));
    }
    if head.take("DEALLOCATE") {
        head.take("PREPARE");
        return Some(Action::End(Kind::Prepared, one_or_all(&head)));
    }
    if head.take("EXECUTE") {
        // PostgreSQL can prepare only statements that read or change data, not the session.
        return None;
    }
    if head.take("DECLARE") {
        return head.holds("HOLD").then(|| Action::Keep(Kind::Cursor, name(&head, DIALECT)));
    }
    if head.take("CLOSE") {
        return Some(Action::End(Kind::Cursor, one_or_all(&head)));
    }
    if head.is("CALL") || head.is("DO") && head.rest().iter().any(may_set) {
        return Some(Action::Keep(Kind::Routine, String::new()));
    }
    if head.take("DROP") {
        return drops(head);
    }
    creates_temporary(whole.clone()).or_else(|| calls(&whole))
}

fn one_or_all(head: &Head<'_, '_>) -> Vec<String> {
    if head.is("ALL") { Vec::new() } else { vec![name(head, DIALECT)] }
}

fn drops(mut head: Head<'_, '_>) -> Option<Action> {
    head.take_any(&["TABLE", "VIEW", "SEQUENCE"]).then(|| Action::End(Kind::Relation, names(head, DIALECT)))
}

fn creates_temporary(mut head: Head<'_, '_>) -> Option<Action> {
    let tokens = head.rest();
    if !head.take("CREATE") {
        let at = tokens.windows(2).position(|pair| pair[0].is_word("INTO") && session::is_temporary(&pair[1]))?;
        let mut behind = Head::of(&tokens[at + 2..]);
        behind.take("TABLE");
        return Some(Action::Keep(Kind::Relation, name(&behind, DIALECT)));
    }
    head.take_phrase(&["OR", "REPLACE"]);
    head.take_any(&["GLOBAL", "LOCAL"]);
    if head.take_any(&["TEMP", "TEMPORARY"]) {
        if tokens
            .windows(3)
            .any(|three| three[0].is_word("ON") && three[1].is_word("COMMIT") && three[2].is_word("DROP"))
        {
            return Some(Action::Nothing);
        }
        while head.take_any(&["RECURSIVE", "TABLE", "VIEW", "SEQUENCE"]) {}
        head.take_phrase(&["IF", "NOT", "EXISTS"]);
        return Some(Action::Keep(Kind::Relation, name(&head, DIALECT)));
    }
    let named = tokens.iter().take_while(|token| !token.is_symbol("(")).any(is_temporary_schema);
    named.then(|| Action::Keep(Kind::Relation, String::new()))
}

fn is_temporary_schema(token: &Token<'_>) -> bool {
    token.text.trim_matches('"').eq_ignore_ascii_case("pg_temp")
}

/// Calls to functions that change the session.
fn calls(head: &Head<'_, '_>) -> Option<Action> {
    let tokens = head.rest();
    if let Some(action) = sets_config(head.clone()) {
        return Some(action);
    }
    if arguments(tokens, |word| word == "pg_advisory_unlock_all").is_some() {
        return Some(Action::End(Kind::Lock, Vec::new()));
    }
    let unlocked = |word: &str| word == "pg_advisory_unlock" || word == "pg_advisory_unlock_shared";
    if let Some(key) = arguments(tokens, unlocked) {
        return Some(Action::End(Kind::Lock, vec![key]));
    }
    let locked = |word: &str| word.contains("advisory_lock");
    arguments(tokens, locked).map(|key| Action::Keep(Kind::Lock, key))
}

/// One or more `set_config('name', 'value', false)` in a `SELECT` in which everything is a constant.
fn sets_config(mut head: Head<'_, '_>) -> Option<Action> {
    if !head.take("SELECT") {
        return None;
    }
    let mut lasting = false;
    loop {
        if head.take("pg_catalog") {
            head.take_symbol(".");
        }
        if !head.take("set_config") || !head.take_symbol("(") {
            return None;
        }
        let constant = string(&mut head) && head.take_symbol(",") && string(&mut head) && head.take_symbol(",");
        let local = head.is("TRUE");
        if !constant || !head.take_any(&["TRUE", "FALSE"]) || !head.take_symbol(")") {
            return None;
        }
        lasting |= !local;
        if head.take("AS") {
            head.next();
        }
        if head.is_empty() {
            return Some(if lasting { Action::Set } else { Action::Nothing });
        }
        if !head.take_symbol(",") {
            return None;
        }
    }
}

fn string(head: &mut Head<'_, '_>) -> bool {
    head.next().is_some_and(|token| token.kind == TokenKind::String)
}

/// Whether a token of a `DO` may change the session beyond the statement.
fn may_set(token: &Token<'_>) -> bool {
    let names = ["temp", "prepare", "listen", "call", "dblink"];
    let text = token.text.to_ascii_lowercase();
    token.kind == TokenKind::String
        && (session::block_sets(token)
            || session::calls_for_session(token)
            || names.iter().any(|name| text.contains(name)))
}
