//! The row of an attempt at a migration.

use super::Journal;
use super::kind::{EXECUTING, MIGRATION, word};
use super::reached;
use super::record::{Entry, kept};
use super::values::{new_id, text};
use crate::database::{Sql, Value};
use crate::history::went_alone;
use crate::ledger::Elapsed;
use crate::migration::Checksum;
use crate::plan::Step;
use crate::report::{Failure, Outcome, PartialEffect};

/// How an attempt ended.
#[derive(Clone, Copy)]
pub(crate) struct AttemptEnd<'e> {
    pub(crate) step: &'e Step<'e>,
    /// The number of its statements that have taken effect.
    pub(crate) done: usize,
    pub(crate) elapsed: Elapsed,
    pub(crate) failure: Option<(&'e Failure, Outcome)>,
}

impl<'e> AttemptEnd<'e> {
    /// The end of an attempt that has succeeded.
    pub(crate) fn success(step: &'e Step<'e>, elapsed: Elapsed) -> Self {
        Self { step, done: step.statements().len(), elapsed, failure: None }
    }
}

impl Journal<'_> {
    /// An id for a row that may have to be looked up.
    pub(crate) fn new_id() -> String {
        new_id()
    }

    /// A query for the outcome of an attempt, and for the number of its statements that have taken effect.
    pub(crate) fn outcome_of(&self, sql: &dyn Sql, id: &str) -> String {
        let id = sql.literal(&text(id));
        format!("SELECT outcome, statements_done FROM {} WHERE id = {id}", self.table(sql))
    }

    /// SQL that records the start of a non-atomic attempt, and its id. The row counts as half-way until the attempt ends.
    pub(crate) fn attempt_started(&self, sql: &dyn Sql, step: &Step<'_>) -> (String, String) {
        let id = new_id();
        let progress = step.progress(step.done).checksum();
        let mut columns = self.columns(
            sql,
            &Entry {
                step: Some(step),
                half_way: true,
                done: step.done,
                total: step.statements().len(),
                ..Entry::of(MIGRATION, &id)
            },
        );
        columns.push(("done_checksum", text(progress.as_str())));
        (id, self.insertion(sql, &[columns]))
    }

    /// SQL that records how many statements of an attempt have taken effect, and their checksum.
    pub(crate) fn attempt_advanced(&self, sql: &dyn Sql, id: &str, done: usize, progress: &Checksum) -> String {
        format!(
            "UPDATE {table} SET statements_done = {done}, done_checksum = '{progress}' WHERE id = {id}",
            table = self.table(sql),
            id = sql.literal(&text(id)),
        )
    }

    /// SQL that records, before a statement is sent, that it runs outside of a transaction because the server refused it inside one. Its
    /// progress record cannot be committed together with it.
    pub(crate) fn attempt_alone(&self, sql: &dyn Sql, id: &str, index: usize) -> String {
        format!(
            "UPDATE {table} SET error_text = {alone} WHERE id = {id}",
            table = self.table(sql),
            alone = sql.literal(&text(&went_alone(index))),
            id = sql.literal(&text(id)),
        )
    }

    /// SQL that completes a non-atomic attempt, unless a commit whose answer was lost has already completed it.
    pub(crate) fn attempt_finished(&self, sql: &dyn Sql, id: &str, end: &AttemptEnd<'_>) -> String {
        let AttemptEnd { step, done, elapsed, failure } = *end;
        let half_way = failure.is_some_and(|(failure, _)| failure.remains != PartialEffect::Nothing);
        format!(
            "UPDATE {table} SET outcome = '{outcome}', half_way = {half_way}, statements_done = {done}, \
             done_checksum = '{progress}', error_code = {code}, error_text = {text}, reason = {reason}, finished_at = {now}, elapsed_ms = {elapsed} \
             WHERE id = {id} AND outcome = '{EXECUTING}'",
            table = self.table(sql),
            outcome = word(failure.map_or(Outcome::Success, |(_, outcome)| outcome)),
            progress = step.progress(done).checksum(),
            half_way = sql.literal(&Value::Bool(half_way)),
            reason = sql.literal(&reached::reason(step, failure.map(|(failure, _)| failure.remains))),
            code = sql.literal(&Value::text_or_null(failure.map(|(failure, _)| failure.error_type()))),
            text = sql.literal(&Value::text_or_null(failure.map(|(failure, _)| kept(sql, Some(step), failure)))),
            now = sql.literal(&Value::Now),
            elapsed = sql.literal(&elapsed.milliseconds()),
            id = sql.literal(&text(id)),
        )
    }

    /// SQL that records a whole attempt in one row, after it has succeeded or left nothing behind.
    pub(crate) fn attempt(&self, sql: &dyn Sql, id: &str, end: &AttemptEnd<'_>) -> String {
        let AttemptEnd { step, done, elapsed, failure } = *end;
        let started = match elapsed {
            Elapsed::Measured(duration) => Value::Ago(duration),
            Elapsed::SinceBegin { before } => Value::BeforeBegin(before),
        };
        self.insert(
            sql,
            &Entry {
                id,
                kind: MIGRATION,
                name: None,
                step: Some(step),
                outcome: word(failure.map_or(Outcome::Success, |(_, outcome)| outcome)),
                half_way: false,
                done,
                total: step.statements().len(),
                failure: failure.map(|(failure, _)| failure),
                started,
                finished: Some(elapsed),
            },
        )
    }
}
