//! Bodies of routines and triggers. A semicolon inside a body does not end the statement.

use crate::sql::Dialect;

use super::head::Head;
use super::program::Program;
use super::token::Token;

/// The state of the current statement's body.
pub(super) enum Body {
    /// Not determined yet: the statement has had no semicolon so far.
    Unread,
    /// The statement has no body.
    None,
    /// `BEGIN ATOMIC … END` of PostgreSQL.
    Atomic(Atomic),
    /// `BEGIN … END` of an SQLite trigger.
    Trigger,
    /// A stored program of MySQL or MariaDB.
    Program(Program),
}

impl Body {
    /// Whether a semicolon after these tokens (the statement so far) belongs to its body.
    pub(super) fn is_open(&mut self, dialect: Dialect, tokens: &[Token<'_>]) -> bool {
        if matches!(self, Self::Unread) {
            *self = Self::of(dialect, tokens);
        }
        match self {
            Self::Unread | Self::None => false,
            Self::Atomic(atomic) => atomic.is_open(tokens),
            Self::Trigger => !ends_trigger(tokens),
            Self::Program(program) => program.is_open(tokens),
        }
    }

    fn of(dialect: Dialect, tokens: &[Token<'_>]) -> Self {
        match dialect {
            Dialect::Postgres if creates(tokens, &["FUNCTION", "PROCEDURE"]) => Self::Atomic(Atomic::default()),
            Dialect::Sqlite if creates(tokens, &["TRIGGER"]) => Self::Trigger,
            Dialect::Mysql if creates(tokens, &["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE"]) => {
                Self::Program(Program::created())
            }
            Dialect::Mysql if is_compound(tokens) => Self::Program(Program::compound()),
            _ => Self::None,
        }
    }
}

/// Counts the blocks of a PostgreSQL routine.
#[derive(Default)]
pub(super) struct Atomic {
    read: usize,
    depth: usize,
}

impl Atomic {
    fn is_open(&mut self, tokens: &[Token<'_>]) -> bool {
        for at in self.read.max(1)..tokens.len() {
            self.step(&tokens[at - 1], &tokens[at]);
        }
        self.read = tokens.len();
        self.depth > 0
    }

    fn step(&mut self, before: &Token<'_>, token: &Token<'_>) {
        let label = before.is_symbol(".") || before.is_word("AS");
        match self.depth {
            0 => self.depth = usize::from(before.is_word("BEGIN") && token.is_word("ATOMIC")),
            _ if label => {}
            _ if token.is_word("CASE") => self.depth += 1,
            _ if token.is_word("END") => self.depth -= 1,
            _ => {}
        }
    }
}

/// SQLite's own rule: a trigger ends at `; END ;`, which no expression can contain.
fn ends_trigger(tokens: &[Token<'_>]) -> bool {
    matches!(tokens, [.., before, end] if before.is_symbol(";") && end.is_word("END"))
}

fn creates(tokens: &[Token<'_>], objects: &[&str]) -> bool {
    let mut head = Head::of(tokens);
    head.take_create() && head.is_any(objects)
}

/// Whether MariaDB runs these tokens as a compound statement outside of a stored program.
fn is_compound(tokens: &[Token<'_>]) -> bool {
    let mut head = Head::of(tokens);
    head.take_phrase(&["BEGIN", "NOT", "ATOMIC"]) || head.is_any(&["IF", "CASE", "LOOP", "WHILE", "REPEAT", "FOR"])
}
