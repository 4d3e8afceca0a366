//! Redacts a statement's literals from database messages where the statement contains a secret.

use crate::sql::Dialect;

use super::lexer::Lexer;
use super::token::Spot;
use super::token::{Token, TokenKind};

/// Signs of a secret in a statement: `PASSWORD '…'`, `IDENTIFIED BY`, a column `api_token`, `pgp_sym_encrypt(…)`, `host=… password=…`.
const SIGNS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "identified",
    "secret",
    "token",
    "credential",
    "crypt",
    "private",
    "api_key",
    "apikey",
];

/// The placeholder for redacted text.
const MARK: &str = "…";

/// Servers quote arbitrary excerpts of a statement: this many consecutive characters of a literal count as a part of it.
const PIECE: usize = 4;

/// The message with all parts of literals redacted, if its statement contains a secret; otherwise unchanged.
pub(crate) fn without_secrets(message: &str, statement: &str, dialect: Dialect, escapes: bool) -> String {
    let tokens = tokens(statement, dialect, escapes);
    if !carries_secret(&tokens) {
        return message.to_owned();
    }
    let text: Vec<char> = message.chars().collect();
    let mut hidden = vec![false; text.len()];
    for token in tokens.iter().filter(|token| is_literal(token, dialect)) {
        for form in forms(token.text) {
            hide(&text, &mut hidden, &form);
        }
    }
    let mut safe = String::with_capacity(message.len());
    for (at, character) in text.iter().enumerate() {
        match hidden[at] {
            false => safe.push(*character),
            true if at == 0 || !hidden[at - 1] => safe.push_str(MARK),
            true => {}
        }
    }
    safe
}

fn tokens(statement: &str, dialect: Dialect, escapes: bool) -> Vec<Token<'_>> {
    let mut lexer = Lexer::reading(statement, dialect, escapes);
    let mut tokens = Vec::new();
    let mut spot = Spot::Gap;
    while let Some(token) = lexer.next(spot) {
        tokens.push(token);
        spot = Spot::Statement;
    }
    tokens
}

fn carries_secret(tokens: &[Token<'_>]) -> bool {
    // The key of an encrypted SQLite file.
    let key = tokens.first().is_some_and(|token| token.is_word("pragma"))
        && tokens.iter().any(|token| token.is_any(&["key", "rekey"]));
    let has_sign = |token: &Token<'_>| {
        let text = token.text.to_ascii_lowercase();
        SIGNS.iter().any(|sign| text.contains(sign))
    };
    key || tokens.iter().any(has_sign)
}

/// A name in double quotes may be a value, except on PostgreSQL.
fn is_literal(token: &Token<'_>, dialect: Dialect) -> bool {
    match token.kind {
        TokenKind::String | TokenKind::Number => true,
        TokenKind::Name => dialect != Dialect::Postgres && token.text.starts_with('"'),
        _ => false,
    }
}

/// The literal without its quotes, as written and with its escapes resolved.
fn forms(text: &str) -> Vec<Vec<char>> {
    let inside = match text.find(['\'', '"', '$']) {
        Some(open) if text[open..].starts_with('$') => {
            let tag = text[open + 1..].find('$').map_or(open, |close| open + close + 2);
            text.get(tag..text.len().saturating_sub(tag - open)).unwrap_or_default()
        }
        Some(open) => text.get(open + 1..text.len().saturating_sub(1)).unwrap_or_default(),
        None => text,
    };
    let doubled = inside.replace("''", "'").replace("\"\"", "\"");
    let mut meant = String::with_capacity(doubled.len());
    let mut characters = doubled.chars();
    while let Some(character) = characters.next() {
        meant.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    let mut forms: Vec<Vec<char>> = [inside, &doubled, &meant].into_iter().map(|form| form.chars().collect()).collect();
    forms.dedup();
    forms
}

/// Marks the parts of the text that also occur in the literal. A literal shorter than [`PIECE`] counts only as a whole word.
fn hide(text: &[char], hidden: &mut [bool], literal: &[char]) {
    let size = literal.len().min(PIECE);
    if size == 0 {
        return;
    }
    let pieces: std::collections::HashSet<&[char]> = literal.windows(size).collect();
    for (at, window) in text.windows(size).enumerate() {
        let ends = |beside: Option<&char>| !beside.is_some_and(|beside| beside.is_alphanumeric());
        let alone = || ends(at.checked_sub(1).and_then(|at| text.get(at))) && ends(text.get(at + size));
        if pieces.contains(window) && (literal.len() >= PIECE || alone()) {
            hidden[at..at + size].fill(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(dialect: Dialect, statement: &str, message: &str, expected: &str) {
        assert_eq!(without_secrets(message, statement, dialect, dialect == Dialect::Mysql), expected, "{statement}");
    }

    #[test]
    fn no_literal_of_a_statement_with_a_secret_is_kept() {
        use Dialect::{Mysql, Postgres, Sqlite};
        let time = "invalid input syntax for type timestamp: \"hunter2x\"";
        check(
            Postgres,
            "ALTER ROLE r PASSWORD 'hunter2x' VALID UNTIL 'hunter2x'",
            time,
            "invalid input syntax for type timestamp: \"…\"",
        );
        check(
            Postgres,
            "SELECT dblink_connect('host=h password=hunter2x')",
            "could not connect: hunter2x",
            "could not connect: …",
        );
        check(
            Postgres,
            "DO $x$BEGIN EXECUTE 'ALTER ROLE r PASSWORD ''hunter2x'''; END$x$",
            "near \"hunter2x\"",
            "near \"…\"",
        );
        check(Postgres, "INSERT INTO t (api_token) VALUES (E'hun\\'ter2x')", "bad value hun'ter2x", "bad value …");
        // The server cut the literal in the middle.
        let near = "You have an error near 'BY 'hunter' at line 1";
        check(Mysql, "CREATE USER u IDENTIFIED BY 'hunter2x' FOO", near, "You have an error near 'BY '…' at line 1");
        check(Mysql, "SET PASSWORD = \"it's\"", "bad it's here", "bad … here");
        check(Mysql, "SET PASSWORD = 'ab', x = 12", "ab of cab is no 12 or 123", "… of cab is no … or 123");
        check(Sqlite, "PRAGMA key = 'hunter2x'", "no hunter2x", "no …");
        check(
            Sqlite,
            "INSERT INTO t (\"password\") VALUES (\"hunter2x\")",
            "no such column: hunter2x",
            "no such column: …",
        );
    }

    #[test]
    fn other_messages_stay_as_they_are() {
        let message = "duplicate key value violates unique constraint \"alice\"";
        check(Dialect::Postgres, "INSERT INTO users (name) VALUES ('alice')", message, message);
        let message = "relation \"users\" does not exist";
        check(Dialect::Postgres, "ALTER TABLE users ADD password TEXT", message, message);
    }
}
