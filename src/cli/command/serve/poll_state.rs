//! The result of the last poll.

use super::poll::{Answer, PollError};

/// How the last poll ended.
#[derive(Debug)]
pub(super) enum PollState {
    /// There was none.
    Pending,
    /// Everything was read.
    Good,
    /// It failed.
    Failed(Box<PollError>),
}

impl PollState {
    /// A word of a closed set.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Pending => "not_looked_yet",
            Self::Good => "ok",
            Self::Failed(error) if error.answer == Answer::No => "unreachable",
            Self::Failed(_) => "unreadable",
        }
    }

    /// Whether the database answers; `None` where that is not known.
    pub(super) fn reachable(&self) -> Option<bool> {
        match self {
            Self::Pending => None,
            Self::Good => Some(true),
            Self::Failed(error) => match error.answer {
                Answer::Yes => Some(true),
                Answer::No => Some(false),
                Answer::Unknown => None,
            },
        }
    }

    /// The error of a poll that failed.
    pub(super) fn error(&self) -> Option<&PollError> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Pending | Self::Good => None,
        }
    }
}
