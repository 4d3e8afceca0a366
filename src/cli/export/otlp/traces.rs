//! Traces: the provider, its exporter, and trace ids that are known before the run.

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

use super::counting_exporter::CountingExporter;
use super::transport::Transports;
use crate::cli::export::delivery::Delivery;
use crate::cli::export::environment::Destination;
use crate::cli::export::flush::{FlushTask, without_sdk_timeout};

/// The export of traces.
pub(in crate::cli::export) struct Traces {
    provider: SdkTracerProvider,
    delivery: Arc<Delivery>,
}

/// A trace id for a run that begins a trace.
pub(in crate::cli::export) fn new_trace_id() -> [u8; 16] {
    RandomIdGenerator::default().new_trace_id().to_bytes()
}

impl Traces {
    /// The counts of what was sent.
    pub(in crate::cli::export) fn delivery(&self) -> Arc<Delivery> {
        Arc::clone(&self.delivery)
    }

    /// Sets up the export; nothing is sent yet.
    ///
    /// # Errors
    /// When no client can be made for the endpoint.
    pub(in crate::cli::export) fn start(
        transports: &mut Transports,
        destination: &Destination,
        context: &RunContext,
        resource: Resource,
    ) -> Result<Self, String> {
        let Destination { endpoint, schedule } = destination;
        let exporter = CountingExporter::spans(transports, endpoint)?;
        let delivery = exporter.delivery();
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(schedule.batches.queue)
            .with_max_export_batch_size(schedule.batches.size)
            .with_scheduled_delay(schedule.interval)
            .build();
        let batches = BatchSpanProcessor::builder(exporter).with_batch_config(batches).build();
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::AlwaysOn)
            .with_id_generator(RunIds::of(context))
            .with_resource(resource)
            .with_span_processor(Counting { batches, delivery: Arc::clone(&delivery) })
            .build();
        Ok(Self { provider, delivery })
    }

    /// The tracer that exports the spans of `tracing`.
    pub(in crate::cli::export) fn tracer(&self, version: &'static str) -> SdkTracer {
        let scope = InstrumentationScope::builder(names::SCOPE).with_version(version);
        self.provider.tracer_with_scope(scope.with_schema_url(names::SCHEMA_URL).build())
    }

    /// Sends what is queued, after the root span has closed.
    pub(in crate::cli::export) fn into_flush_task(self) -> FlushTask {
        let Self { provider, delivery } = self;
        FlushTask::new(Arc::clone(&delivery), move || {
            // The result is that of the last batch; the delivery counts all of them.
            let _ = provider.force_flush();
        })
    }
}

/// Counts what it queues: the SDK drops items silently when its queue is full.
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
        self.delivery.queued();
        self.batches.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        without_sdk_timeout(|| self.batches.force_flush())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// Gives the root span the trace id that the run has reported already.
#[derive(Debug)]
struct RunIds {
    trace: TraceId,
    random: RandomIdGenerator,
}

impl RunIds {
    fn of(context: &RunContext) -> Self {
        let trace_id = context.trace.as_ref().map_or_else(new_trace_id, |trace| trace.trace_id);
        Self { trace: TraceId::from_bytes(trace_id), random: RandomIdGenerator::default() }
    }
}

impl IdGenerator for RunIds {
    fn new_trace_id(&self) -> TraceId {
        self.trace
    }

    fn new_span_id(&self) -> SpanId {
        self.random.new_span_id()
    }
}
