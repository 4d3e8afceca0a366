//! SQL for the row of a run, and for those of its health checks.

use std::time::Duration;

use super::Journal;
use super::executing::Executing;
use super::kind::{EXECUTING, RUN, word};
use super::record::Entry;
use super::values::{count, new_id, text};
use crate::database::{Sql, Value};
use crate::error::Error;
use crate::plan::RefusalReason;
use crate::report::{CheckStatus, HealthReport, Outcome, RowsAffected, Stages};

impl Journal<'_> {
    /// SQL that inserts the row of this run, before its first step; `since` is the time since the run started. The row's id is that of the
    /// run.
    pub(crate) fn run_started(&self, sql: &dyn Sql, steps: usize, since: Duration) -> String {
        let id = &self.context.run_id;
        self.insert(sql, &Entry { total: steps, started: Value::Ago(since), ..Entry::of(RUN, id) })
    }

    /// SQL that completes the row of this run, unless another run has marked it as vanished.
    pub(crate) fn run_finished(&self, sql: &dyn Sql, ending: &Ending<'_>) -> String {
        let set = ending.columns().map(|(name, value)| format!("{name} = {}", sql.literal(&value))).join(", ");
        format!(
            "UPDATE {table} SET {set} WHERE id = {id} AND outcome = '{EXECUTING}'",
            table = self.table(sql),
            id = sql.literal(&text(&self.context.run_id)),
        )
    }

    /// SQL that inserts the complete row of a run that took no step: it had nothing to do, or was refused.
    pub(crate) fn run_whole(&self, sql: &dyn Sql, ending: &Ending<'_>) -> String {
        let id = &self.context.run_id;
        let entry = Entry { started: Value::Ago(ending.elapsed), ..Entry::of(RUN, id) };
        let mut columns = self.columns(sql, &entry);
        for (name, value) in ending.columns() {
            columns.retain(|(other, _)| *other != name);
            columns.push((name, value));
        }
        self.insertion(sql, &[columns])
    }

    /// SQL that inserts the rows of this run's health checks; `None` if none ran.
    pub(crate) fn checks(&self, sql: &dyn Sql, report: &HealthReport) -> Option<String> {
        let made = report.checks.iter().filter(|check| check.status != CheckStatus::Skipped);
        let rows: Vec<_> = made.map(|check| self.columns(sql, &Entry::of_check(&new_id(), check))).collect();
        (!rows.is_empty()).then(|| self.insertion(sql, &rows))
    }

    /// SQL that marks the unfinished rows of other runs as vanished; `None` if there are none. Only the holder of the lock may execute it.
    pub(crate) fn mark_vanished(&self, sql: &dyn Sql, open: &[Executing]) -> Option<String> {
        let lost = open.iter().filter(|one| one.run_id != self.context.run_id);
        let ids: Vec<_> = lost.map(|one| sql.literal(&text(&one.id))).collect();
        (!ids.is_empty()).then(|| {
            format!(
                "UPDATE {table} SET outcome = '{vanished}', finished_at = {now} WHERE outcome = '{EXECUTING}' AND id IN ({ids})",
                table = self.table(sql),
                vanished = word(Outcome::Vanished),
                now = sql.literal(&Value::Now),
                ids = ids.join(", "),
            )
        })
    }
}

/// How a run ended, as its row records it.
pub(crate) struct Ending<'e> {
    pub(crate) outcome: Outcome,
    /// Its error, if it did not succeed.
    pub(crate) error: Option<&'e Error>,
    /// The number of steps that succeeded.
    pub(crate) steps_done: usize,
    /// The time since it started.
    pub(crate) elapsed: Duration,
    /// How long each stage took.
    pub(crate) stages: Stages,
    /// How often acquiring the lock was retried.
    pub(crate) lock_retries: u32,
    /// The rows that its migrations have changed.
    pub(crate) rows: RowsAffected,
}

impl Ending<'_> {
    fn columns(&self) -> [(&'static str, Value); 17] {
        let Stages { connect, lock, plan, apply, health } = self.stages;
        let RowsAffected { inserted, updated, deleted, other } = self.rows;
        let rows = |number: u64| Value::Int(number.try_into().unwrap_or(i64::MAX));
        let reasons = self.error.map(Error::refusal_reasons).unwrap_or_default();
        [
            ("outcome", text(word(self.outcome))),
            ("statements_done", count(self.steps_done)),
            ("error_code", Value::text_or_null(self.error.map(Error::kind))),
            ("error_text", Value::text_or_null(self.error.map(ToString::to_string))),
            ("reason", Value::text_or_null(RefusalReason::joined(&reasons))),
            ("finished_at", Value::Now),
            ("elapsed_ms", Value::Milliseconds(self.elapsed)),
            ("connect_ms", Value::Milliseconds(connect)),
            // A run without the lock has no waiting time.
            ("lock_ms", if lock.is_zero() { Value::Null } else { Value::Milliseconds(lock) }),
            ("plan_ms", Value::Milliseconds(plan)),
            ("apply_ms", Value::Milliseconds(apply)),
            ("health_ms", Value::Milliseconds(health)),
            ("lock_retries", Value::Int(self.lock_retries.into())),
            ("rows_inserted", rows(inserted)),
            ("rows_updated", rows(updated)),
            ("rows_deleted", rows(deleted)),
            ("rows_other", rows(other)),
        ]
    }
}
