//! The errors of the rooms below, gathered.

mod hook;

use std::fmt;
use std::time::Duration;

use thiserror::Error;

pub use self::hook::HookFault;
use crate::database::{DatabaseError, Holder, Identity, UrlError};
use crate::event::Hook;
use crate::layout::{FileProblem, LayoutError};
use crate::plan::{Objection, RefusalReason};
use crate::report::{CheckReport, Failure, Outcome, Remains, Report};

/// Why something could not be done.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The database URL is not one.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A migrator was built of too little.
    #[error("a migrator needs {missing}")]
    Incomplete {
        /// What is missing.
        missing: &'static str,
    },
    /// The migration files cannot be used.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// There is no connection to be had.
    #[error("cannot connect to {}", place(.expected))]
    Connect {
        /// The database that was meant.
        expected: Box<Identity>,
        /// What the driver or the server said.
        source: Box<DatabaseError>,
    },
    /// The server takes no writes, or this process may not write to the file.
    #[error("the database is read-only ({reason})")]
    ReadOnly {
        /// Why.
        reason: &'static str,
    },
    /// A pooler lends a session of the server for one transaction at a time, and that will not do.
    #[error("a pooler lends us a session for one transaction at a time: {why}")]
    Pooled {
        /// Why it will not do.
        why: String,
    },
    /// Somebody else has the lock.
    #[error("the lock was not obtained within {}", to_milliseconds(*.waited))]
    Lock {
        /// Waited so long.
        waited: Duration,
        /// For this one.
        holder: Option<Box<Holder>>,
    },
    /// The schema did not get where it was wanted while it was waited for.
    #[error("{} after {}: {}", awaited(.version.as_deref()), to_milliseconds(*.waited), still(*.pending))]
    Awaited {
        /// Waited so long.
        waited: Duration,
        /// For this version; `None` stands for: until nothing is pending.
        version: Option<String>,
        /// Migrations that are pending, as far as is known.
        pending: usize,
    },
    /// The plan was refused.
    #[error("{}", refusal(.0))]
    Refused(Vec<Objection>),
    /// A migration failed; the rest is in its report.
    #[error("migration {version} ({name}) {}", fate(&failure.remains))]
    Migration {
        /// Its version.
        version: String,
        /// Its name.
        name: String,
        /// Why.
        #[source]
        failure: Box<Failure>,
    },
    /// A statement of our own failed.
    #[error("{what}")]
    Own {
        /// What we wanted, a fragment: `cannot read the ledger`.
        what: &'static str,
        /// What the database said.
        source: Box<DatabaseError>,
    },
    /// A hook did not succeed, and the run stopped before its next step; where it is [`Hook::After`], everything else was done.
    #[error("the hook {hook} {fault}{}", around(*.hook, .migration.as_deref()))]
    Hook {
        /// Which.
        hook: Hook,
        /// The migration that it was about, with its name: `migration 7 (add_orders)`.
        migration: Option<String>,
        /// Why.
        fault: HookFault,
    },
    /// Everything asked for was done, but the database is unhealthy.
    #[error("the database is unhealthy: {}", names(.failed))]
    Unhealthy {
        /// The checks that failed.
        failed: Vec<CheckReport>,
    },
    /// The run was asked to stop and ended before it could do that in good order: the database did not answer, or a second request came.
    #[error("interrupted, and ended before the database answered{}", unknown(.migration.as_deref()))]
    Abandoned {
        /// The migration that was running, whose fate is not known.
        migration: Option<String>,
    },
    /// The run was asked to stop.
    #[error("interrupted")]
    Interrupted {
        /// The migration that was cut off, if one was running.
        failure: Option<Box<Failure>>,
    },
}

impl Error {
    /// What refuses a plan: files that cannot be split come first, as [`Error::Layout`]; the rest can be judged when they can.
    #[must_use]
    pub fn refused(objections: Vec<Objection>) -> Self {
        let files: Vec<_> = objections.iter().flat_map(unreadable).collect();
        if files.is_empty() { Self::Refused(objections) } else { Self::Layout(LayoutError::Files(files)) }
    }

    /// The word for this error in reports, spans and labels.
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

    /// Why a plan was refused, each reason once; nothing where that is not what happened.
    #[must_use]
    pub fn refusal_reasons(&self) -> Vec<RefusalReason> {
        match self {
            Self::Refused(objections) => RefusalReason::of(objections),
            _ => Vec::new(),
        }
    }
}

/// A run that did not succeed: what it did all the same, and why it stopped. It reads as its cause, sources included.
#[derive(Debug)]
pub struct RunError {
    /// What was done, failures included.
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

fn place(expected: &Identity) -> String {
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
        several => format!("{} objections to the plan", several.len()),
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
    migration.map_or_else(String::new, |migration| format!(": what became of migration {migration} is not known"))
}

fn fate(remains: &Remains) -> &'static str {
    match remains {
        Remains::Nothing => "failed and was rolled back",
        Remains::HalfWay { .. } => "failed half-way",
        Remains::Unknown => "may have been applied: the connection broke at its commit",
    }
}

fn unreadable(objection: &Objection) -> Vec<FileProblem> {
    match objection {
        Objection::Unreadable { path, text, problems } => FileProblem::of_text(path, text, problems).collect(),
        _ => Vec::new(),
    }
}
