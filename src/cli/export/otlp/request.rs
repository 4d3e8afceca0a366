//! What requests over HTTP and gRPC have in common.

use std::fmt::Display;
use std::time::Duration;

use crate::cli::export::environment::Endpoint;

/// The user agent.
pub(super) const AGENT: &str = concat!("migrascope/", env!("CARGO_PKG_VERSION"));

/// The pause before a retry: it fits into the 100 ms that a refused connection may cost.
pub(super) const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The reason when there was no answer in time.
pub(super) fn no_answer(timeout: Duration) -> String {
    format!("no answer within {}", humantime::format_duration(timeout))
}

/// The problem with an endpoint that nothing can be sent to.
pub(super) fn unusable(endpoint: &Endpoint, cause: impl Display) -> String {
    format!("{} cannot be sent to {}: {cause}", endpoint.signal.word(), endpoint.shown())
}
