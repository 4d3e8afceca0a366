//! The process's `tracing` subscriber: our spans to OpenTelemetry, our events to OpenTelemetry and to standard error.
//!
//! Each layer has its own filter, so that none disables what another one needs, and takes only our spans and events: those of
//! libraries may contain SQL, and those of the exporters would be exported in turn.

use migrascope::observe::names;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::SdkTracer;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{FilterFn, LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use super::log_lines;
use crate::cli::telemetry::LogFormat;

/// What the layers are made from.
pub(super) struct Layers<'l> {
    pub(super) tracer: Option<SdkTracer>,
    pub(super) records: Option<&'l SdkLoggerProvider>,
    pub(super) log_format: LogFormat,
    /// The trace id for log lines outside of spans.
    pub(super) trace_id: Option<String>,
}

/// Installs the subscriber, unless there is nothing to export or write.
///
/// # Errors
/// When there is a subscriber already.
pub(super) fn install(layers: Layers<'_>) -> Result<(), String> {
    let Layers { tracer, records, log_format, trace_id } = layers;
    if tracer.is_none() && records.is_none() && log_format == LogFormat::Off {
        return Ok(());
    }
    let spans = tracer.map(|tracer| spans(tracer).with_filter(ours(|metadata| metadata.is_span())));
    let records = records
        .map(|provider| OpenTelemetryTracingBridge::new(provider).with_filter(ours(|metadata| metadata.is_event())));
    let lines =
        log_lines::layer(log_format, trace_id).map(|layer| layer.with_filter(ours(|metadata| metadata.is_event())));
    // The layer of spans comes first: records take trace and span from the context that it activates.
    let subscriber = tracing_subscriber::registry().with(spans).with(records).with(lines);
    tracing::subscriber::set_global_default(subscriber)
        .map_err(|_| "traces and logs cannot be exported: the process has a tracing subscriber already".to_owned())
}

/// Exports spans without source locations, threads and targets, and without the status that events would give them.
fn spans<S>(tracer: SdkTracer) -> impl Layer<S>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_error_events_to_status(false)
        .with_error_events_to_exceptions(false)
        .with_error_records_to_exceptions(false)
}

fn ours(kind: fn(&Metadata<'_>) -> bool) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    filter_fn(move |metadata| metadata.target() == names::SCOPE && kind(metadata))
        .with_max_level_hint(LevelFilter::INFO)
}
