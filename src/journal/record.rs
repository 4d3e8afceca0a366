//! SQL for rows of the journal.

use super::Journal;
use super::kind::EXECUTING;
use super::values::{count, text};
use crate::database::{Sql, Value};
use crate::ledger::Elapsed;
use crate::plan::Step;
use crate::report::{Failure, Stage};
use crate::script;

/// The maximum length of a stored message, in characters: a text column of MySQL has at most 65,535 bytes.
const LONGEST_MESSAGE: usize = 8000;

impl Journal<'_> {
    pub(super) fn insert(&self, sql: &dyn Sql, entry: &Entry<'_>) -> String {
        self.insertion(sql, &[self.columns(sql, entry)])
    }

    /// SQL that inserts rows with the same columns.
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
        let direction = entry.step.map_or(self.command.word(), |step| step.direction.word());
        let elapsed = entry.finished.map_or(Value::Null, Elapsed::milliseconds);
        vec![
            ("id", text(entry.id)),
            ("kind", text(entry.kind)),
            ("run_id", text(&self.context.run_id)),
            ("trace_id", Value::text_or_null(self.context.trace.as_ref().map(|trace| trace.trace_id_hex()))),
            ("direction", text(direction)),
            ("version", Value::text_or_null(migration.map(|migration| migration.key.canonical().into_owned()))),
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
    /// The name in a row without a step.
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
    /// A row of something that starts now.
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

    pub(super) fn of_check(id: &'e str, check: &'e crate::report::CheckReport) -> Self {
        Self {
            name: Some(&check.name),
            outcome: check.status.word(),
            started: Value::Ago(check.elapsed),
            finished: Some(Elapsed::Measured(check.elapsed)),
            ..Self::of(super::kind::CHECK, id)
        }
    }
}

/// The message of a failure as the journal stores it: without literals of statements that contain a secret. The error of a commit may quote
/// any of them.
pub(super) fn kept(sql: &dyn Sql, step: Option<&Step<'_>>, failure: &Failure) -> String {
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

/// The message without the literals of the statement at `index`, if that contains a secret.
pub(super) fn without_secrets(sql: &dyn Sql, step: Option<&Step<'_>>, index: usize, message: &str) -> String {
    let Some(step) = step else { return message.to_owned() };
    let escapes = step.statements()[index].backslash_escapes;
    script::without_secrets(message, step.text(index), sql.capabilities().dialect, escapes)
}
