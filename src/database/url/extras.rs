//! Settings from a database URL that the driver does not support.

use std::time::Duration;

/// The connect timeout where the URL has no `connect_timeout`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings from a database URL that the driver does not support.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::database) struct Extras {
    /// The timeout for connecting and logging in; `None` where the URL does not set it, [`Duration::MAX`] where it turns it off.
    pub(in crate::database) connect_timeout: Option<Duration>,
    /// The lock timeout of a migration's statements; `Some(None)` for no limit.
    pub(in crate::database) lock_timeout: Option<Option<Duration>>,
    /// The application name from the URL, in addition to the runner's.
    pub(in crate::database) application: Option<String>,
    /// The required current schema.
    pub(in crate::database) schema: Option<String>,
    /// Whether the server must be writable.
    pub(in crate::database) primary: bool,
    /// Whether the password may be sent in clear text to a verified server.
    pub(in crate::database) clear_password: bool,
}

impl Extras {
    /// The timeout for connecting and logging in.
    pub(in crate::database) fn limit(&self) -> Duration {
        self.connect_timeout.unwrap_or(CONNECT_TIMEOUT)
    }
}
