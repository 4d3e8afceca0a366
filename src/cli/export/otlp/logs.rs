//! Log records: the provider and its exporter.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use migrascope::observe::names;
use opentelemetry::InstrumentationScope;
use opentelemetry::logs::LogRecord;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{BatchConfigBuilder, BatchLogProcessor, LogProcessor, SdkLogRecord, SdkLoggerProvider};

use super::counting_exporter::CountingExporter;
use super::transport::Transports;
use crate::cli::export::delivery::Delivery;
use crate::cli::export::environment::Destination;
use crate::cli::export::flush::{FlushTask, without_sdk_timeout};

/// Records that are sent at once: they name what was running when the process is killed.
const URGENT: [&str; 2] = [names::LOG_RUN_STARTED, names::LOG_MIGRATION_STARTED];

/// The pause between two such requests, so that many migrations a second share one.
const URGENT_PAUSE: Duration = Duration::from_millis(250);

/// The export of log records.
#[derive(Clone)]
pub(in crate::cli::export) struct Logs {
    provider: SdkLoggerProvider,
    delivery: Arc<Delivery>,
}

impl Logs {
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
        resource: Resource,
    ) -> Result<Self, String> {
        let Destination { endpoint, schedule } = destination;
        let exporter = CountingExporter::records(transports, endpoint)?;
        let delivery = exporter.delivery();
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(schedule.batches.queue)
            .with_max_export_batch_size(schedule.batches.size)
            .with_scheduled_delay(schedule.interval)
            .build();
        let batches = BatchLogProcessor::builder(exporter).with_batch_config(batches).build();
        let (urgent, requests) = mpsc::sync_channel(1);
        let processor = Counting { batches, delivery: Arc::clone(&delivery), urgent };
        let provider = SdkLoggerProvider::builder().with_resource(resource).with_log_processor(processor).build();
        let (shared, counted, interval) = (provider.clone(), Arc::clone(&delivery), schedule.interval);
        // Where the thread cannot be started, the records are sent with the next batch.
        let _ = thread::Builder::new()
            .name("records".to_owned())
            .spawn(move || send_urgent(&requests, &shared, &counted, interval));
        Ok(Self { provider, delivery })
    }

    /// The provider, which takes the events of `tracing`.
    pub(in crate::cli::export) fn provider(&self) -> &SdkLoggerProvider {
        &self.provider
    }

    /// Whether every record was delivered so far.
    pub(in crate::cli::export) fn has_lost_nothing(&self) -> bool {
        self.delivery.losses() == 0
    }

    /// Sends what is queued; may be called again.
    pub(in crate::cli::export) fn flush_task(&self) -> FlushTask {
        let provider = self.provider.clone();
        FlushTask::new(Arc::clone(&self.delivery), move || {
            // The result is that of the last batch; the delivery counts all of them.
            let _ = provider.force_flush();
        })
    }
}

/// Sends what is queued at each request, and pauses for the batch interval after a failure. The run does not wait for it.
fn send_urgent(requests: &mpsc::Receiver<()>, provider: &SdkLoggerProvider, delivery: &Delivery, interval: Duration) {
    while requests.recv().is_ok() {
        let failures = delivery.failures();
        // The delivery counts the result.
        let _ = provider.force_flush();
        thread::sleep(if delivery.failures() > failures { interval } else { URGENT_PAUSE });
    }
}

/// Counts what it queues: the SDK drops items silently when its queue is full.
#[derive(Debug)]
struct Counting {
    batches: BatchLogProcessor,
    delivery: Arc<Delivery>,
    urgent: mpsc::SyncSender<()>,
}

impl LogProcessor for Counting {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        self.delivery.queued();
        // Records of `tracing` have only an observed time, which is the time of the event.
        if let Some(seen) = record.observed_timestamp().filter(|_| record.timestamp().is_none()) {
            record.set_timestamp(seen);
        }
        self.batches.emit(record, scope);
        if record.event_name().is_some_and(|name| URGENT.contains(&name)) {
            // Where a request is waiting already, it sends this record too.
            let _ = self.urgent.try_send(());
        }
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
