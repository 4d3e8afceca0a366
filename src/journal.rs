//! Our record of every run and every attempt of a migration: the evidence after a crash and the source of durable counters.
//!
//! Rows are added and never removed. The row of a non-atomic attempt is advanced while the attempt runs; once it has
//! finished nobody touches it, but for a person who settles a half-way migration by setting `half_way` to false.

use crate::database::{DatabaseError, Row, Session, Value};
use crate::event::RunContext;
use crate::history::{Attempt, Direction, State};
use crate::ledger::{Elapsed, bare_name, qualified, rows_if_table};
use crate::migration::Version;
use crate::plan::Step;
use crate::report::{Failure, Outcome, Remains};

/// The word in `outcome` for what has not ended yet.
const EXECUTING: &str = "executing";

/// The journal of one run.
pub(crate) struct Journal<'a> {
    name: &'a str,
    context: &'a RunContext,
}

impl<'a> Journal<'a> {
    pub(crate) fn new(name: &'a str, context: &'a RunContext) -> Self {
        Self { name, context }
    }

    /// SQL that makes the table where it does not exist.
    pub(crate) fn create(&self, session: &dyn Session) -> Vec<String> {
        let index = session.abilities().partial_index.then(|| {
            // Every run asks what is half-way, and nearly always nothing is.
            let name = session.quote(&format!("{}_half_way", bare_name(self.name)));
            format!("CREATE INDEX IF NOT EXISTS {name} ON {} (started_at) WHERE half_way", self.table(session))
        });
        let table = format!(
            "CREATE TABLE IF NOT EXISTS {table} (\n  \
               id VARCHAR(36) NOT NULL PRIMARY KEY,\n  \
               kind VARCHAR(16) NOT NULL,\n  \
               run_id VARCHAR(36) NOT NULL,\n  \
               trace_id VARCHAR(32),\n  \
               direction VARCHAR(8) NOT NULL,\n  \
               version VARCHAR(255),\n  \
               name VARCHAR(255),\n  \
               checksum VARCHAR(64),\n  \
               atomic BOOLEAN,\n  \
               outcome VARCHAR(16) NOT NULL,\n  \
               half_way BOOLEAN NOT NULL,\n  \
               statements_done INTEGER NOT NULL,\n  \
               statements_total INTEGER NOT NULL,\n  \
               error_code VARCHAR(32),\n  \
               error_text TEXT,\n  \
               started_at {timestamp} NOT NULL,\n  \
               finished_at {timestamp},\n  \
               elapsed_ms BIGINT,\n  \
               operator VARCHAR(255),\n  \
               host VARCHAR(255),\n  \
               pod VARCHAR(255),\n  \
               tool_version VARCHAR(32) NOT NULL\n){suffix}",
            table = self.table(session),
            timestamp = session.abilities().timestamp,
            suffix = session.abilities().table_suffix,
        );
        [Some(table), index].into_iter().flatten().collect()
    }

    /// SQL for the row of this run, written when it starts; its id is the run's.
    pub(crate) fn run_started(&self, session: &dyn Session, steps: usize) -> String {
        self.insert(
            session,
            &Entry {
                id: &self.context.run_id,
                kind: "run",
                step: None,
                outcome: EXECUTING,
                half_way: false,
                done: 0,
                total: steps,
                failure: None,
                started: Value::Now,
                finished: None,
            },
        )
    }

    /// SQL that completes the row of this run.
    pub(crate) fn run_finished(
        &self,
        session: &dyn Session,
        outcome: Outcome,
        steps_done: usize,
        elapsed: std::time::Duration,
    ) -> String {
        format!(
            "UPDATE {table} SET outcome = '{outcome}', statements_done = {steps_done}, finished_at = {now}, \
             elapsed_ms = {elapsed} WHERE id = {id}",
            table = self.table(session),
            outcome = word(outcome),
            now = session.literal(&Value::Now),
            elapsed = elapsed.as_millis(),
            id = session.literal(&Value::Text(self.context.run_id.clone())),
        )
    }

    /// SQL for a whole attempt in one row, when it has succeeded or left nothing behind.
    pub(crate) fn attempt(
        &self,
        session: &dyn Session,
        step: &Step<'_>,
        elapsed: Elapsed,
        failure: Option<(&Failure, Outcome)>,
    ) -> String {
        let started = match elapsed {
            Elapsed::Measured(duration) => Value::Ago(duration),
            Elapsed::SinceBegin => Value::Begun,
        };
        self.insert(
            session,
            &Entry {
                id: &new_id(),
                kind: "migration",
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

    /// SQL for the start of a non-atomic attempt, and its id: half-way from now on, until it says otherwise.
    pub(crate) fn attempt_started(&self, session: &dyn Session, step: &Step<'_>) -> (String, String) {
        let id = new_id();
        let sql = self.insert(
            session,
            &Entry {
                id: &id,
                kind: "migration",
                step: Some(step),
                outcome: EXECUTING,
                half_way: true,
                done: 0,
                total: step.statements().len(),
                failure: None,
                started: Value::Now,
                finished: None,
            },
        );
        (id, sql)
    }

    /// SQL that says how many statements of an attempt have taken effect.
    pub(crate) fn attempt_advanced(&self, session: &dyn Session, id: &str, done: usize) -> String {
        format!(
            "UPDATE {} SET statements_done = {done} WHERE id = {}",
            self.table(session),
            session.literal(&Value::Text(id.to_owned())),
        )
    }

    /// SQL that completes a non-atomic attempt, unless it was completed by a commit that we did not hear of.
    pub(crate) fn attempt_finished(
        &self,
        session: &dyn Session,
        id: &str,
        done: usize,
        elapsed: std::time::Duration,
        failure: Option<(&Failure, Outcome)>,
    ) -> String {
        let half_way = failure.is_some_and(|(failure, _)| failure.remains != Remains::Nothing);
        format!(
            "UPDATE {table} SET outcome = '{outcome}', half_way = {half_way}, statements_done = {done}, \
             error_code = {code}, error_text = {text}, finished_at = {now}, elapsed_ms = {elapsed} \
             WHERE id = {id} AND outcome = '{EXECUTING}'",
            table = self.table(session),
            outcome = word(failure.map_or(Outcome::Success, |(_, outcome)| outcome)),
            half_way = session.literal(&Value::Bool(half_way)),
            code = session.literal(&Value::text_or_null(failure.and_then(|(failure, _)| failure.code.clone()))),
            text = session.literal(&Value::text_or_null(failure.map(|(failure, _)| failure.message.clone()))),
            now = session.literal(&Value::Now),
            elapsed = elapsed.as_millis(),
            id = session.literal(&Value::Text(id.to_owned())),
        )
    }

    fn table(&self, session: &dyn Session) -> String {
        qualified(session, self.name)
    }

    fn insert(&self, session: &dyn Session, entry: &Entry<'_>) -> String {
        let text = |text: &str| Value::Text(text.to_owned());
        let operator = &self.context.operator;
        let migration = entry.step.map(|step| step.migration);
        let direction = entry.step.map_or(self.context.command.word(), |step| step.direction.word());
        let elapsed = match entry.finished {
            Some(Elapsed::Measured(duration)) => Value::Int(duration.as_millis().try_into().unwrap_or(i64::MAX)),
            Some(Elapsed::SinceBegin) => Value::MillisecondsSinceBegin,
            None => Value::Null,
        };
        let columns = [
            ("id", text(entry.id)),
            ("kind", text(entry.kind)),
            ("run_id", text(&self.context.run_id)),
            ("trace_id", Value::text_or_null(self.context.trace.as_ref().map(|trace| trace.trace_id_hex()))),
            ("direction", text(direction)),
            ("version", Value::text_or_null(migration.map(|migration| migration.version.canonical()))),
            ("name", Value::text_or_null(migration.map(|migration| migration.name.clone()))),
            ("checksum", Value::text_or_null(entry.step.map(|step| step.script.checksum.as_str()))),
            ("atomic", entry.step.map_or(Value::Null, |step| Value::Bool(step.atomic.is_yes()))),
            ("outcome", text(entry.outcome)),
            ("half_way", Value::Bool(entry.half_way)),
            ("statements_done", count(entry.done)),
            ("statements_total", count(entry.total)),
            ("error_code", Value::text_or_null(entry.failure.and_then(|failure| failure.code.clone()))),
            ("error_text", Value::text_or_null(entry.failure.map(|failure| failure.message.clone()))),
            ("started_at", entry.started.clone()),
            ("finished_at", entry.finished.map_or(Value::Null, |_| Value::Now)),
            ("elapsed_ms", elapsed),
            ("operator", Value::text_or_null(operator.user.clone())),
            ("host", Value::text_or_null(operator.host.clone())),
            ("pod", Value::text_or_null(operator.pod.clone())),
            ("tool_version", text(self.context.tool_version)),
        ];
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let values: Vec<String> = columns.iter().map(|(_, value)| session.literal(value)).collect();
        format!("INSERT INTO {} ({}) VALUES ({})", self.table(session), names.join(", "), values.join(", "))
    }
}

/// Attempts that left something behind and that nobody has settled, oldest first.
pub(crate) async fn unsettled(session: &mut dyn Session, name: &str) -> Result<Vec<Attempt>, DatabaseError> {
    let sql = format!(
        "SELECT id, run_id, version, name, direction, outcome, statements_done, statements_total, error_code, \
         error_text, {started} FROM {table} WHERE half_way ORDER BY started_at, id",
        started = session.timestamp_text("started_at"),
        table = qualified(session, name),
    );
    let rows = rows_if_table(session, &sql).await?.unwrap_or_default();
    Ok(rows.into_iter().map(attempt).collect())
}

struct Entry<'e> {
    id: &'e str,
    kind: &'static str,
    step: Option<&'e Step<'e>>,
    outcome: &'static str,
    half_way: bool,
    done: usize,
    total: usize,
    failure: Option<&'e Failure>,
    started: Value,
    finished: Option<Elapsed>,
}

/// The journal's word for an outcome, for people who read it with plain SQL.
fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Cancellation => "interrupted",
        outcome => outcome.word(),
    }
}

fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn count(number: usize) -> Value {
    Value::Int(number.try_into().unwrap_or(i64::MAX))
}

fn attempt(row: Row) -> Attempt {
    let mut columns = row.into_iter();
    let mut next = || columns.next().flatten();
    let number = |text: Option<String>| text.and_then(|text| text.parse().ok()).unwrap_or_default();
    let id = next().unwrap_or_default();
    let run_id = next().unwrap_or_default();
    let version = Version::from_history(&next().unwrap_or_default());
    let name = next().unwrap_or_default();
    let direction = if next().as_deref() == Some("down") { Direction::Down } else { Direction::Up };
    let executing = next().as_deref() == Some(EXECUTING);
    let done = number(next());
    let total = number(next());
    let state = if executing { State::Unfinished } else { State::Failed { statement: done + 1 } };
    Attempt {
        id,
        run_id,
        version,
        name,
        direction,
        state,
        done,
        total,
        error_code: next(),
        error_text: next(),
        started_at: next().unwrap_or_default(),
    }
}
