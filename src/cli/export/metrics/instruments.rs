//! The instruments of metrics that the journal counts.

use migrascope::observe::metrics::{Meter, Metrics};

use crate::cli::telemetry::RunInfo;

/// Registers the instruments with `meter`.
pub(super) fn journaled(meter: &Meter, info: RunInfo) -> Metrics {
    match info {
        RunInfo::Off => Metrics::journaled(meter),
        RunInfo::On => Metrics::journaled(meter).with_run_info(meter),
    }
}
