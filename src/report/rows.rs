//! The number of rows that migrations have changed.

use super::{PartialEffect, StatementReport, StepReport};

/// The rows that statements have changed, by kind of statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowsAffected {
    /// By `INSERT` and `REPLACE`.
    pub inserted: u64,
    /// By `UPDATE`.
    pub updated: u64,
    /// By `DELETE`.
    pub deleted: u64,
    /// By any other statement that reports changed rows: `MERGE`, `WITH …`, `CREATE TABLE … AS`. Rows that were only read do not count.
    pub other: u64,
}

impl RowsAffected {
    /// The sum over all steps. A migration that was rolled back has changed nothing.
    #[must_use]
    pub fn of(steps: &[StepReport]) -> Self {
        let mut rows = Self::default();
        for step in steps {
            let effective = match step.failure.as_ref().map(|failure| failure.remains) {
                None => step.statements.len(),
                Some(PartialEffect::HalfWay { done, .. }) => done as usize,
                Some(PartialEffect::Nothing | PartialEffect::Unknown) => 0,
            };
            step.statements.iter().take(effective).for_each(|statement| rows.count(statement));
        }
        rows
    }

    fn count(&mut self, statement: &StatementReport) {
        let operation = statement.summary.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let rows = match operation.as_str() {
            "INSERT" | "REPLACE" => &mut self.inserted,
            "UPDATE" => &mut self.updated,
            "DELETE" => &mut self.deleted,
            "SELECT" | "VALUES" | "TABLE" | "SHOW" | "EXPLAIN" | "PRAGMA" => return,
            _ => &mut self.other,
        };
        *rows = rows.saturating_add(statement.rows);
    }
}
