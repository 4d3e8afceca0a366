//! Why a hook failed.

use std::fmt;
use std::time::Duration;

use crate::report::Failure;

/// Why a hook failed. The message contains neither its command, which may have a password, nor the database's message, which
/// may quote a row.
#[derive(Debug)]
#[non_exhaustive]
pub enum HookFault {
    /// The command exited with this code.
    Exited(i32),
    /// The command was killed by this signal, which the runner did not send.
    Killed(i32),
    /// It exceeded this timeout and was terminated.
    TimedOut(Duration),
    /// The run was interrupted, and the hook with it.
    Interrupted,
    /// The command could not be started, with the operating system's message.
    NotStarted(String),
    /// It was terminated because the runner has lost the lock, for this reason.
    LockLost(String),
    /// A statement of its file failed, and was rolled back where the database supports that.
    Refused(Box<Failure>),
}

impl HookFault {
    /// The command's exit code.
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
            Self::Killed(signal) => write!(f, "was killed by signal {signal}"),
            Self::TimedOut(limit) => {
                write!(f, "timed out after {} and was terminated", humantime::format_duration(*limit))
            }
            Self::Interrupted => f.write_str("was interrupted"),
            Self::NotStarted(reason) => write!(f, "could not be started ({reason})"),
            Self::LockLost(reason) => write!(f, "was terminated: {reason}"),
            Self::Refused(_) => f.write_str("failed"),
        }
    }
}
