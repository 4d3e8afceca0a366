//! How long a run waits for its lock, and a statement for a lock of the database.

use std::time::Duration;

/// How long a run waits for its lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockWait {
    /// Not at all: one attempt.
    No,
    /// At most this long.
    For(Duration),
}

/// How long a statement of a migration may wait for a lock of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LockTimeout {
    /// As the database's URL says, and 5 s where it says nothing.
    #[default]
    Usual,
    /// So long, whatever the URL says.
    For(Duration),
    /// As the server says, whatever the URL says.
    Server,
}

impl LockTimeout {
    /// The same where the URL has a limit, `Some(None)` being that it leaves it to the server.
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
