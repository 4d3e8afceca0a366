//! The error type of the library, which wraps the errors of the lower modules.

mod hook;

use std::fmt;
use std::time::Duration;

use thiserror::Error;

pub use self::hook::HookFault;
use crate::database::{DatabaseError, Holder, ServerInfo, UrlError};
use crate::event::Hook;
use crate::layout::{FileProblem, LayoutError};
use crate::plan::{Objection, RefusalReason};
use crate::report::{CheckReport, Failure, Outcome, PartialEffect, Report};

/// Why an operation failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The database URL is invalid.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A required setting of a migrator is missing.
    #[error("a migrator needs {missing}")]
    Incomplete {
        /// What is missing.
        missing: &'static str,
    },
    /// The migration files cannot be used.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The connection failed.
    #[error("cannot connect to {}", place(.expected))]
    Connect {
        /// The database from the URL.
        expected: Box<ServerInfo>,
        /// The error from the driver or the server.
        source: Box<DatabaseError>,
    },
    /// The server is read-only, or this process may not write to the file.
    #[error("the database is read-only ({reason})")]
    ReadOnly {
        /// Why.
        reason: &'static str,
    },
    /// The connection goes through a pooler in transaction mode, and the operation needs a session of its own.
    #[error("the pooler is in transaction mode: {why}")]
    Pooled {
        /// Why the operation needs its own session.
        why: String,
    },
    /// Another session holds the lock.
    #[error("the lock was not obtained within {}", to_milliseconds(*.waited))]
    Lock {
        /// How long the run waited.
        waited: Duration,
        /// The session that holds it.
        holder: Option<Box<Holder>>,
    },
    /// The schema did not reach the awaited version before the timeout.
    #[error("{} after {}: {}", awaited(.version.as_deref()), to_milliseconds(*.waited), still(*.pending))]
    Awaited {
        /// How long the run waited.
        waited: Duration,
        /// The awaited version; `None` for a wait until nothing is pending.
        version: Option<String>,
        /// The number of pending migrations, as last seen.
        pending: usize,
    },
    /// The plan was refused.
    #[error("{}", refusal(.0))]
    Refused(Vec<Objection>),
    /// A migration failed; its report has the details.
    #[error("migration {version} ({name}) {}", remaining_effect(&failure.remains))]
    Migration {
        /// Its version.
        version: String,
        /// Its name.
        name: String,
        /// Why.
        #[source]
        failure: Box<Failure>,
    },
    /// A statement of the runner's own failed.
    #[error("{what}")]
    Own {
        /// What failed, as a fragment: `cannot read the ledger`.
        what: &'static str,
        /// The database's error.
        source: Box<DatabaseError>,
    },
    /// A hook failed, and the run stopped before its next step. Where it is [`Hook::After`], everything else was done.
    #[error("the hook {hook} {fault}{}", around(*.hook, .migration.as_deref()))]
    Hook {
        /// The hook.
        hook: Hook,
        /// The migration that it ran for, with its name: `migration 7 (add_orders)`.
        migration: Option<String>,
        /// Why.
        fault: HookFault,
    },
    /// Everything was done, but the database is unhealthy.
    #[error("the database is unhealthy: {}", names(.failed))]
    Unhealthy {
        /// The checks that failed.
        failed: Vec<CheckReport>,
    },
    /// The run was interrupted and ended without a clean shutdown: the database did not answer, or a second interrupt came.
    #[error("interrupted, and ended before the database answered{}", unknown(.migration.as_deref()))]
    Abandoned {
        /// The migration that was running, whose outcome is unknown.
        migration: Option<String>,
    },
    /// The run was interrupted.
    #[error("interrupted")]
    Interrupted {
        /// The failure of the migration that was running, if there was one.
        failure: Option<Box<Failure>>,
    },
}

impl Error {
    /// Converts the objections to a plan. Files that cannot be split come first, alone, as [`Error::Layout`]: fix them before the rest.
    #[must_use]
    pub fn refused(objections: Vec<Objection>) -> Self {
        let files: Vec<_> = objections.iter().flat_map(unreadable).collect();
        if files.is_empty() { Self::Refused(objections) } else { Self::Layout(LayoutError::Files(files)) }
    }

    /// The word for this error in reports, spans and metric labels.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Migration { .. } => Outcome::Failure,
            Self::Lock { .. } | Self::Awaited { .. } => Outcome::Timeout,
            Self::Interrupted { .. } | Self::Abandoned { .. } | Self::Hook { fault: HookFault::Interrupted, .. } => {
                Outcome::Cancellation
            }
            Self::Url(_)
            | Self::Incomplete { .. }
            | Self::Layout(_)
            | Self::Connect { .. }
            | Self::ReadOnly { .. }
            | Self::Pooled { .. }
            | Self::Refused(_)
            | Self::Unhealthy { .. }
            | Self::Hook { .. }
            | Self::Own { .. } => Outcome::Error,
        }
    }

    /// OpenTelemetry's `error.type`: the database's code where there is one, otherwise a word of low cardinality.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Url(_) => "url",
            Self::Incomplete { .. } => "incomplete",
            Self::Layout(_) => "layout",
            Self::Connect { source, .. } => source.code.as_deref().unwrap_or("connect"),
            Self::ReadOnly { .. } => "read_only",
            Self::Pooled { .. } => "pooler",
            Self::Lock { .. } => "lock_timeout",
            Self::Awaited { .. } => "wait_timeout",
            Self::Refused(_) => "refused",
            Self::Unhealthy { .. } => "unhealthy",
            Self::Hook { fault, .. } => fault.kind(),
            Self::Migration { failure, .. } => failure.error_type(),
            Self::Own { source, .. } => source.error_type(),
            Self::Abandoned { .. } => "abandoned",
            Self::Interrupted { .. } => "interrupted",
        }
    }

    /// The reasons why a plan was refused, without duplicates; empty for any other error.
    #[must_use]
    pub fn refusal_reasons(&self) -> Vec<RefusalReason> {
        match self {
            Self::Refused(objections) => RefusalReason::of(objections),
            _ => Vec::new(),
        }
    }
}

/// The error of a run, with its report. Its message and source are those of its cause.
#[derive(Debug)]
pub struct RunError {
    /// What was done, including failures.
    pub report: Box<Report>,
    /// Why it stopped.
    pub cause: Error,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
    }
}

fn awaited(version: Option<&str>) -> String {
    version.map_or_else(
        || "the schema is not up to date".to_owned(),
        |version| format!("migration {version} is not applied"),
    )
}

fn still(pending: usize) -> String {
    match pending {
        1 => "1 migration is pending".to_owned(),
        pending => format!("{pending} migrations are pending"),
    }
}

fn to_milliseconds(waited: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_millis(waited.as_millis().try_into().unwrap_or(u64::MAX)))
}

fn place(expected: &ServerInfo) -> String {
    let database = &expected.database;
    let system = expected.system;
    match (&expected.address, expected.port) {
        (Some(address), Some(port)) => format!("{system} at {address}:{port}, database {database}"),
        (Some(address), None) => format!("{system} at {address}, database {database}"),
        (None, _) => format!("{system} database {database}"),
    }
}

fn refusal(objections: &[Objection]) -> String {
    match objections {
        [only] => only.to_string(),
        several => format!("the plan was refused for {} reasons", several.len()),
    }
}

fn names(failed: &[CheckReport]) -> String {
    failed.iter().map(|check| check.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn around(hook: Hook, migration: Option<&str>) -> String {
    let place = if hook == Hook::BeforeEach { "before" } else { "after" };
    migration.map(|migration| format!(" {place} {migration}")).unwrap_or_default()
}

fn unknown(migration: Option<&str>) -> String {
    migration.map_or_else(String::new, |migration| format!(": the outcome of migration {migration} is unknown"))
}

fn remaining_effect(remains: &PartialEffect) -> &'static str {
    match remains {
        PartialEffect::Nothing => "failed and was rolled back",
        PartialEffect::HalfWay { .. } => "failed half-way",
        PartialEffect::Unknown => "may have been applied: the connection was lost during its commit",
    }
}

fn unreadable(objection: &Objection) -> Vec<FileProblem> {
    match objection {
        Objection::Unreadable { path, text, problems } => FileProblem::of_text(path, text, problems).collect(),
        _ => Vec::new(),
    }
}
