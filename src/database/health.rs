//! The database-specific health checks as data; `health.rs` evaluates all of them in the same way.

use crate::report::BuiltIn;

/// A query for a health check, and how to evaluate its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// The check that it belongs to.
    pub check: BuiltIn,
    /// A query that returns a row if the check has to be skipped: its first column contains the reason.
    pub unless: Option<String>,
    /// The query.
    pub sql: String,
    /// How to evaluate its rows.
    pub evaluation: Evaluation,
    /// What to do if the check fails.
    pub help: &'static str,
}

/// How to evaluate the rows of a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Evaluation {
    /// Each row is a fault, described by the first column. The second column, if there is one, identifies it even if the description has
    /// changed, for example after a rename.
    Faults,
    /// One row with two columns, used and available; the ratio is compared with a limit.
    Share,
    /// One row for each replica: its state, and its lag in seconds; NULL if it has stopped.
    Lag {
        /// The index of the column with its name.
        name: usize,
        /// The index of the column with its lag in seconds.
        seconds: usize,
        /// What it means if there is no row.
        none: &'static str,
    },
}
