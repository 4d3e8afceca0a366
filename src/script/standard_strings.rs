//! Tracks whether a backslash is an escape in PostgreSQL's plain strings, as a script sets it with `standard_conforming_strings`.

use super::escapes::Escapes;
use super::head::Head;
use super::kind;
use super::token::{Token, TokenKind};
use crate::sql::{Dialect, StatementKind};

const SETTING: &str = "standard_conforming_strings";

/// The session's setting after the statements read so far.
#[derive(Debug, Clone)]
pub(super) struct StandardStrings {
    /// The value after `RESET` or `DEFAULT`.
    default: bool,
    escapes: bool,
    /// The value of `SET LOCAL`, until the transaction ends.
    local: Option<bool>,
    /// The session's value when the script opened its transaction.
    before: Option<bool>,
    /// Whether a statement has set it to a value that cannot be determined.
    unclear: bool,
}

impl StandardStrings {
    /// The setting at the beginning of a script.
    pub(super) fn new(Escapes { begins, default }: Escapes) -> Self {
        Self { default, escapes: begins, local: None, before: None, unclear: false }
    }

    /// Whether a backslash is an escape.
    pub(super) fn escapes(&self) -> bool {
        self.local.unwrap_or(self.escapes)
    }

    /// Whether the setting is unknown.
    pub(super) fn is_unclear(&self) -> bool {
        self.unclear
    }

    /// Applies the effect of one statement.
    pub(super) fn read(&mut self, statement: &[Token<'_>]) {
        let mut head = Head::of(statement);
        match kind::of(Dialect::Postgres, statement) {
            StatementKind::Begin { .. } => self.before = Some(self.escapes),
            StatementKind::Commit => self.end(head.holds("CHAIN") && !head.holds("NO")),
            StatementKind::Rollback => {
                self.escapes = self.before.unwrap_or(self.escapes);
                self.end(head.holds("CHAIN") && !head.holds("NO"));
            }
            _ if head.take("SET") => self.set(head),
            _ if resets(head.clone()) => self.change(Some(self.default), false),
            // A rollback to a savepoint undoes what was set after the savepoint.
            _ if head.is("ROLLBACK") => self.unclear |= self.local.is_some() || self.before != Some(self.escapes),
            _ if head.is_any(&["SELECT", "WITH", "PERFORM", "VALUES", "UPDATE", "DO", "CALL", "EXECUTE"])
                && statement.iter().any(names) =>
            {
                match configured(head) {
                    Some((value, local)) => self.change(value, local),
                    None => self.unclear = true,
                }
            }
            _ => {}
        }
    }

    /// `[SESSION | LOCAL] name { TO | = } value`, after `SET`.
    fn set(&mut self, mut head: Head<'_, '_>) {
        let local = head.take("LOCAL");
        head.take("SESSION");
        if !head.next().is_some_and(is_setting) {
            return;
        }
        let value = head.rest().get(1).filter(|_| head.take_symbol("=") || head.take("TO"));
        match value {
            Some(value) if value.is_word("DEFAULT") => self.change(Some(self.default), local),
            value => self.change(value.and_then(escapes), local),
        }
    }

    /// `value` is `None` where it cannot be determined.
    fn change(&mut self, value: Option<bool>, local: bool) {
        self.unclear |= value.is_none();
        let value = value.unwrap_or_else(|| self.escapes());
        if local {
            self.local = Some(value);
        } else {
            (self.escapes, self.local) = (value, None);
        }
    }

    /// Ends the transaction, and begins another one if it is chained.
    fn end(&mut self, chained: bool) {
        self.local = None;
        self.before = chained.then_some(self.escapes);
    }
}

fn resets(mut head: Head<'_, '_>) -> bool {
    head.clone().take_phrase(&["DISCARD", "ALL"])
        || head.take("RESET") && (head.is("ALL") || head.peek().is_some_and(is_setting))
}

fn is_setting(token: &Token<'_>) -> bool {
    token.text.trim_matches('"').eq_ignore_ascii_case(SETTING)
}

/// Whether a token, such as the block of a `DO`, mentions the setting.
fn names(token: &Token<'_>) -> bool {
    matches!(token.kind, TokenKind::String | TokenKind::Word | TokenKind::Name)
        && token.text.as_bytes().windows(SETTING.len()).any(|part| part.eq_ignore_ascii_case(SETTING.as_bytes()))
}

/// Whether a backslash is an escape where the setting has this value; `None` where the value cannot be determined.
fn escapes(value: &Token<'_>) -> Option<bool> {
    let word = value.text.trim_matches(['\'', '"']).to_ascii_lowercase();
    let begins = |full: &str| !word.is_empty() && full.starts_with(&word);
    match word.as_str() {
        "on" | "1" => Some(false),
        "of" | "off" | "0" => Some(true),
        _ if begins("true") || begins("yes") => Some(false),
        _ if begins("false") || begins("no") => Some(true),
        _ => None,
    }
}

/// The value of `SELECT set_config('standard_conforming_strings', 'value', local)` and whether it is local; `None` for anything else.
fn configured(mut head: Head<'_, '_>) -> Option<(Option<bool>, bool)> {
    head.take("SELECT");
    if head.take("pg_catalog") {
        head.take_symbol(".");
    }
    if !head.take("set_config") || !head.take_symbol("(") {
        return None;
    }
    let name = head.next().filter(|token| token.text.trim_matches('\'').eq_ignore_ascii_case(SETTING));
    name.filter(|_| head.take_symbol(","))?;
    let value = escapes(head.next().filter(|_| head.take_symbol(","))?);
    let local = head.is("TRUE");
    let constant = head.take_any(&["TRUE", "FALSE"]) && head.take_symbol(")") && head.is_empty();
    constant.then_some((value, local))
}
