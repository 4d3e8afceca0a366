//! Tracks, statement by statement, whether a backslash is an escape in plain strings.

use super::escapes::Escapes;
use super::sql_mode::SqlMode;
use super::standard_strings::StandardStrings;
use super::token::Token;
use crate::sql::Dialect;

/// How plain strings are read after the statements so far.
pub(super) enum Backslashes {
    Mysql(SqlMode),
    Postgres(StandardStrings),
    Sqlite,
}

impl Backslashes {
    /// The state at the beginning of a script.
    pub(super) fn new(dialect: Dialect, escapes: Escapes) -> Self {
        match dialect {
            Dialect::Mysql => Self::Mysql(SqlMode::new(escapes)),
            Dialect::Postgres => Self::Postgres(StandardStrings::new(escapes)),
            Dialect::Sqlite => Self::Sqlite,
        }
    }

    /// Whether a backslash is an escape.
    pub(super) fn escapes(&self) -> bool {
        match self {
            Self::Mysql(mode) => mode.escapes(),
            Self::Postgres(strings) => strings.escapes(),
            Self::Sqlite => false,
        }
    }

    /// Whether a statement has set the mode to a value that cannot be determined.
    pub(super) fn is_unclear(&self) -> bool {
        matches!(self, Self::Postgres(strings) if strings.is_unclear())
    }

    /// Applies the effect of one statement.
    pub(super) fn read(&mut self, statement: &[Token<'_>]) {
        match self {
            Self::Mysql(mode) => mode.read(statement),
            Self::Postgres(strings) => strings.read(statement),
            Self::Sqlite => {}
        }
    }
}
