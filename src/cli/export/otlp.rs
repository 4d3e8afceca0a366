//! OTLP: three signals over two ways to travel.
//!
//! The SDK batches, and the exporters of `opentelemetry-otlp` make spans and log records into the protocol's messages.
//! Metrics have an exporter of ours, because their start has to be rewritten. The ways are ours for all of them: HTTP
//! with one client that knows time-outs and keeps the reasons, gRPC with connections that have a runtime of their own.

mod answer;
mod carrier;
mod dial;
mod driver;
mod exporter;
mod grpc;
mod http;
mod logs;
mod metrics;
mod traces;

pub(super) use self::carrier::Carriers;
pub(crate) use self::http::provide_tls;
pub(super) use self::http::{cause, client};
pub(super) use self::logs::Logs;
pub(super) use self::metrics::{Metrics, Start, reader};
pub(super) use self::traces::{Traces, new_trace_id};
