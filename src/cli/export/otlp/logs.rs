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

use super::carrier::Carriers;
use super::exporter::Accounted;
use crate::cli::export::delivery::Delivery;
use crate::cli::export::environment::{Endpoint, Pace};
use crate::cli::export::flush::{Task, patiently};

/// What is sent at once and not with the next batch: it names what was running where the process is killed.
const URGENT: [&str; 2] = [names::LOG_RUN_STARTED, names::LOG_MIGRATION_STARTED];

/// Between two such requests: many migrations a second share one.
const BREATH: Duration = Duration::from_millis(250);

/// The export of log records, under way.
#[derive(Clone)]
pub(in crate::cli::export) struct Logs {
    provider: SdkLoggerProvider,
    delivery: Arc<Delivery>,
}

impl Logs {
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
        resource: Resource,
    ) -> Result<Self, String> {
        let exporter = Accounted::records(carriers, endpoint)?;
        let delivery = exporter.delivery();
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(pace.batches.queue)
            .with_max_export_batch_size(pace.batches.size)
            .with_scheduled_delay(pace.interval)
            .build();
        let batches = BatchLogProcessor::builder(exporter).with_batch_config(batches).build();
        let (urgent, calls) = mpsc::sync_channel(1);
        let processor = Counting { batches, delivery: Arc::clone(&delivery), urgent };
        let provider = SdkLoggerProvider::builder().with_resource(resource).with_log_processor(processor).build();
        let (hurried, counted, interval) = (provider.clone(), Arc::clone(&delivery), pace.interval);
        // Without a thread the records go with the batch.
        let _ = thread::Builder::new()
            .name("records".to_owned())
            .spawn(move || hurry(&calls, &hurried, &counted, interval));
        Ok(Self { provider, delivery })
    }

    /// What takes the events of `tracing`.
    pub(in crate::cli::export) fn provider(&self) -> &SdkLoggerProvider {
        &self.provider
    }

    /// Whether everything has arrived so far.
    pub(in crate::cli::export) fn is_well(&self) -> bool {
        self.delivery.losses() == 0
    }

    /// What is left to be done when nothing more is said; it can be done again.
    pub(in crate::cli::export) fn task(&self) -> Task {
        let provider = self.provider.clone();
        Task::new(Arc::clone(&self.delivery), move || {
            // The result is the last batch's only; what counts is what became of them all.
            let _ = provider.force_flush();
        })
    }
}

/// Sends what there is whenever it is called, and leaves a receiver alone that does not take it, as between two batches. The run does not
/// wait for it.
fn hurry(calls: &mpsc::Receiver<()>, provider: &SdkLoggerProvider, delivery: &Delivery, interval: Duration) {
    while calls.recv().is_ok() {
        let failures = delivery.failures();
        // What becomes of it is counted where it is sent.
        let _ = provider.force_flush();
        thread::sleep(if delivery.failures() > failures { interval } else { BREATH });
    }
}

/// Counts what it hands on: the SDK drops in silence what its queue has no room for.
#[derive(Debug)]
struct Counting {
    batches: BatchLogProcessor,
    delivery: Arc<Delivery>,
    urgent: mpsc::SyncSender<()>,
}

impl LogProcessor for Counting {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        self.delivery.made();
        // What comes out of `tracing` says only when it was seen, and that is when it happened.
        if let Some(seen) = record.observed_timestamp().filter(|_| record.timestamp().is_none()) {
            record.set_timestamp(seen);
        }
        self.batches.emit(record, scope);
        if record.event_name().is_some_and(|name| URGENT.contains(&name)) {
            // One that is on its way already, and has not begun, takes this one along.
            let _ = self.urgent.try_send(());
        }
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
