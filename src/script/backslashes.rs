//! What the statements so far have made of plain strings.

use super::escapes::Escapes;
use super::sql_mode::SqlMode;
use super::standard_strings::StandardStrings;
use super::token::Token;
use crate::sql::Dialect;

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
