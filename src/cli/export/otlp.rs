//! OTLP: three signals over two transports.
//!
//! The SDK batches, and the exporters of `opentelemetry-otlp` encode spans and log records. Metrics have an exporter of ours, because their
//! start time has to be rewritten. The transports are ours for all signals: HTTP with one client that keeps the reason of a failure, gRPC
//! with connections on a runtime of their own.

mod connector;
mod counting_exporter;
mod grpc_client;
mod http_client;
mod logs;
mod metrics;
mod request;
mod response;
mod runtime;
mod traces;
mod transport;

pub(crate) use self::http_client::provide_tls;
pub(super) use self::http_client::{cause, client};
pub(super) use self::logs::Logs;
pub(super) use self::metrics::{Metrics, reader};
pub(super) use self::traces::{Traces, new_trace_id};
pub(super) use self::transport::Transports;
