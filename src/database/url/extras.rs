//! What a database URL asks for that the driver has no setting for.

use std::time::Duration;

/// How long connecting may take where the URL has no `connect_timeout`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What a database URL asks for that the driver has no setting for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::database) struct Extras {
    /// How long connecting and logging in may take; `None` where the URL has no limit, [`Duration::MAX`] where it asks for none.
    pub(in crate::database) connect_timeout: Option<Duration>,
    /// How long a statement of a migration may wait for a lock; `Some(None)` for as long as it takes.
    pub(in crate::database) lock_timeout: Option<Option<Duration>>,
    /// The application's name for itself, beside ours.
    pub(in crate::database) application: Option<String>,
    /// The schema that must be the current one.
    pub(in crate::database) schema: Option<String>,
    /// Whether only a server will do that takes writes.
    pub(in crate::database) primary: bool,
    /// Whether a server that was verified may be sent the password in clear.
    pub(in crate::database) clear_password: bool,
}

impl Extras {
    /// The limit for connecting and logging in.
    pub(in crate::database) fn limit(&self) -> Duration {
        self.connect_timeout.unwrap_or(CONNECT_TIMEOUT)
    }
}
