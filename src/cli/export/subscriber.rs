//! The process's `tracing` subscriber: our spans to OpenTelemetry, our events to OpenTelemetry and to standard error.
//!
//! Each layer has a filter of its own, so that none switches off what another needs, and takes nothing but ours: what
//! the libraries below say may hold SQL, and what those that send say would be sent in turn.

use migrascope::observe::names;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::SdkTracer;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{FilterFn, LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use super::{LogFormat, lines};

/// Who wants to hear.
pub(super) struct Listeners<'l> {
    pub(super) tracer: Option<SdkTracer>,
    pub(super) records: Option<&'l SdkLoggerProvider>,
    pub(super) lines: LogFormat,
    /// The trace's id for lines, where there is a trace.
    pub(super) trace: Option<String>,
}

/// Installs the subscriber, unless nobody wants to hear.
///
/// # Errors
/// When there is a subscriber already.
pub(super) fn install(listeners: Listeners<'_>) -> Result<(), String> {
    let Listeners { tracer, records, lines, trace } = listeners;
    if tracer.is_none() && records.is_none() && lines == LogFormat::Off {
        return Ok(());
    }
    let spans = tracer.map(|tracer| spans(tracer).with_filter(ours(|metadata| metadata.is_span())));
    let records = records
        .map(|provider| OpenTelemetryTracingBridge::new(provider).with_filter(ours(|metadata| metadata.is_event())));
    let lines = lines::layer(lines, trace).map(|layer| layer.with_filter(ours(|metadata| metadata.is_event())));
    // Spans come first: a record takes its trace and span from the context that they activate.
    let subscriber = tracing_subscriber::registry().with(spans).with(records).with(lines);
    tracing::subscriber::set_global_default(subscriber)
        .map_err(|_| "traces and logs cannot be told: there is a tracing subscriber already".to_owned())
}

/// Without the fields that say where in our code a span was made, and without what events would do to it.
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
