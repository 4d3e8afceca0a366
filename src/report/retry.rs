//! The reasons for a retry.

use serde::Serialize;

/// A transient error after which nothing of the failed attempt remains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RetryReason {
    /// Another session held a database lock for too long.
    LockTimeout,
    /// A deadlock, in which the runner's transaction was chosen as the victim.
    Deadlock,
    /// A serialization failure between transactions.
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

    /// The reason for a word; `None` for an unknown word.
    pub(crate) fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}
