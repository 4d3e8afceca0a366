//! Tracks whether a backslash is an escape in MySQL strings, as a script sets it with `NO_BACKSLASH_ESCAPES` in `sql_mode`.

use std::collections::BTreeMap;

use super::escapes::Escapes;
use super::head::Head;
use super::token::{Token, TokenKind};

const MODE: &str = "NO_BACKSLASH_ESCAPES";

/// The session's mode after the statements read so far.
#[derive(Debug, Clone)]
pub(super) struct SqlMode {
    /// The value of `DEFAULT`.
    default: bool,
    escapes: bool,
    /// The modes saved in user variables, as in `SET @old_sql_mode = @@sql_mode`.
    saved: BTreeMap<String, bool>,
}

impl SqlMode {
    /// The mode at the beginning of a script.
    pub(super) fn new(Escapes { begins, default }: Escapes) -> Self {
        Self { default, escapes: begins, saved: BTreeMap::new() }
    }

    /// Whether a backslash is an escape.
    pub(super) fn escapes(&self) -> bool {
        self.escapes
    }

    /// Applies the effect of one statement.
    pub(super) fn read(&mut self, statement: &[Token<'_>]) {
        let mut head = Head::of(statement);
        if !head.take("SET") || !statement.iter().any(|token| token.text.to_ascii_lowercase().contains("sql_mode")) {
            return;
        }
        let before = self.escapes;
        for assignment in assignments(head.rest()) {
            self.assign(&assignment, before);
        }
    }

    fn assign(&mut self, tokens: &[&Token<'_>], before: bool) {
        let Some(equals) = tokens.iter().position(|token| token.is_symbol("=")) else { return };
        let (target, value) = (&tokens[..equals], &tokens[equals + 1..]);
        let names = |word: &str| target.iter().any(|token| token.text.trim_matches('`').eq_ignore_ascii_case(word));
        if names("GLOBAL") || names("PERSIST") || names("PERSIST_ONLY") {
            return;
        }
        let escapes = self.value(value, before);
        match target {
            [at, name] if at.is_symbol("@") => {
                self.saved.insert(name.text.to_ascii_lowercase(), escapes);
            }
            _ if names("sql_mode") => self.escapes = escapes,
            _ => {}
        }
    }

    /// Whether a backslash is an escape where `sql_mode` has this value.
    fn value(&self, value: &[&Token<'_>], before: bool) -> bool {
        let holds = |word: &str| value.iter().any(|token| token.text.to_ascii_uppercase().contains(word));
        match value {
            [only] if only.is_word("DEFAULT") => self.default,
            [at, name] if at.is_symbol("@") => {
                self.saved.get(&name.text.to_ascii_lowercase()).copied().unwrap_or(self.default)
            }
            // REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', '') removes the mode.
            _ if holds(MODE) => value.iter().any(|token| token.is_word("REPLACE")),
            _ if holds("SQL_MODE") => {
                if value.iter().any(|token| token.is_word("GLOBAL")) {
                    self.default
                } else {
                    before
                }
            }
            _ => true,
        }
    }
}

/// The assignments of a `SET`, without the commas between them and without the delimiters of executable comments.
fn assignments<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<Vec<&'t Token<'a>>> {
    let (mut parts, mut depth) = (vec![Vec::new()], 0_usize);
    for token in tokens.iter().filter(|token| token.kind != TokenKind::Hint) {
        depth += usize::from(token.is_symbol("("));
        depth = depth.saturating_sub(usize::from(token.is_symbol(")")));
        match parts.last_mut() {
            Some(part) if depth > 0 || !token.is_symbol(",") => {
                if !token.is_symbol(":") {
                    part.push(token);
                }
            }
            _ => parts.push(Vec::new()),
        }
    }
    parts
}
