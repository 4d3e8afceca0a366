//! Traces: the provider, its exporter, and trace ids that the run knows beforehand.

use std::sync::Arc;
use std::time::Duration;

use migrascope::event::RunContext;
use migrascope::observe::names;
use opentelemetry::trace::{SpanId, TraceId, TracerProvider};
use opentelemetry::{Context, InstrumentationScope};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, IdGenerator, RandomIdGenerator, Sampler, SdkTracer, SdkTracerProvider,
    Span, SpanData, SpanProcessor,
};

use super::carrier::Carriers;
use super::exporter::Accounted;
use crate::cli::export::delivery::Delivery;
use crate::cli::export::environment::{Endpoint, Pace};
use crate::cli::export::flush::{Task, patiently};

/// The export of traces, under way.
pub(in crate::cli::export) struct Traces {
    provider: SdkTracerProvider,
    delivery: Arc<Delivery>,
}

/// A trace id for a run that is no part of another trace.
pub(in crate::cli::export) fn new_trace_id() -> [u8; 16] {
    RandomIdGenerator::default().new_trace_id().to_bytes()
}

impl Traces {
    /// What becomes of what is sent.
    pub(in crate::cli::export) fn delivery(&self) -> Arc<Delivery> {
        Arc::clone(&self.delivery)
    }

    /// Begins to export; nothing is sent yet.
    ///
    /// # Errors
    /// When there is no client to be had for the endpoint.
    pub(in crate::cli::export) fn start(
        carriers: &mut Carriers,
        (endpoint, pace): &(Endpoint, Pace),
        context: &RunContext,
        resource: Resource,
    ) -> Result<Self, String> {
        let exporter = Accounted::spans(carriers, endpoint)?;
        let delivery = exporter.delivery();
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(pace.batches.queue)
            .with_max_export_batch_size(pace.batches.size)
            .with_scheduled_delay(pace.interval)
            .build();
        let batches = BatchSpanProcessor::builder(exporter).with_batch_config(batches).build();
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::AlwaysOn)
            .with_id_generator(Ids::of(context))
            .with_resource(resource)
            .with_span_processor(Counting { batches, delivery: Arc::clone(&delivery) })
            .build();
        Ok(Self { provider, delivery })
    }

    /// What makes spans out of those of `tracing`.
    pub(in crate::cli::export) fn tracer(&self, version: &'static str) -> SdkTracer {
        let scope = InstrumentationScope::builder(names::SCOPE).with_version(version);
        self.provider.tracer_with_scope(scope.with_schema_url(names::SCHEMA_URL).build())
    }

    /// What is left to be done when the root span has closed.
    pub(in crate::cli::export) fn into_task(self) -> Task {
        let Self { provider, delivery } = self;
        Task::new(Arc::clone(&delivery), move || {
            // The result is the last batch's only; what counts is what became of them all.
            let _ = provider.force_flush();
        })
    }
}

/// Counts what it hands on: the SDK drops in silence what its queue has no room for.
#[derive(Debug)]
struct Counting {
    batches: BatchSpanProcessor,
    delivery: Arc<Delivery>,
}

impl SpanProcessor for Counting {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.batches.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        self.delivery.made();
        self.batches.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        patiently(|| self.batches.force_flush())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
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
