//! The state of each migration.

use std::time::Duration;

use serde::Serialize;

use crate::database::ServerInfo;
use crate::history::{self, Direction, Entry, History, Running, RunningAttempt};
use crate::journal::LastFailure;
use crate::migration::{Key, Migration, MigrationSet};
use crate::plan::{self, Edit, Note, Objection, Schema};
use crate::report::Outcome;

/// The state of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// Applied, and the file is unchanged.
    Applied,
    /// Not applied.
    Pending,
    /// Not applied, with a version below the highest applied one.
    OutOfOrder,
    /// Failed half-way.
    Failed,
    /// Started and never finished.
    Unfinished,
    /// Another run is executing it.
    Running,
    /// Applied, and the file's statements have changed since.
    Changed,
    /// Applied, and only comments or whitespace of the file have changed since.
    Edited,
    /// Applied, and its file is missing.
    Missing,
}

impl State {
    /// The state in words, for users.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::OutOfOrder => "out of order",
            Self::Failed => "failed",
            Self::Unfinished => "unfinished",
            Self::Running => "running",
            Self::Changed => "changed",
            Self::Edited => "edited (comments only)",
            Self::Missing => "missing",
        }
    }
}

/// The status of one migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StatusRow {
    /// The version as written in the file name, or in the ledger if there is no file.
    pub version: String,
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: State,
    /// When it was applied, in UTC as RFC 3339.
    pub applied_at: Option<String>,
    /// How long applying it took, in milliseconds.
    pub elapsed_ms: Option<u64>,
    /// The run that applied it.
    pub run_id: Option<String>,
    /// The progress of the run that is executing it, for [`State::Running`].
    pub progress: Option<Progress>,
    /// The last failed attempt, if the migration has neither been applied nor repaired since.
    pub last_failure: Option<Failed>,
}

/// The progress of another run with a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Progress {
    /// The id of the run.
    pub run_id: String,
    /// Whether the run is known to be alive; if false, that is unknown.
    pub certain: bool,
    /// The current statement, counted from 1; `None` if the migration is atomic, because its progress is not visible before the commit.
    pub statement: Option<u32>,
    /// The number of statements.
    pub statements: Option<u32>,
    /// The elapsed time in milliseconds: of the attempt, or of the run if the migration is atomic.
    pub elapsed_ms: u64,
    /// The user who started the run.
    #[serde(rename = "user")]
    pub operator: Option<String>,
    /// The host of the run.
    pub host: Option<String>,
    /// The Kubernetes pod of the run.
    pub pod: Option<String>,
}

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Failed {
    /// `failure`, or `cancellation` if it was interrupted.
    pub outcome: Outcome,
    /// The run that made the attempt.
    pub run_id: String,
    /// When it ended, in UTC as RFC 3339.
    pub ended_at: String,
    /// The time since then by the database's clock, in milliseconds.
    pub ago_ms: u64,
    /// The database's error code.
    pub error_code: Option<String>,
    /// The database's error message.
    pub error_text: Option<String>,
    /// Whether the file has changed since.
    pub file_changed: bool,
}

/// The migrations in files and history, read without changing anything.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The database server.
    pub identity: ServerInfo,
    /// One row for each migration, ordered by version.
    pub rows: Vec<StatusRow>,
    /// Counts and versions of the whole schema.
    pub schema: Schema,
    /// The run of another process that is executing.
    pub running: Option<Running>,
    /// Why `up` would be refused.
    pub objections: Vec<Objection>,
    /// Findings that do not prevent a run.
    pub notes: Vec<Note>,
}

/// One row for each migration in files or ledger, ordered by version.
pub(super) fn rows(set: &MigrationSet, history: &History, failures: &[LastFailure]) -> Vec<StatusRow> {
    let missing = history.applied().iter().filter(|entry| set.get(&entry.key).is_none());
    let mut rows: Vec<_> = set
        .iter()
        .map(|migration| (migration.key.clone(), on_disk(migration, history, failures)))
        .chain(missing.map(|entry| (entry.key.clone(), recorded(entry, &entry.name, State::Missing))))
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    if let Some(run) = &history.running {
        let at = at_work(run, set, history);
        if let Some((_, row)) = rows.iter_mut().find(|(version, _)| Some(version) == at) {
            row.state = State::Running;
            row.progress = Some(progress(run));
        }
    }
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The migration that a run is executing. An atomic one is not visible before its commit: then it is the next one in the run's direction.
fn at_work<'h>(run: &'h Running, set: &'h MigrationSet, history: &'h History) -> Option<&'h Key> {
    match &run.attempt {
        Some(attempt) => Some(&attempt.key),
        None if run.migrations_done >= run.migrations => None,
        None => match run.direction {
            Direction::Up => set.iter().map(|migration| &migration.key).find(|key| history.entry(key).is_none()),
            Direction::Down => history.applied().iter().rev().map(|entry| &entry.key).find(|key| !key.is_repeatable()),
        },
    }
}

fn progress(run: &Running) -> Progress {
    let attempt = run.attempt.as_ref();
    Progress {
        run_id: run.run_id.clone(),
        certain: run.certain,
        statement: attempt.map(RunningAttempt::statement),
        statements: attempt.map(|attempt| attempt.total),
        elapsed_ms: milliseconds(attempt.map_or(run.elapsed, |attempt| attempt.elapsed)),
        operator: run.operator.clone(),
        host: run.host.clone(),
        pod: run.pod.clone(),
    }
}

fn on_disk(migration: &Migration, history: &History, failures: &[LastFailure]) -> StatusRow {
    let unsettled = history.unsettled.iter().rev().find(|attempt| attempt.key == migration.key);
    let unsettled = unsettled.map(|attempt| match attempt.state {
        history::AttemptState::Failed { .. } => State::Failed,
        history::AttemptState::Unfinished | history::AttemptState::Marked => State::Unfinished,
    });
    let mut row = match history.entry(&migration.key) {
        Some(entry) => {
            let state = match plan::edit(entry, migration) {
                Edit::None => State::Applied,
                _ if migration.key.is_repeatable() => State::Pending,
                Edit::Cosmetic => State::Edited,
                Edit::FromEmpty | Edit::Real => State::Changed,
            };
            recorded(entry, &migration.name, unsettled.unwrap_or(state))
        }
        None => {
            let late = history
                .highest()
                .is_some_and(|highest| migration.key.version().is_some_and(|version| highest > version));
            let last = failures.iter().find(|failure| failure.key == migration.key);
            StatusRow {
                version: String::new(),
                name: migration.name.clone(),
                state: unsettled.unwrap_or(if late { State::OutOfOrder } else { State::Pending }),
                applied_at: None,
                elapsed_ms: None,
                run_id: None,
                progress: None,
                last_failure: last.map(|failure| failed(failure, migration)),
            }
        }
    };
    row.version = migration.key.to_string();
    row
}

fn failed(failure: &LastFailure, migration: &Migration) -> Failed {
    let LastFailure { outcome, run_id, ended_at, ago, error_code, error_text, checksum, .. } = failure.clone();
    let file_changed = checksum.as_deref() != Some(migration.up.checksum().as_str());
    Failed { outcome, run_id, ended_at, ago_ms: milliseconds(ago), error_code, error_text, file_changed }
}

fn recorded(entry: &Entry, name: &str, state: State) -> StatusRow {
    let details = entry.details.as_ref();
    StatusRow {
        version: entry.key.to_string(),
        name: name.to_owned(),
        state,
        applied_at: details.map(|known| known.applied_at.clone()),
        elapsed_ms: details.and_then(|known| known.elapsed).map(milliseconds),
        run_id: details.and_then(|known| known.run_id.clone()),
        progress: None,
        last_failure: None,
    }
}

fn milliseconds(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}
