//! How each migration stands.

use std::time::Duration;

use serde::Serialize;

use crate::database::ServerInfo;
use crate::history::{self, Direction, Entry, History, Running, RunningAttempt};
use crate::journal::LastFailure;
use crate::migration::{Key, Migration, MigrationSet};
use crate::plan::{self, Edit, Note, Objection, Schema};
use crate::report::Outcome;

/// How one migration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// Applied, and the file is as it was.
    Applied,
    /// Not applied.
    Pending,
    /// Not applied, and older than the newest applied one.
    OutOfOrder,
    /// Failed half-way.
    Failed,
    /// Begun and never finished.
    Unfinished,
    /// Another run is at it now.
    Running,
    /// Applied, and the file's statements have changed since.
    Changed,
    /// Applied, and comments or blanks of the file have changed since.
    Edited,
    /// Applied, and there is no file.
    Missing,
}

impl State {
    /// The words for people.
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

/// One line of the status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StatusRow {
    /// The version as it is written on disk, or in the ledger where there is no file.
    pub version: String,
    /// The name.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// When it was applied, in UTC as RFC 3339.
    pub applied_at: Option<String>,
    /// How long that took, in milliseconds.
    pub elapsed_ms: Option<u64>,
    /// The run that applied it.
    pub run_id: Option<String>,
    /// The run that is at it now, of [`State::Running`].
    pub progress: Option<Progress>,
    /// How the last attempt ended, where it is not applied and nothing was done about it since.
    pub last_failure: Option<Failed>,
}

/// How far another run has come with a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Progress {
    /// The run.
    pub run_id: String,
    /// Whether it is known to be alive; otherwise it may be.
    pub certain: bool,
    /// The statement that runs, counted from 1; `None` where the migration is one transaction, which shows nothing before its end.
    pub statement: Option<u32>,
    /// Statements there are.
    pub statements: Option<u32>,
    /// For how long, in milliseconds: the attempt, or the run where the attempt is one transaction.
    pub elapsed_ms: u64,
    /// Who started the run.
    #[serde(rename = "user")]
    pub operator: Option<String>,
    /// On which machine.
    pub host: Option<String>,
    /// In which pod.
    pub pod: Option<String>,
}

/// An attempt that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Failed {
    /// `failure`, or `cancellation` where it was interrupted.
    pub outcome: Outcome,
    /// The run that tried it.
    pub run_id: String,
    /// When it ended, in UTC as RFC 3339.
    pub ended_at: String,
    /// How long ago that was by the database's clock, in milliseconds.
    pub ago_ms: u64,
    /// The database's code for the error.
    pub error_code: Option<String>,
    /// The database's words.
    pub error_text: Option<String>,
    /// Whether the file was another one then.
    pub file_changed: bool,
}

/// Files against history, without changing anything.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Who answered.
    pub identity: ServerInfo,
    /// One row a migration, in the order of the versions.
    pub rows: Vec<StatusRow>,
    /// The figures.
    pub schema: Schema,
    /// The run of another process that is going on.
    pub running: Option<Running>,
    /// What `up` would refuse.
    pub objections: Vec<Objection>,
    /// What is worth a word.
    pub notes: Vec<Note>,
}

/// One row for every migration on disk or in the ledger, in the order of the versions.
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

/// The migration that a run is at. One that is a transaction shows nothing before its end: then it is the next one in the run's direction.
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
