//! Events as telemetry: spans and log events for `tracing`, metrics for an OpenTelemetry `Meter`. No exporter lives here.
//!
//! [`spans::Spans`], [`logs::Logs`] and [`metrics::Metrics`] are observers: an embedder adds them to the run and gets spans and log events in
//! its own subscriber, and metrics through its own meter provider. [`names`] has every name once.

mod disclosure;
pub mod logs;
pub mod metrics;
pub mod names;
mod plan_result;
pub mod spans;

pub use crate::event::{baggage, traceparent};
