//! Traces by OTLP over HTTP: the exporter, its client, and the subscriber that turns our spans into OpenTelemetry's.

use std::sync::Arc;
use std::time::Duration;

use migrascope::event::RunContext;
use migrascope::observe::names;
use opentelemetry::InstrumentationScope;
use opentelemetry::trace::{SpanId, TraceId, TracerProvider};
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, IdGenerator, RandomIdGenerator, Sampler, SdkTracerProvider,
};
use reqwest::blocking::Client;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer, SubscriberExt};

use super::delivery::{Delivery, Watched};
use super::environment::Endpoint;
use super::flush::Task;

/// Fits into the 100 ms that a refused connection may cost.
const RETRY_DELAY: Duration = Duration::from_millis(50);

/// The export of traces, under way.
pub(super) struct Traces {
    provider: SdkTracerProvider,
    delivery: Arc<Delivery>,
    endpoint: Endpoint,
    client: Client,
}

/// A trace id for a run that is no part of another trace.
pub(super) fn new_trace_id() -> [u8; 16] {
    RandomIdGenerator::default().new_trace_id().to_bytes()
}

/// Builds the exporter and installs the process's subscriber; nothing is sent yet.
///
/// # Errors
/// When the client cannot be built, a setting is refused, or there is a subscriber already.
pub(super) fn start(endpoint: Endpoint, context: &RunContext, resource: Resource) -> Result<Traces, String> {
    let client = client(&endpoint)?;
    let delivery = Arc::new(Delivery::default());
    let exporter = Watched::new(exporter(&endpoint, client.clone())?, Arc::clone(&delivery));
    let batches = BatchConfigBuilder::default().with_max_queue_size(endpoint.queue).build();
    let provider = SdkTracerProvider::builder()
        .with_sampler(Sampler::AlwaysOn)
        .with_id_generator(Ids::of(context))
        .with_resource(resource)
        .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batches).build())
        .build();
    subscribe(&provider, context.tool_version)?;
    Ok(Traces { provider, delivery, endpoint, client })
}

impl Traces {
    /// What is left to be done when the root span has closed.
    pub(super) fn into_task(self) -> Task {
        let shown = self.endpoint.shown();
        Task::new(format!("traces were not delivered to {shown}"), move || {
            // The result is the last batch's only; what counts is what became of them all.
            let _ = self.provider.force_flush();
            self.delivery.failure(&self.client, &self.endpoint)
        })
    }
}

/// Built on a thread of its own: the blocking client must not be made where an async runtime runs.
fn client(endpoint: &Endpoint) -> Result<Client, String> {
    // An error says that there is a provider already, which will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder().timeout(endpoint.timeout).redirect(reqwest::redirect::Policy::none());
    if endpoint.url.scheme() == "http" {
        // Reading the system's certificates takes milliseconds that nobody profits from.
        builder = builder.tls_certs_only([]);
    }
    let built = std::thread::spawn(move || builder.build()).join();
    match built {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error)) => Err(format!("no client for {}: {}", endpoint.shown(), super::delivery::cause(&error))),
        Err(_) => Err(format!("no client for {}", endpoint.shown())),
    }
}

fn exporter(endpoint: &Endpoint, client: Client) -> Result<SpanExporter, String> {
    let retry = RetryPolicy::disabled().with_max_retries(1).with_initial_delay(RETRY_DELAY).with_max_delay(RETRY_DELAY);
    SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint.url.as_str())
        .with_timeout(endpoint.timeout)
        .with_http_client(client)
        .with_retry_policy(retry)
        .build()
        .map_err(|error| format!("traces cannot be sent to {}: {error}", endpoint.shown()))
}

/// Only our own spans are exported, and without the fields that say where in our code they were made.
fn subscribe(provider: &SdkTracerProvider, version: &'static str) -> Result<(), String> {
    let scope =
        InstrumentationScope::builder(names::SCOPE).with_version(version).with_schema_url(names::SCHEMA_URL).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer_with_scope(scope))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_error_events_to_status(false)
        .with_error_events_to_exceptions(false)
        .with_error_records_to_exceptions(false)
        .with_filter(filter_fn(|metadata| metadata.target() == names::SCOPE));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))
        .map_err(|_| "traces cannot be exported: there is a tracing subscriber already".to_owned())
}

/// Gives the root span the trace id that the run already tells everybody.
#[derive(Debug)]
struct Ids {
    trace: TraceId,
    random: RandomIdGenerator,
}

impl Ids {
    fn of(context: &RunContext) -> Self {
        let trace_id = context.trace.as_ref().map_or_else(new_trace_id, |trace| trace.trace_id);
        Self { trace: TraceId::from_bytes(trace_id), random: RandomIdGenerator::default() }
    }
}

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        self.trace
    }

    fn new_span_id(&self) -> SpanId {
        self.random.new_span_id()
    }
}
