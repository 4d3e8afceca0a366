//! What a good poll has read, with its metrics.

use migrascope::Status;
use migrascope::journal::Counters;
use migrascope::observe::metrics::Metrics;

use crate::cli::export::Scrape;
use crate::cli::telemetry::RunInfo;

/// A set of instruments and the registry that they are read from.
pub(super) struct TargetMetrics {
    pub(super) scrape: Scrape,
    pub(super) metrics: Metrics,
}

impl TargetMetrics {
    /// `None` where the instruments cannot be registered, which is our defect: the other pages work without them.
    pub(super) fn new(info: RunInfo) -> Option<Self> {
        let scrape = Scrape::new().ok()?;
        let metrics = scrape.metrics(info);
        Some(Self { scrape, metrics })
    }
}

/// The state of a database at one moment.
pub(super) struct Snapshot {
    pub(super) status: Status,
    pub(super) totals: Counters,
    pub(super) metrics: Option<TargetMetrics>,
}

impl Snapshot {
    /// Fills new instruments, so that values that are gone leave no series, and a journal restored from a backup counts from its own
    /// totals. A long journal takes time, so no lock may be held.
    pub(super) fn new(name: Option<&str>, info: RunInfo, status: Status, totals: Counters) -> Self {
        let metrics = TargetMetrics::new(info).map(|mut target| {
            target.metrics.looked(name, &status.identity, &status.schema, &totals);
            target
        });
        Self { status, totals, metrics }
    }
}
