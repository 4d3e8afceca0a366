//! The rows of runs and attempts as SQL.

use std::time::Duration;

use super::{CHECK, EXECUTING, Executing, Journal, MIGRATION, RUN, reached, word};
use crate::database::{Sql, Value};
use crate::error::Error;
use crate::history::went_alone;
use crate::ledger::Elapsed;
use crate::migration::Checksum;
use crate::plan::{RefusalReason, Step};
use crate::report::{CheckReport, CheckStatus, Failure, HealthReport, Outcome, Remains, RowsAffected, Stage, Stages};
use crate::script;

/// The longest message that is kept, in characters: a column of MySQL takes 65,535 bytes.
const LONGEST_MESSAGE: usize = 8000;

impl Journal<'_> {
    /// SQL for the row of this run, written when it begins to work, `since` after it was started; its id is the run's.
    pub(crate) fn run_started(&self, sql: &dyn Sql, steps: usize, since: Duration) -> String {
        let id = &self.context.run_id;
        self.insert(sql, &Entry { total: steps, started: Value::Ago(since), ..Entry::of(RUN, id) })
    }

    /// SQL that completes the row of this run, unless somebody has given it up for lost.
    pub(crate) fn run_finished(&self, sql: &dyn Sql, ending: &Ending<'_>) -> String {
        let set = ending.columns().map(|(name, value)| format!("{name} = {}", sql.literal(&value))).join(", ");
        format!(
            "UPDATE {table} SET {set} WHERE id = {id} AND outcome = '{EXECUTING}'",
            table = self.table(sql),
            id = sql.literal(&text(&self.context.run_id)),
        )
    }

    /// SQL for the whole row of a run that took no step: it had nothing to do, or was not let.
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

    /// SQL for the rows of the health checks of this run; `None` where none was made.
    pub(crate) fn checks(&self, sql: &dyn Sql, report: &HealthReport) -> Option<String> {
        let made = report.checks.iter().filter(|check| check.status != CheckStatus::Skipped);
        let rows: Vec<_> = made.map(|check| self.columns(sql, &Entry::of_check(&new_id(), check))).collect();
        (!rows.is_empty()).then(|| self.insertion(sql, &rows))
    }

    /// SQL that marks what other runs have left unfinished, as having ended by now; `None` where there is nothing. Right only for the holder of
    /// the lock.
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

    /// SQL for a whole attempt in one row, when it has succeeded or left nothing behind.
    pub(crate) fn attempt(
        &self,
        sql: &dyn Sql,
        id: &str,
        step: &Step<'_>,
        elapsed: Elapsed,
        failure: Option<(&Failure, Outcome)>,
    ) -> String {
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
                done: failure.map_or(step.statements().len(), |_| 0),
                total: step.statements().len(),
                failure: failure.map(|(failure, _)| failure),
                started,
                finished: Some(elapsed),
            },
        )
    }

    /// A key for a row that somebody may have to look for.
    pub(crate) fn new_id() -> String {
        new_id()
    }

    /// SQL that asks how an attempt ended, and how many of its statements have taken effect.
    pub(crate) fn outcome_of(&self, sql: &dyn Sql, id: &str) -> String {
        let id = sql.literal(&text(id));
        format!("SELECT outcome, statements_done FROM {} WHERE id = {id}", self.table(sql))
    }

    /// SQL for the start of a non-atomic attempt, and its id: half-way from now on, until it says otherwise.
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

    /// SQL that says how many statements of an attempt have taken effect, and the checksum of these.
    pub(crate) fn attempt_advanced(&self, sql: &dyn Sql, id: &str, done: usize, progress: &Checksum) -> String {
        format!(
            "UPDATE {table} SET statements_done = {done}, done_checksum = '{progress}' WHERE id = {id}",
            table = self.table(sql),
            id = sql.literal(&text(id)),
        )
    }

    /// SQL that says, before it is sent, that a statement goes out alone although its text does not tell: it cannot be noted together
    /// with it that it has run.
    pub(crate) fn attempt_alone(&self, sql: &dyn Sql, id: &str, index: usize) -> String {
        format!(
            "UPDATE {table} SET error_text = {alone} WHERE id = {id}",
            table = self.table(sql),
            alone = sql.literal(&text(&went_alone(index))),
            id = sql.literal(&text(id)),
        )
    }

    /// SQL that completes a non-atomic attempt, unless it was completed by a commit that we did not hear of.
    pub(crate) fn attempt_finished(
        &self,
        sql: &dyn Sql,
        id: &str,
        (step, done): (&Step<'_>, usize),
        elapsed: Duration,
        failure: Option<(&Failure, Outcome)>,
    ) -> String {
        let half_way = failure.is_some_and(|(failure, _)| failure.remains != Remains::Nothing);
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
            elapsed = sql.literal(&Value::Milliseconds(elapsed)),
            id = sql.literal(&text(id)),
        )
    }

    fn insert(&self, sql: &dyn Sql, entry: &Entry<'_>) -> String {
        self.insertion(sql, &[self.columns(sql, entry)])
    }

    /// All rows have the same columns.
    pub(super) fn insertion(&self, sql: &dyn Sql, rows: &[Vec<(&str, Value)>]) -> String {
        let names: Vec<&str> = rows.iter().take(1).flatten().map(|(name, _)| *name).collect();
        let row = |columns: &Vec<(&str, Value)>| {
            let values: Vec<String> = columns.iter().map(|(_, value)| sql.literal(value)).collect();
            format!("({})", values.join(", "))
        };
        let rows: Vec<String> = rows.iter().map(row).collect();
        format!("INSERT INTO {} ({}) VALUES {}", self.table(sql), names.join(", "), rows.join(", "))
    }

    pub(super) fn columns(&self, sql: &dyn Sql, entry: &Entry<'_>) -> Vec<(&'static str, Value)> {
        let operator = &self.context.operator;
        let migration = entry.step.map(|step| step.migration);
        let direction = entry.step.map_or(self.context.command.word(), |step| step.direction.word());
        let elapsed = match entry.finished {
            Some(Elapsed::Measured(duration)) => Value::Milliseconds(duration),
            Some(Elapsed::SinceBegin { before }) => Value::MillisecondsSinceBegin(before),
            None => Value::Null,
        };
        vec![
            ("id", text(entry.id)),
            ("kind", text(entry.kind)),
            ("run_id", text(&self.context.run_id)),
            ("trace_id", Value::text_or_null(self.context.trace.as_ref().map(|trace| trace.trace_id_hex()))),
            ("direction", text(direction)),
            ("version", Value::text_or_null(migration.map(|migration| migration.version.canonical()))),
            ("name", Value::text_or_null(entry.name.or_else(|| migration.map(|migration| migration.name.as_str())))),
            ("checksum", Value::text_or_null(entry.step.map(|step| step.script.checksum().as_str()))),
            ("atomic", entry.step.map_or(Value::Null, |step| Value::Bool(step.atomic.is_yes()))),
            ("outcome", text(entry.outcome)),
            ("half_way", Value::Bool(entry.half_way)),
            ("statements_done", count(entry.done)),
            ("statements_total", count(entry.total)),
            ("error_code", Value::text_or_null(entry.failure.map(Failure::error_type))),
            ("error_text", Value::text_or_null(entry.failure.map(|failure| kept(sql, entry.step, failure)))),
            ("started_at", entry.started.clone()),
            ("finished_at", entry.finished.map_or(Value::Null, |_| Value::Now)),
            ("elapsed_ms", elapsed),
            ("operator", Value::text_or_null(operator.user.clone())),
            ("host", Value::text_or_null(operator.host.clone())),
            ("pod", Value::text_or_null(operator.pod.clone())),
            ("tool_version", text(self.context.tool_version)),
        ]
    }
}

pub(super) struct Entry<'e> {
    pub(super) id: &'e str,
    pub(super) kind: &'static str,
    /// Of what has no step to be named by.
    pub(super) name: Option<&'e str>,
    pub(super) step: Option<&'e Step<'e>>,
    pub(super) outcome: &'static str,
    pub(super) half_way: bool,
    pub(super) done: usize,
    pub(super) total: usize,
    pub(super) failure: Option<&'e Failure>,
    pub(super) started: Value,
    pub(super) finished: Option<Elapsed>,
}

impl<'e> Entry<'e> {
    /// A row of something that begins now.
    pub(super) fn of(kind: &'static str, id: &'e str) -> Self {
        Self {
            id,
            kind,
            name: None,
            step: None,
            outcome: EXECUTING,
            half_way: false,
            done: 0,
            total: 0,
            failure: None,
            started: Value::Now,
            finished: None,
        }
    }

    fn of_check(id: &'e str, check: &'e CheckReport) -> Self {
        Self {
            name: Some(&check.name),
            outcome: check.status.word(),
            started: Value::Ago(check.elapsed),
            finished: Some(Elapsed::Measured(check.elapsed)),
            ..Self::of(CHECK, id)
        }
    }
}

/// How a run ended, as its row will say.
pub(crate) struct Ending<'e> {
    pub(crate) outcome: Outcome,
    /// Why, where it did not succeed.
    pub(crate) error: Option<&'e Error>,
    /// Steps that succeeded.
    pub(crate) steps_done: usize,
    /// Since it was started.
    pub(crate) elapsed: Duration,
    /// Where that time went.
    pub(crate) stages: Stages,
    /// How often the lock was asked for again.
    pub(crate) lock_retries: u32,
    /// What its migrations have changed.
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
            // Whoever did not ask for the lock did not wait for it.
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

/// The message of a failure as the journal keeps it: without literals of statements that carry a secret. At a commit it may quote any of them.
fn kept(sql: &dyn Sql, step: Option<&Step<'_>>, failure: &Failure) -> String {
    let statements = step.map_or(0, |step| step.statements().len());
    let statements = match (failure.stage, failure.statement.map(|number| number as usize)) {
        (Stage::Statement, Some(number)) => number.saturating_sub(1)..number.min(statements),
        (Stage::Before, _) => 0..0,
        _ => 0..statements,
    };
    let message =
        statements.fold(failure.message.clone(), |message, index| without_secrets(sql, step, index, &message));
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message,
    }
}

/// The message without literals of the statement at `index`, where that carries a secret.
pub(super) fn without_secrets(sql: &dyn Sql, step: Option<&Step<'_>>, index: usize, message: &str) -> String {
    let Some(step) = step else { return message.to_owned() };
    let escapes = step.statements()[index].backslash_escapes;
    script::without_secrets(message, step.text(index), sql.abilities().dialect, escapes)
}

pub(super) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn count(number: usize) -> Value {
    Value::Int(number.try_into().unwrap_or(i64::MAX))
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
