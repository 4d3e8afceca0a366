//! Rows without an end: of a run that is executing, or of one whose process is dead and that no later run has marked yet.

use std::time::{Duration, SystemTime};

use super::last_run::Steps;
use super::running::Running;
use super::values::{moment, number};
use super::{EXECUTING, RUN, counted};
use crate::database::{DatabaseError, Row, Session, Value};
use crate::history::{self, Direction, RunningAttempt};
use crate::ledger::qualified;
use crate::migration::Key;
use crate::report::Outcome;

/// A row of a run or an attempt that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Executing {
    pub(crate) id: String,
    pub(crate) is_run: bool,
    pub(crate) run_id: String,
    /// The command of a run, or the direction of an attempt.
    word: String,
    pub(super) key: Key,
    name: String,
    done: u32,
    total: u32,
    pub(super) began: SystemTime,
    began_at: String,
    elapsed: Duration,
    pub(super) trace_id: Option<String>,
    operator: Option<String>,
    host: Option<String>,
    pod: Option<String>,
}

impl Executing {
    pub(super) fn direction(&self) -> Direction {
        Direction::of(&self.word)
    }

    /// Whether the run of this row has taken all its steps; `steps` are those that it has ended.
    pub(super) fn has_taken(&self, steps: &Steps) -> bool {
        steps.outcomes.get(&Outcome::Success).copied().unwrap_or_default() >= u64::from(self.total)
    }

    /// The run of this row, which is executing `attempt` and has ended `steps`.
    pub(crate) fn running(&self, attempt: Option<&Self>, steps: &Steps, certain: bool) -> history::Running {
        let done = steps.outcomes.get(&Outcome::Success).copied().unwrap_or_default();
        history::Running {
            run_id: self.run_id.clone(),
            command: self.word.clone(),
            direction: self.direction(),
            began: self.began_at.clone(),
            elapsed: self.elapsed,
            migrations: self.total,
            migrations_done: done.try_into().unwrap_or(u32::MAX),
            attempt: attempt.map(Self::attempt),
            operator: self.operator.clone(),
            host: self.host.clone(),
            pod: self.pod.clone(),
            certain,
        }
    }

    /// The same run for the counters.
    pub(crate) fn counted(&self, attempt: Option<&Self>, steps: Steps, lock_held: Option<bool>) -> Running {
        let run = self.running(attempt, &steps, lock_held == Some(true));
        let (run_id, retries) = (self.run_id.clone(), steps.retries);
        Running { run_id, direction: self.direction(), began: self.began, lock_held, retries, run }
    }

    fn attempt(&self) -> RunningAttempt {
        RunningAttempt {
            key: self.key.clone(),
            name: self.name.clone(),
            direction: self.direction(),
            done: self.done,
            total: self.total,
            began: self.began_at.clone(),
            elapsed: self.elapsed,
        }
    }
}

/// The rows of everything that has not ended, oldest first.
pub(crate) async fn executing(session: &mut dyn Session, name: &str) -> Result<Vec<Executing>, DatabaseError> {
    let table = qualified(session.sql(), name);
    let rows = counted::live(session, &table, |sql, live| {
        format!(
            "SELECT id, kind, run_id, direction, version, name, statements_done, statements_total, {began}, {now}, trace_id, \
         operator, host, pod FROM {table} WHERE {live} AND outcome = '{EXECUTING}' ORDER BY started_at, id",
            began = sql.timestamp_text("started_at"),
            now = sql.timestamp_text(&sql.literal(&Value::Now)),
        )
    });
    Ok(rows.await?.unwrap_or_default().into_iter().map(row).collect())
}

fn row(row: Row) -> Executing {
    let mut columns = row.into_iter();
    let mut next = || columns.next().flatten();
    let mut executing = Executing {
        id: next().unwrap_or_default(),
        is_run: next().as_deref() == Some(RUN),
        run_id: next().unwrap_or_default(),
        word: next().unwrap_or_default(),
        key: Key::from_history(&next().unwrap_or_default()),
        name: next().unwrap_or_default(),
        done: number(next()),
        total: number(next()),
        began: SystemTime::UNIX_EPOCH,
        began_at: next().unwrap_or_default(),
        elapsed: Duration::ZERO,
        trace_id: None,
        operator: None,
        host: None,
        pod: None,
    };
    executing.began = moment(Some(executing.began_at.clone())).unwrap_or(SystemTime::UNIX_EPOCH);
    let now = moment(next());
    executing.elapsed = now.and_then(|now| now.duration_since(executing.began).ok()).unwrap_or_default();
    executing.trace_id = next();
    executing.operator = next();
    executing.host = next();
    executing.pod = next();
    executing
}
