//! A statement's `{operation} {target}`, for terminal output and telemetry. It never contains a value.

use super::head::Head;
use super::token::{Token, TokenKind};

/// The longest summary, in characters.
const LONGEST: usize = 255;

/// The statement's operation and target, as written: `CREATE TABLE users`.
pub(super) fn of(tokens: &[Token<'_>]) -> String {
    let mut summary = Summary { head: Head::of(tokens), text: String::new() };
    summary.head.skip_to_word();
    summary.statement();
    if summary.text.is_empty() { "SQL".to_owned() } else { cut(summary.text) }
}

struct Summary<'t, 'a> {
    head: Head<'t, 'a>,
    text: String,
}

/// Object types of more than one word, and modifiers that come before an object type.
const LONG_OBJECTS: [&[&str]; 18] = [
    &["ACCESS", "METHOD"],
    &["DATABASE", "LINK"],
    &["EVENT", "TRIGGER"],
    &["FOREIGN", "DATA", "WRAPPER"],
    &["FOREIGN", "TABLE"],
    &["MATERIALIZED", "VIEW"],
    &["OPERATOR", "CLASS"],
    &["OPERATOR", "FAMILY"],
    &["PACKAGE", "BODY"],
    &["TEXT", "SEARCH", "CONFIGURATION"],
    &["TEXT", "SEARCH", "DICTIONARY"],
    &["TEXT", "SEARCH", "PARSER"],
    &["TEXT", "SEARCH", "TEMPLATE"],
    &["CONSTRAINT", "TRIGGER"],
    &["VIRTUAL", "TABLE"],
    &["RECURSIVE", "VIEW"],
    &["PROCEDURAL", "LANGUAGE"],
    &["TRUSTED", "LANGUAGE"],
];

/// Object types without a name.
const NAMELESS: [&[&str]; 6] =
    [&["CAST"], &["DEFAULT", "PRIVILEGES"], &["LARGE", "OBJECT"], &["SYSTEM"], &["TRANSFORM"], &["USER", "MAPPING"]];

const MODIFIERS: [&str; 12] = [
    "AGGREGATE",
    "FULLTEXT",
    "GLOBAL",
    "IGNORE",
    "LOCAL",
    "ONLINE",
    "OFFLINE",
    "SPATIAL",
    "TEMP",
    "TEMPORARY",
    "UNIQUE",
    "UNLOGGED",
];

/// Modifiers between `INSERT`, `UPDATE` or `DELETE` and the table.
const ROW_MODIFIERS: [&str; 6] = ["LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "QUICK", "IGNORE", "ONLY"];

impl Summary<'_, '_> {
    fn statement(&mut self) {
        let Some(first) = self.head.peek() else { return };
        match first.text.to_ascii_uppercase().as_str() {
            "CREATE" | "ALTER" | "DROP" => self.definition(),
            "COMMENT" => self.comment(),
            "INSERT" | "REPLACE" | "UPDATE" | "DELETE" => self.rows(),
            "SELECT" => self.selection(),
            "SET" => self.setting(),
            "CALL" | "COPY" | "EXECUTE" | "LISTEN" | "PRAGMA" | "PREPARE" | "RESET" | "SAVEPOINT" | "USE" => {
                self.keep_next();
                self.name();
            }
            "TRUNCATE" | "LOCK" | "RENAME" | "REFRESH" | "REINDEX" => self.maintenance(),
            "START" => {
                self.keep_next();
                self.keep_any(&["TRANSACTION"]);
            }
            _ => self.keep_next(),
        }
    }

    fn definition(&mut self) {
        self.keep_next();
        self.keep_phrase(&["OR", "REPLACE"]);
        self.skip_view_options();
        while self.keep_any(&MODIFIERS) {}
        self.object();
    }

    /// `ALGORITHM = …`, `DEFINER = …` and `SQL SECURITY …` of MySQL.
    fn skip_view_options(&mut self) {
        if self.head.take("ALGORITHM") {
            self.head.take_symbol("=");
            self.head.next();
        }
        self.head.take_definer();
        if self.head.take_phrase(&["SQL", "SECURITY"]) {
            self.head.next();
        }
    }

    fn object(&mut self) {
        if NAMELESS.iter().any(|phrase| self.keep_phrase(phrase)) {
            return;
        }
        if !LONG_OBJECTS.iter().any(|phrase| self.keep_phrase(phrase)) {
            self.keep_word();
        }
        self.keep_any(&["CONCURRENTLY"]);
        self.skip_conditions();
        self.keep_any(&["ON"]);
        self.skip_conditions();
        self.name();
    }

    fn skip_conditions(&mut self) {
        let _ = self.head.take_phrase(&["IF", "NOT", "EXISTS"]) || self.head.take_phrase(&["IF", "EXISTS"]);
        self.head.take("ONLY");
    }

    fn comment(&mut self) {
        self.keep_next();
        if self.keep_any(&["ON"]) {
            self.object();
        }
    }

    fn rows(&mut self) {
        self.keep_next();
        if self.head.take("OR") {
            self.head.next();
        }
        while self.head.take_any(&ROW_MODIFIERS) {}
        self.keep_any(&["INTO", "FROM"]);
        self.head.take("ONLY");
        self.name();
    }

    fn selection(&mut self) {
        self.keep_next();
        while let Some(token) = self.head.peek() {
            if token.is_symbol("(") {
                self.head.take_group();
            } else if self.head.take("FROM") {
                self.head.take("ONLY");
                return self.name();
            } else {
                self.head.next();
            }
        }
    }

    fn setting(&mut self) {
        self.keep_next();
        while self.keep_any(&["SESSION", "LOCAL", "GLOBAL", "PERSIST", "DEFAULT"]) {}
        if !self.keep_phrase(&["TIME", "ZONE"]) && !self.keep_phrase(&["CHARACTER", "SET"]) {
            self.name();
        }
    }

    fn maintenance(&mut self) {
        self.keep_next();
        self.head.take_group();
        let _ = self.keep_phrase(&["MATERIALIZED", "VIEW"])
            || self.keep_any(&["TABLE", "TABLES", "INDEX", "SCHEMA", "DATABASE", "SYSTEM"]);
        self.keep_any(&["CONCURRENTLY"]);
        self.skip_conditions();
        self.name();
    }

    /// Keeps a name with its qualifiers.
    fn name(&mut self) {
        if !self.name_once() {
            return;
        }
        while self.head.peek().is_some_and(|token| token.is_symbol(".")) && self.head.rest().get(1).is_some_and(is_name)
        {
            self.head.next();
            let name = self.head.next().map_or("", |token| token.text);
            self.text.push('.');
            self.text.push_str(name);
        }
    }

    fn name_once(&mut self) -> bool {
        let found = self.head.peek().is_some_and(is_name);
        if found {
            self.keep_next();
        }
        found
    }

    fn keep_word(&mut self) {
        if self.head.peek().is_some_and(|token| token.kind == TokenKind::Word) {
            self.keep_next();
        }
    }

    fn keep_any(&mut self, words: &[&str]) -> bool {
        let found = self.head.is_any(words);
        if found {
            self.keep_next();
        }
        found
    }

    fn keep_phrase(&mut self, words: &[&str]) -> bool {
        let found = self.head.clone().take_phrase(words);
        for _ in words.iter().filter(|_| found) {
            self.keep_next();
        }
        found
    }

    fn keep_next(&mut self) {
        if let Some(token) = self.head.next() {
            if !self.text.is_empty() {
                self.text.push(' ');
            }
            self.text.push_str(token.text);
        }
    }
}

fn is_name(token: &Token<'_>) -> bool {
    matches!(token.kind, TokenKind::Word | TokenKind::Name)
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
    }
    text
}
