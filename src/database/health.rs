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

/// What the rows of a question mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Evaluation {
    /// Each row is a fault: its first column says which. By the second, where there is one, it is known again when that has changed:
    /// the identity of a thing that was renamed.
    Faults,
    /// One row of two columns, used and available; the share is judged.
    Share,
    /// A row for each replica: where it stands, and how far it is behind in seconds; NULL when it has stopped.
    Lag {
        /// The column of its name.
        name: usize,
        /// The column of its seconds.
        seconds: usize,
        /// What it means that there is no row.
        none: &'static str,
    },
}
