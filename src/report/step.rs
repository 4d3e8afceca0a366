//! What became of a migration and its statements.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::holder::Holder;
use super::seconds::seconds;
use crate::version::Direction;

/// How something ended, in the words of OpenTelemetry's CI/CD conventions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// It did what it should.
    Success,
    /// A migration failed.
    Failure,
    /// The runner or its surroundings failed: files, connection, a refused plan.
    Error,
    /// Something was waited for in vain, such as the lock.
    Timeout,
    /// It was interrupted.
    Cancellation,
    /// It was passed over.
    Skip,
    /// Its process ended before it could say how; only the journal knows of it.
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

/// What stands in the database after a migration that did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Remains {
    /// Nothing: it was rolled back, or its first statement had no effect.
    Nothing,
    /// The first `done` statements have taken effect.
    HalfWay {
        /// Statements in effect for certain.
        done: u32,
        /// Whether nobody can say if the next one took effect too.
        next_unknown: bool,
    },
    /// The connection went away during the commit: it is applied and recorded, or neither.
    Unknown,
}

/// Where a failure was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Before the next statement was sent: none of them has failed.
    Before,
    /// While a statement of the script ran.
    Statement,
    /// While the runner wrote its own tables.
    Record,
    /// At the commit: deferred constraints, or a connection that broke.
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
    /// Bytes of the file's text (without byte order mark) before the place.
    pub offset: usize,
    /// Whether the database named the place; otherwise it is the statement's start.
    pub exact: bool,
    /// The statement that failed, counted from 1; `None` where the place is that of one that was never sent.
    pub statement: Option<u32>,
    /// Where it was noticed.
    pub stage: Stage,
    /// The summary of the statement at this place.
    pub summary: String,
    /// SQLSTATE, error number or result code.
    pub code: Option<String>,
    /// The database's message.
    pub message: String,
    /// What was lost, so that no statement is to blame.
    pub lost: Option<Loss>,
    /// The database's detail.
    pub detail: Option<String>,
    /// The database's hint.
    pub hint: Option<String>,
    /// An index in quotes that a failed concurrent build has left invalid.
    pub invalid_index: Option<String>,
    /// Who was last seen with the lock that it waited for.
    pub blocker: Option<Holder>,
    /// What is left of the migration.
    pub remains: Remains,
}

/// What a migration cannot go on without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Loss {
    /// The connection that it ran on has ended.
    Connection,
    /// The connection that held the lock has ended: another runner may be at work.
    Lock,
}

impl Loss {
    /// OpenTelemetry's `error.type` where the server gave no code.
    #[must_use]
    pub fn error_type(self) -> &'static str {
        match self {
            Self::Connection => "connection_lost",
            Self::Lock => "lock_lost",
        }
    }
}

impl Failure {
    /// OpenTelemetry's `error.type`: the database's code where there is one, otherwise a word of a closed set.
    #[must_use]
    pub fn error_type(&self) -> &str {
        self.code.as_deref().unwrap_or_else(|| self.lost.map_or("migration", Loss::error_type))
    }
}

impl fmt::Display for Failure {
    /// Place and reason in one line: `migrations/2_orders.sql:3:14: relation "users" does not exist (42P01)`.
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
    /// Rows it affected or returned.
    pub rows: u64,
}

/// One migration that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepReport {
    /// Its version.
    pub version: String,
    /// Its name.
    pub name: String,
    /// Which way.
    pub direction: Direction,
    /// Whether it ran in one transaction.
    pub atomic: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// The statements that finished, in order.
    pub statements: Vec<StatementReport>,
    /// How many statements it has.
    pub total: u32,
    /// How often it, or one of its statements, was tried again.
    pub retries: u32,
    /// How long it took, recording, earlier attempts and the pauses between them included.
    #[serde(serialize_with = "seconds", rename = "elapsed_seconds")]
    pub elapsed: Duration,
    /// Why it did not succeed.
    pub failure: Option<Failure>,
}
