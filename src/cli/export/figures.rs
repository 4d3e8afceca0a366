//! The figures of this process: one truth, whichever way it leaves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use migrascope::journal::Totals;
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
    provider: SdkMeterProvider,
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
    /// Nothing is known yet; `sent` reads the figures as well, and `start` will know since when they count.
    ///
    /// # Errors
    /// When the instruments cannot be registered.
    pub(super) fn new(
        sent: Option<impl MetricReader>,
        start: Start,
        resource: impl FnOnce() -> Resource,
    ) -> Result<Self, String> {
        let registry = Registry::new();
        // Text has no place for a resource.
        let written = Read::new(scrape::reader(&registry)?, Resource::builder_empty().build());
        let sent = sent.map(|reader| Read::new(reader, resource()));
        Ok(Self { written, sent, registry, start })
    }

    /// The figures as they are now.
    pub(crate) fn page(&self) -> Page {
        let (target, complete) = {
            let metrics = self.written.metrics();
            (metrics.target(), metrics.is_complete())
        };
        Page { text: scrape::text([scrape::series(&self.registry)]), target, complete }
    }

    /// Shows a database as it is seen from outside, where this process makes no run.
    pub(super) fn looked(&self, target: Option<&str>, status: &Status, totals: &Totals) {
        for read in self.reads() {
            read.metrics().looked(target, &status.identity, &status.schema, totals);
        }
        self.begin();
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
    fn new(reader: impl MetricReader, resource: Resource) -> Self {
        let provider = SdkMeterProvider::builder().with_resource(resource).with_reader(reader).build();
        let scope = InstrumentationScope::builder(names::SCOPE).with_version(env!("CARGO_PKG_VERSION"));
        let meter = provider.meter_with_scope(scope.with_schema_url(names::SCHEMA_URL).build());
        Self { metrics: Arc::new(Mutex::new(Metrics::journaled(&meter))), provider }
    }

    fn metrics(&self) -> MutexGuard<'_, Metrics> {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
