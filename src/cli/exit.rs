//! Exit codes, which are a public contract.

use std::process::ExitCode;

use migrascope::Error;
use migrascope::database::ErrorKind;
use migrascope::error::HookFault;
use migrascope::event::Hook;
use migrascope::report::PartialEffect;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or nothing to do.
    Done,
    /// An unexpected error.
    Unexpected,
    /// Wrong usage, configuration or files.
    Usage,
    /// Pending work was found.
    Pending,
    /// The plan was refused.
    Refused,
    /// A migration failed and nothing of it remains.
    RolledBack,
    /// A migration failed, and some of it remains or may remain.
    HalfWay,
    /// Another runner holds the lock.
    Locked,
    /// No connection, or none that can write.
    NoConnection,
    /// Migrations were applied, but the database is unhealthy.
    Unhealthy,
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Exit {
    /// Every exit code, in order.
    pub(crate) const ALL: [Self; 12] = [
        Self::Done,
        Self::Unexpected,
        Self::Usage,
        Self::Pending,
        Self::Refused,
        Self::RolledBack,
        Self::HalfWay,
        Self::Locked,
        Self::NoConnection,
        Self::Unhealthy,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::Pending => 3,
            Self::Refused => 4,
            Self::RolledBack => 5,
            Self::HalfWay => 6,
            Self::Locked => 7,
            Self::NoConnection => 8,
            Self::Unhealthy => 9,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// Its meaning, for `--help`.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing to do",
            Self::Unexpected => "unexpected error",
            Self::Usage => "wrong usage, configuration or migration files",
            Self::Pending => "pending migrations found (status --check, wait)",
            Self::Refused => "plan refused: a migration is changed, missing, out of order or half-way",
            Self::RolledBack => "a migration failed and was rolled back, or a hook stopped the run",
            Self::HalfWay => "a migration failed and was left half-way",
            Self::Locked => "another runner holds the lock",
            Self::NoConnection => "cannot connect, the connection is lost, or the database is read-only",
            Self::Unhealthy => "migrations applied, but the database is unhealthy, or --after failed",
            Self::Interrupted => "interrupted by SIGINT",
            Self::Terminated => "ended by SIGTERM",
        }
    }

    /// The exit code of an error; `signal` is that of the signal that stopped the run.
    pub(crate) fn of(error: &Error, signal: Option<Self>) -> Self {
        match error {
            Error::Url(_) | Error::Incomplete { .. } | Error::Layout(_) | Error::Pooled { .. } => Self::Usage,
            Error::Connect { source, .. } | Error::Own { source, .. }
                if matches!(source.kind, ErrorKind::Pooled | ErrorKind::Unsupported) =>
            {
                Self::Usage
            }
            Error::Connect { .. } | Error::ReadOnly { .. } => Self::NoConnection,
            Error::Own { source, .. }
                if matches!(source.kind, ErrorKind::Lost | ErrorKind::Connect | ErrorKind::ReadOnly) =>
            {
                Self::NoConnection
            }
            Error::Lock { .. } => Self::Locked,
            Error::Awaited { .. } => Self::Pending,
            Error::Refused(_) => Self::Refused,
            Error::Unhealthy { .. } => Self::Unhealthy,
            Error::Migration { failure, .. } if failure.remains == PartialEffect::Nothing => Self::RolledBack,
            Error::Migration { .. } => Self::HalfWay,
            Error::Hook { fault: HookFault::Interrupted, .. } => signal.unwrap_or(Self::Interrupted),
            Error::Hook { hook: Hook::After, .. } => Self::Unhealthy,
            Error::Hook { .. } => Self::RolledBack,
            Error::Interrupted { .. } | Error::Abandoned { .. } => signal.unwrap_or(Self::Interrupted),
            _ => Self::Unexpected,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
