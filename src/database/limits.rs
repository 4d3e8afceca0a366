//! How long a statement may take or wait.

use std::time::Duration;

/// Limits for the statements of one migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// How long a statement may wait for a lock of the database; `None` leaves the server's setting.
    pub lock_timeout: Option<Duration>,
    /// How long a statement may run; `None` leaves the server's setting.
    pub statement_timeout: Option<Duration>,
}

impl Limits {
    /// A limit as a user gives it, by option or directive: no time at all leaves the server's setting.
    #[must_use]
    pub fn given(limit: Option<Duration>) -> Option<Duration> {
        limit.filter(|limit| !limit.is_zero())
    }
}
