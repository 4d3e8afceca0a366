//! Why something is tried again.

use serde::Serialize;

/// An obstacle that passes by itself, and that leaves nothing behind of what it stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RetryReason {
    /// Another session held a lock of the database for too long.
    LockTimeout,
    /// Two transactions waited for each other, and ours was chosen to give way.
    Deadlock,
    /// A serializable transaction met the work of another one.
    Serialization,
}

impl RetryReason {
    /// Every reason, for zero-initialised series.
    pub const ALL: [Self; 3] = [Self::LockTimeout, Self::Deadlock, Self::Serialization];

    /// The word for labels and columns.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::LockTimeout => "lock_timeout",
            Self::Deadlock => "deadlock",
            Self::Serialization => "serialization",
        }
    }

    /// The reason of a word, where it is one of ours.
    pub(crate) fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}
