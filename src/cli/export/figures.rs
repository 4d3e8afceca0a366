//! The figures of this process: one set, whichever way they leave, so that every way shows the same.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use migrascope::observe::metrics::Metrics;
use migrascope::observe::names;
use migrascope::{Event, Observer, Status};
use opentelemetry::InstrumentationScope;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::metrics::reader::MetricReader;
use prometheus::Registry;

use super::otlp::Start;
use super::scrape;

/// The figures, and those who read them. A clone has the same.
#[derive(Clone)]
pub(crate) struct Figures {
    metrics: Arc<Mutex<Metrics>>,
    registry: Registry,
    provider: SdkMeterProvider,
    /// Since when they count, for whoever sends them.
    start: Start,
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

impl Figures {
    /// Nothing is known yet; `sent` also reads the figures, and `start` will know since when they count.
    ///
    /// # Errors
    /// When the instruments cannot be registered.
    pub(super) fn new(sent: Option<impl MetricReader>, start: Start, resource: Resource) -> Result<Self, String> {
        let registry = Registry::new();
        let readers = SdkMeterProvider::builder().with_resource(resource).with_reader(scrape::reader(&registry)?);
        let provider = sent.into_iter().fold(readers, |readers, reader| readers.with_reader(reader)).build();
        let scope = InstrumentationScope::builder(names::SCOPE).with_version(env!("CARGO_PKG_VERSION"));
        let meter = provider.meter_with_scope(scope.with_schema_url(names::SCHEMA_URL).build());
        Ok(Self { metrics: Arc::new(Mutex::new(Metrics::journaled(&meter))), registry, provider, start })
    }

    /// The figures as they are now.
    pub(crate) fn page(&self) -> Page {
        let (target, complete) = {
            let metrics = self.metrics();
            (metrics.target(), metrics.is_complete())
        };
        Page { text: scrape::text([scrape::series(&self.registry)]), target, complete }
    }

    /// Shows a database as it is seen from outside, where this process makes no run.
    pub(crate) fn looked(&self, target: Option<&str>, status: &Status, totals: &migrascope::journal::Totals) {
        self.metrics().looked(target, &status.identity, &status.schema, totals);
        self.begin();
    }

    /// Who holds the instruments, for whoever has to make its readers send.
    pub(super) fn provider(&self) -> SdkMeterProvider {
        self.provider.clone()
    }

    /// The totals are known, and so is since when they count: an empty journal counts from now on.
    fn begin(&self) {
        self.start.set(self.metrics().since().unwrap_or_else(SystemTime::now));
    }

    fn metrics(&self) -> MutexGuard<'_, Metrics> {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Figures {
    fn observe(&mut self, event: &Event<'_>) {
        self.metrics().observe(event);
        if matches!(event, Event::JournalRead { .. }) {
            self.begin();
        }
    }
}
