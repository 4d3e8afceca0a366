//! The metrics of this process, for every reader of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use migrascope::journal::Counters;
use migrascope::observe::metrics::Metrics;
use migrascope::observe::names;
use migrascope::{Event, Observer, Status};
use opentelemetry::InstrumentationScope;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::metrics::reader::MetricReader;
use prometheus::Registry;

use super::instruments::journaled;
use super::series::{self, Series};
use super::start_time::StartTime;
use crate::cli::export::delivery::Delivery;
use crate::cli::telemetry::RunInfo;

/// The metrics and their readers; clones share them.
///
/// Each reader has a provider of its own. With a shared provider, each reader would get the observations that the other one triggered,
/// and would show a schema version that is gone.
#[derive(Clone)]
pub(crate) struct ProcessMetrics {
    text: ReaderMetrics,
    otlp: Option<ReaderMetrics>,
    registry: Registry,
    start: StartTime,
}

/// A reader that exports by OTLP.
pub(in crate::cli::export) struct OtlpReader<R> {
    pub(in crate::cli::export) reader: R,
    pub(in crate::cli::export) resource: Resource,
}

/// The metrics of one reader.
#[derive(Clone)]
struct ReaderMetrics {
    metrics: Arc<Mutex<Metrics>>,
    meter: Meter,
    provider: SdkMeterProvider,
}

/// The metrics at one moment, as Prometheus text.
pub(crate) struct Page {
    /// The text; empty before the database is known.
    pub(crate) text: String,
    /// The target's name.
    pub(crate) target: Option<String>,
    /// Whether the journal was read, so that no metric is missing.
    pub(crate) complete: bool,
}

impl ProcessMetrics {
    /// Metrics without values. `start` is set when the totals are known.
    ///
    /// # Errors
    /// When the reader of text cannot be registered.
    pub(in crate::cli::export) fn new(
        info: RunInfo,
        otlp: Option<OtlpReader<impl MetricReader>>,
        start: StartTime,
    ) -> Result<Self, String> {
        let registry = Registry::new();
        // Text has no place for a resource, and takes histograms as the journal counts them.
        let own = provider(series::reader(&registry)?, Resource::builder_empty().build());
        let text = ReaderMetrics::new(info, own, Metrics::with_histograms_apart);
        let otlp = otlp.map(|OtlpReader { reader, resource }| {
            ReaderMetrics::new(info, provider(reader, resource), |metrics| metrics)
        });
        Ok(Self { text, otlp, registry, start })
    }

    /// The metrics as they are now.
    pub(crate) fn page(&self) -> Page {
        let histograms = self.text.metrics().histograms();
        self.page_of(Series::of(&self.registry).and(&histograms))
    }

    /// The metrics that only this run changes, without those that other runs may have changed in the journal; `None` before the journal
    /// was read.
    pub(in crate::cli::export) fn heartbeat_page(&self) -> Option<Page> {
        let page = self.page_of(Series::of(&self.registry).of_present_run());
        page.complete.then_some(Page { complete: false, ..page })
    }

    fn page_of(&self, series: Series) -> Page {
        let (target, complete) = {
            let metrics = self.text.metrics();
            (metrics.target(), metrics.is_complete())
        };
        Page { text: series::text([series]), target, complete }
    }

    /// Shows the state of a database, where this process makes no run.
    pub(in crate::cli::export) fn looked(&self, target: Option<&str>, status: &Status, totals: &Counters) {
        for reader in self.readers() {
            reader.metrics().looked(target, &status.identity, &status.schema, totals);
        }
        self.set_start();
    }

    /// Counts failed exports in the metrics of every reader.
    pub(in crate::cli::export) fn count_failures(&self, deliveries: Vec<Arc<Delivery>>) {
        let deliveries: Arc<[Arc<Delivery>]> = deliveries.into();
        for reader in self.readers() {
            reader.count_failures(Arc::clone(&deliveries));
        }
    }

    /// The provider of the second reader, which exports when it is flushed.
    pub(in crate::cli::export) fn otlp_provider(&self) -> Option<SdkMeterProvider> {
        self.otlp.as_ref().map(|reader| reader.provider.clone())
    }

    fn readers(&self) -> impl Iterator<Item = &ReaderMetrics> {
        std::iter::once(&self.text).chain(&self.otlp)
    }

    /// Counters count from the first row of the journal; an empty journal counts from now.
    fn set_start(&self) {
        self.start.set(self.text.metrics().since().unwrap_or_else(SystemTime::now));
    }
}

impl Observer for ProcessMetrics {
    fn observe(&mut self, event: &Event<'_>) {
        for reader in self.readers() {
            reader.metrics().observe(event);
        }
        if matches!(event, Event::JournalRead { .. }) {
            self.set_start();
        }
    }
}

fn provider(reader: impl MetricReader, resource: Resource) -> SdkMeterProvider {
    SdkMeterProvider::builder().with_resource(resource).with_reader(reader).build()
}

impl ReaderMetrics {
    fn new(info: RunInfo, provider: SdkMeterProvider, adapt: impl Fn(Metrics) -> Metrics) -> Self {
        let scope = InstrumentationScope::builder(names::SCOPE).with_version(env!("CARGO_PKG_VERSION"));
        let meter = provider.meter_with_scope(scope.with_schema_url(names::SCHEMA_URL).build());
        Self { metrics: Arc::new(Mutex::new(adapt(journaled(&meter, info)))), meter, provider }
    }

    fn count_failures(&self, deliveries: Arc<[Arc<Delivery>]>) {
        let (metric, metrics) = (names::EXPORT_FAILURES, Arc::clone(&self.metrics));
        self.meter
            .u64_observable_counter(metric.name)
            .with_unit(metric.unit)
            .with_description(metric.description)
            .with_callback(move |instrument| {
                let common = metrics.lock().unwrap_or_else(PoisonError::into_inner).labels();
                let Some(common) = common else { return };
                for delivery in deliveries.iter() {
                    let own = [
                        KeyValue::new(names::TELEMETRY_SIGNAL, delivery.kind().word()),
                        KeyValue::new(names::TELEMETRY_EXPORTER, delivery.exporter()),
                    ];
                    instrument.observe(delivery.failures(), &[common.as_slice(), &own].concat());
                }
            })
            .build();
    }

    fn metrics(&self) -> MutexGuard<'_, Metrics> {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
