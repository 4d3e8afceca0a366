//! Whether a backslash escapes in plain strings, from statement to statement, and where that matters.

use std::fmt;

use super::Problem;
use super::place::Places;
use super::split::{self, Split};
use super::sql_mode::SqlMode;
use super::standard_strings::StandardStrings;
use super::token::{Token, TokenKind};
use crate::sql::{Dialect, Place};

/// A setting of the session under which plain strings are read in another way than usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BackslashMode {
    /// MySQL and MariaDB with `NO_BACKSLASH_ESCAPES`: a backslash stands for itself.
    NoBackslashEscapes,
    /// PostgreSQL without `standard_conforming_strings`: a backslash escapes, as in `E'…'`.
    NonstandardStrings,
}

impl fmt::Display for BackslashMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoBackslashEscapes => "sql_mode has NO_BACKSLASH_ESCAPES",
            Self::NonstandardStrings => "standard_conforming_strings is off",
        })
    }
}

impl BackslashMode {
    /// The one of this dialect; `None` where there is only one way to read.
    fn of(dialect: Dialect) -> Option<Self> {
        match dialect {
            Dialect::Mysql => Some(Self::NoBackslashEscapes),
            Dialect::Postgres => Some(Self::NonstandardStrings),
            Dialect::Sqlite => None,
        }
    }
}

/// Whether a backslash escapes in plain strings of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Escapes {
    /// At the beginning of a script.
    pub(crate) begins: bool,
    /// Once a script has set that back, with `RESET` or to `DEFAULT`.
    pub(crate) default: bool,
}

impl Escapes {
    /// Of a session in which that was never set.
    pub(super) fn always(escapes: bool) -> Self {
        Self { begins: escapes, default: escapes }
    }

    /// Of a session as most servers have it.
    pub(super) fn usual(dialect: Dialect) -> Self {
        Self::always(usual(dialect))
    }
}

/// What the statements so far have made of plain strings.
pub(super) enum Backslashes {
    Mysql(SqlMode),
    Postgres(StandardStrings),
    Sqlite,
}

impl Backslashes {
    /// At the beginning of a script.
    pub(super) fn new(dialect: Dialect, escapes: Escapes) -> Self {
        match dialect {
            Dialect::Mysql => Self::Mysql(SqlMode::new(escapes)),
            Dialect::Postgres => Self::Postgres(StandardStrings::new(escapes)),
            Dialect::Sqlite => Self::Sqlite,
        }
    }

    /// Whether a backslash escapes.
    pub(super) fn escapes(&self) -> bool {
        match self {
            Self::Mysql(mode) => mode.escapes(),
            Self::Postgres(strings) => strings.escapes(),
            Self::Sqlite => false,
        }
    }

    /// Whether a statement has changed that in a way that cannot be read.
    pub(super) fn is_unclear(&self) -> bool {
        matches!(self, Self::Postgres(strings) if strings.is_unclear())
    }

    /// Reads one statement.
    pub(super) fn read(&mut self, statement: &[Token<'_>]) {
        match self {
            Self::Mysql(mode) => mode.read(statement),
            Self::Postgres(strings) => strings.read(statement),
            Self::Sqlite => {}
        }
    }
}

/// Whether a backslash escapes in plain strings unless something else is set.
pub(super) fn usual(dialect: Dialect) -> bool {
    dialect == Dialect::Mysql
}

/// Where a script is read in another way than usual, and the mode, when backslashes escape in its session as `escapes` says; `None`
/// where it makes no difference.
///
/// On PostgreSQL a string that has another value is such a place too: a file that does not say how it is meant was written for the setting that
/// the server has had since 2011.
pub(crate) fn read_otherwise(text: &str, dialect: Dialect, escapes: Escapes) -> Option<(BackslashMode, Place)> {
    let mode = BackslashMode::of(dialect).filter(|_| escapes != Escapes::usual(dialect))?;
    let (one, other) = (split::split(text, dialect), split::split_in(text, dialect, escapes));
    let value = || if dialect == Dialect::Postgres { other_value(&one, &other) } else { None };
    let byte = parting(&one, &other).into_iter().chain(value()).min()?;
    Some((mode, Places::of(text).at(byte)))
}

/// What may be behind the problems of a text that has none in the other mode.
pub(super) fn cause(text: &str, dialect: Dialect, found: &Split<'_>) -> Option<(usize, Problem)> {
    let mode = BackslashMode::of(dialect).filter(|_| !found.problems.is_empty())?;
    let other = split::split_in(text, dialect, Escapes::always(!usual(dialect)));
    let byte = parting(found, &other).filter(|_| other.problems.is_empty())?;
    Some((byte, Problem::Backslash { mode }))
}

/// The problem of a text that can be read in two ways behind a statement that sets the mode in a way that cannot be read.
pub(super) fn doubt(text: &str, dialect: Dialect, found: &Split<'_>) -> Option<(usize, Problem)> {
    let rest = &text[found.unclear?..];
    let read = |escapes| split::split_in(rest, dialect, Escapes::always(escapes));
    let byte = parting(&read(true), &read(false))?;
    Some((text.len() - rest.len() + byte, Problem::UnclearStrings))
}

/// The first byte of the first token that is not the same in both.
fn parting(one: &Split<'_>, other: &Split<'_>) -> Option<usize> {
    let place = |token: &Token<'_>| (token.start, token.end());
    let mut pairs = one.tokens.iter().zip(&other.tokens);
    if let Some((token, _)) = pairs.find(|(token, other)| place(token) != place(other)) {
        return Some(token.start);
    }
    let both = one.tokens.len().min(other.tokens.len());
    one.tokens.get(both).or_else(|| other.tokens.get(both)).map(|token| token.start)
}

/// The first plain string with a backslash that both read by another mode.
fn other_value(one: &Split<'_>, other: &Split<'_>) -> Option<usize> {
    let modes = one.escapes.iter().zip(&other.escapes).map(|(one, other)| one != other);
    let statements = one.statements.iter().zip(modes).filter(|(_, differs)| *differs);
    let mut tokens = statements.flat_map(|(statement, _)| &one.tokens[statement.clone()]);
    tokens.find(|token| is_plain(token) && token.text.contains('\\')).map(|token| token.start)
}

/// Whether it is a string whose mode of the session decides.
fn is_plain(token: &Token<'_>) -> bool {
    token.kind == TokenKind::String && token.text.starts_with(['\'', 'n', 'N'])
}
