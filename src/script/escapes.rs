//! Whether a backslash escapes in plain strings.

use crate::sql::Dialect;

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

/// Whether a backslash escapes in plain strings unless something else is set.
pub(super) fn usual(dialect: Dialect) -> bool {
    dialect == Dialect::Mysql
}
