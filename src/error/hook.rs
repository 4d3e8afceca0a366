//! Why a hook did not succeed.

use std::fmt;
use std::time::Duration;

use crate::report::Failure;

/// Why a hook did not succeed. Neither its command nor what a database said is in the words of it: there may be a password
/// in the one and a row in the other.
#[derive(Debug)]
#[non_exhaustive]
pub enum HookFault {
    /// The command ended with this code.
    Exited(i32),
    /// The command was ended by this signal, which was not ours.
    Killed(i32),
    /// It took longer than this and was ended.
    TimedOut(Duration),
    /// The run was asked to stop, and the hook with it.
    Interrupted,
    /// The command could not be started; in the system's words.
    NotStarted(String),
    /// It was ended because the lock is not ours any more; why.
    LockLost(String),
    /// A statement of its file failed and was rolled back, where the database can do that.
    Refused(Box<Failure>),
}

impl HookFault {
    /// The code that the command ended with.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            Self::Exited(code) => Some(*code),
            _ => None,
        }
    }

    /// OpenTelemetry's `error.type`: the database's code where there is one, otherwise a word.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Exited(_) => "hook_exit",
            Self::Killed(_) => "hook_killed",
            Self::TimedOut(_) => "hook_timeout",
            Self::Interrupted => "interrupted",
            Self::NotStarted(_) => "hook_not_started",
            Self::LockLost(_) => "lock_lost",
            Self::Refused(failure) => failure.error_type(),
        }
    }
}

impl fmt::Display for HookFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with {code}"),
            Self::Killed(signal) => write!(f, "was ended by signal {signal}"),
            Self::TimedOut(limit) => {
                write!(f, "took longer than {} and was ended", humantime::format_duration(*limit))
            }
            Self::Interrupted => f.write_str("was interrupted"),
            Self::NotStarted(reason) => write!(f, "could not be started ({reason})"),
            Self::LockLost(reason) => write!(f, "was ended: {reason}"),
            Self::Refused(_) => f.write_str("failed"),
        }
    }
}
