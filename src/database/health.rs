//! What a database can be asked about its health: data, judged by `health.rs` in the same way for all of them.

use crate::report::BuiltIn;

/// One question to the database and what its answer means.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// The check that it is.
    pub check: BuiltIn,
    /// A query that returns a row when the question is not to be asked: its first column says why not.
    pub unless: Option<String>,
    /// The question.
    pub sql: String,
    /// What its rows mean.
    pub evaluation: Evaluation,
    /// What to do when it fails.
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
