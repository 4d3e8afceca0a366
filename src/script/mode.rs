//! How a session reads backslashes.

use std::fmt;

use crate::sql::Dialect;

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
    pub(in crate::script) fn of(dialect: Dialect) -> Option<Self> {
        match dialect {
            Dialect::Mysql => Some(Self::NoBackslashEscapes),
            Dialect::Postgres => Some(Self::NonstandardStrings),
            Dialect::Sqlite => None,
        }
    }
}
