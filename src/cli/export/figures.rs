//! The figures of this process: one truth, whichever way it leaves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use migrascope::journal::Totals;
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

use super::delivery::Delivery;
use super::otlp::Start;
use super::scrape::{self, Series};

/// The figures, and those who read them. A clone has the same.
///
/// Each reader has a provider of its own: of one provider, a reader gets what an observable instrument said whenever the
/// other one asked, and shows a version of the schema that is no longer there.
#[derive(Clone)]
pub(crate) struct Figures {
    written: Read,
    sent: Option<Read>,
    registry: Registry,
    /// Since when they count, for whoever sends them.
    start: Start,
}

/// The figures as one reader gets them.
#[derive(Clone)]
struct Read {
    metrics: Arc<Mutex<Metrics>>,
    meter: Meter,
    provider: SdkMeterProvider,
}

/// Whether figures name the last run, which makes a new series with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum RunInfo {
    /// They do not.
    #[default]
    Off,
    /// They do.
    On,
}

/// The figures at one moment, as Prometheus text.
pub(crate) struct Page {
    /// The text; empty before it is known which database the figures are of.
    pub(crate) text: String,
    /// The logical name of the database.
    pub(crate) target: Option<String>,
    /// Whether the journal was read, so that nothing is missing.
    pub(crate) complete: bool,
}

/// Figures of what the journal counts.
pub(super) fn journaled(meter: &Meter, info: RunInfo) -> Metrics {
    match info {
        RunInfo::Off => Metrics::journaled(meter),
        RunInfo::On => Metrics::journaled(meter).with_run_info(meter),
    }
}

impl Figures {
    /// Nothing is known yet; `sent` reads the figures as well, and `start` will know since when they count.
    ///
    /// # Errors
    /// When the instruments cannot be registered.
    pub(super) fn new(
        info: RunInfo,
        sent: Option<impl MetricReader>,
        start: Start,
        resource: impl FnOnce() -> Resource,
    ) -> Result<Self, String> {
        let registry = Registry::new();
        // Text has no place for a resource.
        let apart = Metrics::with_histograms_apart;
        let written = Read::new(info, scrape::reader(&registry)?, Resource::builder_empty().build(), apart);
        let sent = sent.map(|reader| Read::new(info, reader, resource(), |metrics| metrics));
        Ok(Self { written, sent, registry, start })
    }

    /// The figures as they are now.
    pub(crate) fn page(&self) -> Page {
        let histograms = self.written.metrics().histograms();
        self.page_of(scrape::series(&self.registry).and(&histograms))
    }

    /// The same without what the journal may say otherwise by now, because other runs have ended; `None` before it was read.
    pub(super) fn sign_of_life(&self) -> Option<Page> {
        let page = self.page_of(scrape::series(&self.registry).of_present_run());
        page.complete.then_some(Page { complete: false, ..page })
    }

    fn page_of(&self, series: Series) -> Page {
        let (target, complete) = {
            let metrics = self.written.metrics();
            (metrics.target(), metrics.is_complete())
        };
        Page { text: scrape::text([series]), target, complete }
    }

    /// Shows a database as it is seen from outside, where this process makes no run.
    pub(super) fn looked(&self, target: Option<&str>, status: &Status, totals: &Totals) {
        for read in self.reads() {
            read.metrics().looked(target, &status.identity, &status.schema, totals);
        }
        self.begin();
    }

    /// Shows how many exports have failed, in every way that figures go.
    pub(super) fn count_failures(&self, deliveries: Vec<Arc<Delivery>>) {
        let deliveries: Arc<[Arc<Delivery>]> = deliveries.into();
        for read in self.reads() {
            read.count_failures(Arc::clone(&deliveries));
        }
    }

    /// Whose reader sends, for whoever has to make it send now.
    pub(super) fn sender(&self) -> Option<SdkMeterProvider> {
        self.sent.as_ref().map(|read| read.provider.clone())
    }

    fn reads(&self) -> impl Iterator<Item = &Read> {
        std::iter::once(&self.written).chain(&self.sent)
    }

    /// The totals are known, and so is since when they count: an empty journal counts from now on.
    fn begin(&self) {
        self.start.set(self.written.metrics().since().unwrap_or_else(SystemTime::now));
    }
}

impl Observer for Figures {
    fn observe(&mut self, event: &Event<'_>) {
        for read in self.reads() {
            read.metrics().observe(event);
        }
        if matches!(event, Event::JournalRead { .. }) {
            self.begin();
        }
    }
}

impl Read {
    fn new(info: RunInfo, reader: impl MetricReader, resource: Resource, with: impl Fn(Metrics) -> Metrics) -> Self {
        let provider = SdkMeterProvider::builder().with_resource(resource).with_reader(reader).build();
        let scope = InstrumentationScope::builder(names::SCOPE).with_version(env!("CARGO_PKG_VERSION"));
        let meter = provider.meter_with_scope(scope.with_schema_url(names::SCHEMA_URL).build());
        Self { metrics: Arc::new(Mutex::new(with(journaled(&meter, info)))), meter, provider }
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
