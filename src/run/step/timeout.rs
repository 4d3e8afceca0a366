//! The limit of a statement, where the server has none that bounds every statement: it is cancelled as on request.

use std::time::Duration;

use crate::database::{DatabaseError, Done, ErrorKind};
use crate::plan::Step;
use crate::run::engine::Engine;

impl Engine<'_> {
    /// The limit of a step's statements, where the server does not see to it.
    pub(super) fn own_limit(&self, step: &Step<'_>) -> Option<Duration> {
        self.limits(step).statement_timeout.filter(|_| !self.session.capabilities().statement_timeout)
    }
}

/// Ends when the limit is reached; never where there is none.
pub(super) async fn reached(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => std::future::pending().await,
    }
}

/// The result of a statement that was cancelled at its limit; one that has ended all the same is as it is.
pub(super) fn named(result: Result<Done, DatabaseError>, limit: Option<Duration>) -> Result<Done, DatabaseError> {
    result.map_err(|error| match limit {
        Some(limit) if error.kind == ErrorKind::Cancelled => {
            let message = format!("statement timeout: took longer than {}", humantime::format_duration(limit));
            DatabaseError { message, ..error }
        }
        _ => error,
    })
}
