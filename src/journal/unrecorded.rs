//! Ends of runs that could not be recorded at the time, because the database was unreachable or full.

use std::time::{Duration, SystemTime};

use super::values::text;
use super::{EXECUTING, Journal, word};
use crate::database::{Sql, Value};
use crate::report::Outcome;

/// How a run ended that the journal shows as started; known from another source.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnrecordedEnd {
    /// The run.
    pub run_id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The kind of its error, if it did not succeed.
    pub error_kind: Option<String>,
    /// The message of its error.
    pub error_text: Option<String>,
    /// When it ended.
    pub ended: SystemTime,
    /// How long it took.
    pub elapsed: Duration,
}

impl UnrecordedEnd {
    /// The end of this run at this time, without an error.
    #[must_use]
    pub fn new(run_id: String, outcome: Outcome, ended: SystemTime, elapsed: Duration) -> Self {
        Self { run_id, outcome, error_kind: None, error_text: None, ended, elapsed }
    }

    /// Adds the kind and the message of an error.
    #[must_use]
    pub fn with_error(self, kind: Option<String>, text: Option<String>) -> Self {
        Self { error_kind: kind, error_text: text, ..self }
    }
}

impl Journal<'_> {
    /// SQL that completes the row of an earlier run. Only the holder of the lock may execute it.
    pub(crate) fn ended_before(&self, sql: &dyn Sql, end: &UnrecordedEnd) -> String {
        let ago = SystemTime::now().duration_since(end.ended).unwrap_or_default();
        let values = [
            ("outcome", text(word(end.outcome))),
            ("error_code", Value::text_or_null(end.error_kind.as_deref())),
            ("error_text", Value::text_or_null(end.error_text.as_deref())),
            ("finished_at", Value::Ago(ago)),
            ("elapsed_ms", Value::Milliseconds(end.elapsed)),
        ];
        let set = values.map(|(name, value)| format!("{name} = {}", sql.literal(&value))).join(", ");
        format!(
            "UPDATE {table} SET {set} WHERE id = {id} AND outcome = '{EXECUTING}'",
            table = self.table(sql),
            id = sql.literal(&text(&end.run_id)),
        )
    }
}
