//! Events as telemetry: spans and log events for `tracing`, figures for an OpenTelemetry `Meter`. No exporter lives here.
//!
//! [`spans::Spans`], [`logs::Logs`] and [`metrics::Metrics`] are observers like any other: an embedder adds them to the run
//! and sees spans and log events in its own subscriber and the figures through its own meter provider. [`names`] spells
//! every name once.

mod disclosure;
pub mod logs;
pub mod metrics;
pub mod names;
pub mod spans;

use crate::error::Error;
pub use crate::event::{baggage, traceparent};
use crate::plan::Plan;

/// Whether the history was read for a plan, refused or not: otherwise the figures told with it mean nothing.
fn history_was_read(result: Result<&Plan<'_>, &Error>) -> bool {
    matches!(result, Ok(_) | Err(Error::Refused(_) | Error::Layout(_)))
}
