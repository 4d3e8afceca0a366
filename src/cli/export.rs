//! Telemetry out of the process: traces, metrics and logs by OTLP, metrics to files and gateways, log lines on standard error,
//! notifications. Opt-in, limited in time, and without influence on the exit code.
//!
//! A command calls [`start`] before its runtime runs, adds the [`Exporters`] to the run as an observer, and calls
//! [`Exporters::finish`] after the runtime has stopped.

mod delivery;
mod environment;
mod error;
mod exporters;
mod flush;
mod log_lines;
mod metrics;
mod metrics_pipeline;
mod notify;
mod otlp;
mod problems;
mod prometheus_text;
mod proxy;
mod pusher;
mod pushgateway;
mod resend;
mod resource;
mod start;
mod subscriber;
mod textfile;

pub(crate) use self::error::ExportError;
pub(crate) use self::exporters::Exporters;
pub(crate) use self::metrics::{ProcessMetrics, Scrape, Series, text};
pub(crate) use self::otlp::provide_tls;
pub(crate) use self::resend::resend;
pub(crate) use self::start::start;
