//! Events → metrics, through the OpenTelemetry API alone: the caller's [`Meter`] decides where they are exported to.
//!
//! Gauges and counters are read from one state at each collection, so that every reader sees the same values, a version that is no longer
//! current leaves no series, and counters continue those of earlier runs.

mod client_duration;
mod count_source;
mod distributions;
mod health_metrics;
mod instruments;
mod labels;
mod observer;
mod state;

pub use opentelemetry::metrics::Meter;

pub use self::distributions::HistogramSeries;
pub use self::observer::Metrics;
pub use crate::journal::{Counters, LastRun};
