//! The run that ended last.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime};

use super::values::{milliseconds, moment, number, outcome};
use super::{EXECUTING, MIGRATION, RETRY, RUN, counted};
use crate::database::{DatabaseError, Session, Value};
use crate::plan::RefusalReason;
use crate::report::{Outcome, RetryReason, RowsAffected, Stages};

/// A run that has ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LastRun {
    /// Its id.
    pub run_id: String,
    /// The id of its trace, 32 hexadecimal digits.
    pub trace_id: Option<String>,
    /// When it ended. If its process died: the time of its last record, or the time when a later run detected that.
    pub ended: SystemTime,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it did not succeed: [`crate::Error::kind`], or the outcome if nothing more is known. `None` if it succeeded.
    pub error: Option<String>,
    /// Why its plan was refused; empty if it was not.
    pub reasons: Vec<RefusalReason>,
    /// How long it took.
    pub elapsed: Duration,
    /// The migrations that it started.
    pub steps: Steps,
    /// The rows that its migrations have changed.
    pub rows: RowsAffected,
    /// How long each stage took.
    pub stages: Stages,
}

/// The migrations of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Steps {
    /// Their number, by outcome.
    pub outcomes: HashMap<Outcome, u64>,
    /// How long each took, by version.
    pub durations: BTreeMap<String, Duration>,
    /// How often a migration or a statement of the run was retried, by reason; includes migrations that have not ended.
    pub retries: HashMap<RetryReason, u64>,
}

impl Steps {
    /// Counts one more migration.
    pub(crate) fn add(&mut self, version: &str, outcome: Outcome, elapsed: Duration) {
        *self.outcomes.entry(outcome).or_default() += 1;
        self.durations.insert(version.to_owned(), elapsed);
    }

    /// Counts one more attempt that was followed by a retry.
    pub(crate) fn tried_again(&mut self, reason: RetryReason) {
        *self.retries.entry(reason).or_default() += 1;
    }
}

impl LastRun {
    /// Why a run did not succeed, as far as that is known.
    pub(super) fn why(outcome: Outcome, error: Option<String>) -> Option<String> {
        (outcome != Outcome::Success).then(|| error.unwrap_or_else(|| outcome.word().to_owned()))
    }

    /// A run whose process is known to be dead, with the time of its last record; its other details are unknown.
    pub(super) fn lost(run_id: String, trace_id: Option<String>, alive_at: SystemTime, steps: Steps) -> Self {
        Self {
            run_id,
            trace_id,
            ended: alive_at,
            outcome: Outcome::Vanished,
            error: Self::why(Outcome::Vanished, None),
            reasons: Vec::new(),
            elapsed: Duration::ZERO,
            steps,
            rows: RowsAffected::default(),
            stages: Stages::default(),
        }
    }
}

/// The last run that ended, if there is one.
pub(super) async fn last_run(session: &mut dyn Session, table: &str) -> Result<Option<LastRun>, DatabaseError> {
    let row = counted::live(session, table, |sql, live| {
        format!(
            "SELECT run_id, trace_id, {ended}, outcome, elapsed_ms, connect_ms, lock_ms, plan_ms, apply_ms, health_ms, \
         rows_inserted, rows_updated, rows_deleted, rows_other, error_code, reason \
         FROM {table} WHERE {live} AND kind = '{RUN}' AND outcome <> '{EXECUTING}' \
         ORDER BY coalesce(finished_at, started_at) DESC, id DESC LIMIT 1",
            ended = sql.timestamp_text("coalesce(finished_at, started_at)"),
        )
    });
    let Some(row) = row.await?.and_then(|mut rows| rows.pop()) else {
        return Ok(None);
    };
    let mut columns = row.into_iter();
    let mut next = || columns.next().flatten();
    let run_id = next().unwrap_or_default();
    let steps = steps_of(session, table, &run_id).await?;
    let (trace_id, ended, outcome) = (next(), next(), outcome(next()));
    let mut last = LastRun {
        steps,
        run_id,
        trace_id,
        ended: moment(ended).unwrap_or(SystemTime::UNIX_EPOCH),
        outcome,
        error: None,
        reasons: Vec::new(),
        elapsed: milliseconds(next()),
        stages: Stages {
            connect: milliseconds(next()),
            lock: milliseconds(next()),
            plan: milliseconds(next()),
            apply: milliseconds(next()),
            health: milliseconds(next()),
        },
        rows: RowsAffected {
            inserted: number(next()),
            updated: number(next()),
            deleted: number(next()),
            other: number(next()),
        },
    };
    let (error, reason) = (next(), next());
    last.error = LastRun::why(outcome, error);
    last.reasons = reason.map(|text| RefusalReason::read(&text)).unwrap_or_default();
    Ok(Some(last))
}

/// The time of this run's last record.
pub(super) async fn last_sign_of(
    session: &mut dyn Session,
    table: &str,
    run_id: &str,
) -> Result<Option<SystemTime>, DatabaseError> {
    let rows = counted::live(session, table, |sql, live| {
        format!(
            "SELECT {last} FROM {table} WHERE {live} AND run_id = {run}",
            last = sql.timestamp_text("max(coalesce(finished_at, started_at))"),
            run = sql.literal(&Value::Text(run_id.to_owned())),
        )
    });
    Ok(moment(rows.await?.and_then(|mut rows| rows.pop()).and_then(|row| row.into_iter().next().flatten())))
}

/// The migrations of one run that have ended, and the retries.
pub(super) async fn steps_of(session: &mut dyn Session, table: &str, run_id: &str) -> Result<Steps, DatabaseError> {
    let rows = counted::live(session, table, |sql, live| {
        format!(
            "SELECT kind, version, outcome, elapsed_ms FROM {table} WHERE {live} AND kind IN ('{MIGRATION}', '{RETRY}') AND run_id = {} \
         AND outcome <> '{EXECUTING}' ORDER BY started_at, id",
            sql.literal(&Value::Text(run_id.to_owned())),
        )
    });
    let mut steps = Steps::default();
    for row in rows.await?.unwrap_or_default() {
        let mut columns = row.into_iter();
        let mut next = || columns.next().flatten();
        let (kind, version, word) = (next(), next().unwrap_or_default(), next());
        if kind.as_deref() == Some(RETRY) {
            word.as_deref().and_then(RetryReason::read).into_iter().for_each(|reason| steps.tried_again(reason));
        } else {
            steps.add(&version, outcome(word), milliseconds(next()));
        }
    }
    Ok(steps)
}
