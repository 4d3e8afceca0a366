//! Time limits of statements.

use std::time::Duration;

/// Time limits for the statements of one migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// How long a statement may wait for a database lock; `None` keeps the server's setting.
    pub lock_timeout: Option<Duration>,
    /// How long a statement may run; `None` keeps the server's setting.
    pub statement_timeout: Option<Duration>,
}

impl Limits {
    /// A limit as given by an option or a directive: zero keeps the server's setting.
    #[must_use]
    pub fn given(limit: Option<Duration>) -> Option<Duration> {
        limit.filter(|limit| !limit.is_zero())
    }
}
