//! The rows of attempts that failed with a temporary error and were retried.

use std::time::{Duration, Instant};

use super::record::{Entry, without_secrets};
use super::values::new_id;
use super::{Journal, RETRY};
use crate::database::{DatabaseError, Sql, Value};
use crate::plan::Step;
use crate::report::RetryReason;

/// An attempt that was retried.
pub(crate) struct Retried {
    reason: RetryReason,
    /// The index of the statement that failed.
    statement: usize,
    error_type: String,
    message: String,
    took: Duration,
    ended: Instant,
}

impl Retried {
    /// An attempt that has just ended.
    pub(crate) fn new(reason: RetryReason, statement: usize, error: &DatabaseError, took: Duration) -> Self {
        let (error_type, message) = (error.error_type().to_owned(), error.message.clone());
        Self { reason, statement, error_type, message, took, ended: Instant::now() }
    }
}

impl Journal<'_> {
    /// SQL for the rows of these attempts; `None` if there are none.
    ///
    /// They are written in the pause before the next attempt. If the database cannot accept them then, because one writer blocks all
    /// others, they are written after the step has made progress or has finally failed.
    pub(crate) fn retries(&self, sql: &dyn Sql, step: &Step<'_>, retries: &[Retried]) -> Option<String> {
        let rows: Vec<_> = retries.iter().map(|retried| self.retry(sql, step, retried)).collect();
        (!rows.is_empty()).then(|| self.insertion(sql, &rows))
    }

    fn retry(&self, sql: &dyn Sql, step: &Step<'_>, retried: &Retried) -> Vec<(&'static str, Value)> {
        let since_then = retried.ended.elapsed();
        let mut columns = self.columns(
            sql,
            &Entry {
                step: Some(step),
                outcome: retried.reason.word(),
                done: retried.statement,
                total: step.statements().len(),
                started: Value::Ago(since_then + retried.took),
                ..Entry::of(RETRY, &new_id())
            },
        );
        for (name, value) in &mut columns {
            match *name {
                "error_code" => *value = Value::Text(retried.error_type.clone()),
                "error_text" => {
                    *value = Value::Text(without_secrets(sql, Some(step), retried.statement, &retried.message));
                }
                "finished_at" => *value = Value::Ago(since_then),
                "elapsed_ms" => *value = Value::Milliseconds(retried.took),
                _ => {}
            }
        }
        columns
    }
}
