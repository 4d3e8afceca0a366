//! The report of a migration and its statements.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::holder::Holder;
use super::seconds::seconds;
use crate::version::Direction;

/// The outcome of an operation, in the terms of OpenTelemetry's CI/CD conventions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// It succeeded.
    Success,
    /// A migration failed.
    Failure,
    /// The runner or its environment failed: files, connection, a refused plan.
    Error,
    /// It timed out, for example waiting for the lock.
    Timeout,
    /// It was interrupted.
    Cancellation,
    /// It was skipped.
    Skip,
    /// Its process ended without recording an outcome; seen only in the journal.
    Vanished,
}

impl Outcome {
    /// Every outcome, for zero-initialised series.
    pub const ALL: [Self; 7] =
        [Self::Success, Self::Failure, Self::Error, Self::Timeout, Self::Cancellation, Self::Skip, Self::Vanished];

    /// The word for labels and columns.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::Cancellation => "cancellation",
            Self::Skip => "skip",
            Self::Vanished => "vanished",
        }
    }
}

/// What remains in the database of a migration that did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum PartialEffect {
    /// Nothing: it was rolled back, or its first statement had no effect.
    Nothing,
    /// The first `done` statements have taken effect.
    HalfWay {
        /// The number of statements that are known to have taken effect.
        done: u32,
        /// Whether it is unknown if the next one took effect too.
        next_unknown: bool,
    },
    /// The connection was lost during the commit: the migration is applied and recorded, or neither.
    Unknown,
}

/// The stage at which a failure was detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Before the next statement was sent: no statement has failed.
    Before,
    /// While a statement of the script ran.
    Statement,
    /// While the runner wrote its own tables.
    Record,
    /// At the commit: deferred constraints, or a lost connection.
    Commit,
}

/// Why a migration did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The file.
    pub path: PathBuf,
    /// Line in the file, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
    /// The byte offset in the file's text (without byte order mark).
    pub offset: usize,
    /// Whether the database reported the position; otherwise it is the statement's start.
    pub exact: bool,
    /// The statement that failed, counted from 1; `None` where the position is that of a statement that was never sent.
    pub statement: Option<u32>,
    /// The stage at which it was detected.
    pub stage: Stage,
    /// The summary of the statement at this position.
    pub summary: String,
    /// SQLSTATE, error number or result code.
    pub code: Option<String>,
    /// The database's message.
    pub message: String,
    /// The connection or lock whose loss was the cause, where no statement was.
    pub lost: Option<Loss>,
    /// The database's detail.
    pub detail: Option<String>,
    /// The database's hint.
    pub hint: Option<String>,
    /// The quoted name of an index that a failed concurrent build has left invalid.
    pub invalid_index: Option<String>,
    /// The last known holder of the lock that it waited for.
    pub blocker: Option<Holder>,
    /// What remains of the migration.
    pub remains: PartialEffect,
}

/// A loss that stops a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Loss {
    /// The connection that it ran on has ended.
    Connection,
    /// The connection that held the lock has ended: another runner may have started.
    Lock,
}

impl Loss {
    /// OpenTelemetry's `error.type` where the server reported no code.
    #[must_use]
    pub fn error_type(self) -> &'static str {
        match self {
            Self::Connection => "connection_lost",
            Self::Lock => "lock_lost",
        }
    }
}

impl Failure {
    /// OpenTelemetry's `error.type`: the database's code where there is one, otherwise a word from a closed set.
    #[must_use]
    pub fn error_type(&self) -> &str {
        self.code.as_deref().unwrap_or_else(|| self.lost.map_or("migration", Loss::error_type))
    }
}

impl fmt::Display for Failure {
    /// Position and reason in one line: `migrations/2_orders.sql:3:14: relation "users" does not exist (42P01)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.path.display(), self.line, self.column, self.message)?;
        self.code.as_ref().map_or(Ok(()), |code| write!(f, " ({code})"))
    }
}

impl std::error::Error for Failure {}

/// One statement that has finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementReport {
    /// Its summary.
    pub summary: String,
    /// Line in the file, counted from 1.
    pub line: u32,
    /// How long it took.
    #[serde(serialize_with = "seconds", rename = "elapsed_seconds")]
    pub elapsed: Duration,
    /// The number of rows that it affected or returned.
    pub rows: u64,
}

/// The report of one migration that was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepReport {
    /// Its version.
    pub version: String,
    /// Its name.
    pub name: String,
    /// The direction.
    pub direction: Direction,
    /// Whether it ran in one transaction.
    pub atomic: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// The statements that finished, in order.
    pub statements: Vec<StatementReport>,
    /// The number of statements in the migration.
    pub total: u32,
    /// How often it or one of its statements was retried.
    pub retries: u32,
    /// How long it took, including recording, earlier attempts and the pauses between them.
    #[serde(serialize_with = "seconds", rename = "elapsed_seconds")]
    pub elapsed: Duration,
    /// Why it did not succeed.
    pub failure: Option<Failure>,
}
