//! The time limit of a statement where the server cannot enforce it for every statement: the runner cancels the statement.

use std::time::Duration;

use crate::database::{DatabaseError, Done, ErrorKind};
use crate::plan::Step;
use crate::run::engine::Engine;

impl Engine<'_> {
    /// The time limit of a step's statements, if the server does not enforce it.
    pub(super) fn own_limit(&self, step: &Step<'_>) -> Option<Duration> {
        self.limits(step).statement_timeout.filter(|_| !self.session.capabilities().statement_timeout)
    }
}

/// Returns when the limit is reached; never without a limit.
pub(super) async fn reached(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => std::future::pending().await,
    }
}

/// Reports a statement that was cancelled at its limit as timed out; any other result is unchanged.
pub(super) fn named(result: Result<Done, DatabaseError>, limit: Option<Duration>) -> Result<Done, DatabaseError> {
    result.map_err(|error| match limit {
        Some(limit) if error.kind == ErrorKind::Cancelled => {
            let message = format!("statement timeout: took longer than {}", humantime::format_duration(limit));
            DatabaseError { message, ..error }
        }
        _ => error,
    })
}
