//! The session settings that change how backslashes are read.

use std::fmt;

use crate::sql::Dialect;

/// A session setting that changes how plain strings are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BackslashMode {
    /// MySQL and MariaDB with `NO_BACKSLASH_ESCAPES`: a backslash is an ordinary character.
    NoBackslashEscapes,
    /// PostgreSQL without `standard_conforming_strings`: a backslash is an escape, as in `E'…'`.
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
    /// The setting of this dialect; `None` where the dialect has none.
    pub(in crate::script) fn of(dialect: Dialect) -> Option<Self> {
        match dialect {
            Dialect::Mysql => Some(Self::NoBackslashEscapes),
            Dialect::Postgres => Some(Self::NonstandardStrings),
            Dialect::Sqlite => None,
        }
    }
}
