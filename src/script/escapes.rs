//! Whether a backslash is an escape in plain strings.

use crate::sql::Dialect;

/// Whether a backslash is an escape in a session's plain strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Escapes {
    /// At the beginning of a script.
    pub(crate) begins: bool,
    /// After the script has reset it with `RESET` or `DEFAULT`.
    pub(crate) default: bool,
}

impl Escapes {
    /// A session that never changes the setting.
    pub(super) fn always(escapes: bool) -> Self {
        Self { begins: escapes, default: escapes }
    }

    /// A session with the server's default setting.
    pub(super) fn usual(dialect: Dialect) -> Self {
        Self::always(usual(dialect))
    }
}

/// Whether a backslash is an escape in plain strings by default.
pub(super) fn usual(dialect: Dialect) -> bool {
    dialect == Dialect::Mysql
}
