//! How long a run waits for the migration lock, and a statement for a database lock.

use std::time::Duration;

/// How long a run waits for the migration lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockWait {
    /// It does not wait: one attempt.
    No,
    /// It waits at most this long.
    For(Duration),
}

/// How long a statement of a migration may wait for a database lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LockTimeout {
    /// As the database URL specifies, or 5 s if it does not.
    #[default]
    Usual,
    /// This long, whatever the URL specifies.
    For(Duration),
    /// As the server is configured, whatever the URL specifies.
    Server,
}

impl LockTimeout {
    /// The same for a URL with a limit; `Some(None)` means that the URL leaves it to the server.
    pub(crate) fn beside(self, url: Option<Option<Duration>>) -> Self {
        match (self, url) {
            (Self::Usual, Some(limit)) => limit.map_or(Self::Server, Self::For),
            _ => self,
        }
    }

    /// The limit; `None` leaves it to the server.
    pub(crate) fn limit(self) -> Option<Duration> {
        match self {
            Self::Usual => Some(Duration::from_secs(5)),
            Self::For(limit) => Some(limit),
            Self::Server => None,
        }
    }
}
