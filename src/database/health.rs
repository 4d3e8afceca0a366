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

/// How the rows of a check are evaluated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Evaluation {
    /// Each row is a fault, described by its first column. The second column, if there is one, identifies it after a rename.
    Faults,
    /// One row of two columns, used and available; their ratio is compared with the thresholds.
    Share,
    /// A row for each replica: its name, and its lag in seconds, or NULL when replication has stopped.
    Lag(ReplicaColumns),
}

/// Where the rows of replicas have what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReplicaColumns {
    /// The column of the replica's name.
    pub name: usize,
    /// The column of its lag in seconds.
    pub seconds: usize,
    /// The message if there is no row.
    pub none: &'static str,
}
