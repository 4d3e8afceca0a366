//! OTLP: three exporters of our own over two ways to travel.
//!
//! The SDK batches and asks; we turn its data into the protocol's messages and send these. So there is one place that
//! knows what a time-out is, one that repeats, and one that says why something did not arrive, for all three signals.

mod carrier;
mod driver;
mod grpc;
mod gzip;
mod http;
mod logs;
mod message;
mod metrics;
mod sender;
mod traces;

pub(super) use self::carrier::Carriers;
pub(super) use self::http::{cause, client};
pub(super) use self::logs::Logs;
pub(super) use self::metrics::{Metrics, Start, reader};
pub(super) use self::traces::{Traces, new_trace_id};
