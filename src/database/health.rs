//! What a database can be asked about its health: data, judged by `health.rs` in the same way for all of them.

use std::time::Duration;

/// One question to the database and what its answer means.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// The check's name, from a closed set.
    pub name: &'static str,
    /// A query that returns a row when the question is not to be asked: its first column says why not.
    pub unless: Option<String>,
    /// The question.
    pub sql: String,
    /// What its rows mean.
    pub judge: Judge,
    /// What to do when it fails.
    pub help: &'static str,
}

/// What the rows of a question mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Judge {
    /// Each row is a fault, named by its first column.
    NoRows,
    /// One row of two columns, used and available; the share is judged.
    Share {
        /// From here on it is worth a warning.
        warn: f64,
        /// From here on it fails.
        fail: f64,
    },
    /// A row for each replica: where it stands, and how far it is behind in seconds; NULL when it has stopped.
    Lag {
        /// The column of its name.
        name: usize,
        /// The column of its seconds.
        seconds: usize,
        /// What it means that there is no row.
        none: &'static str,
        /// From here on it is worth a warning.
        warn: Duration,
        /// From here on it fails.
        fail: Duration,
    },
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
impl Judge {
    /// Connections in use, of those that the server allows.
    pub(super) const CONNECTIONS: Self = Self::Share { warn: 0.80, fail: 0.95 };

    /// Seconds behind, in these two columns.
    pub(super) const fn lag(name: usize, seconds: usize, none: &'static str) -> Self {
        Self::Lag { name, seconds, none, warn: Duration::from_secs(10), fail: Duration::from_secs(60) }
    }
}
