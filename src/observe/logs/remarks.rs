//! Records about a run that are not events of it.

use std::time::Duration;

use opentelemetry::Context;

use super::record;
use super::run_attributes::RunAttributes;
use crate::report::Outcome;

/// Emits records of a run's root span, from any thread, also after the span has closed.
#[derive(Clone)]
pub struct Remarks {
    run: RunAttributes,
    context: Context,
}

impl Remarks {
    pub(super) fn new(run: RunAttributes, context: Context) -> Self {
        Self { run, context }
    }

    /// The process received the signal of this name, such as `SIGTERM`, and stops.
    pub fn signal_received(&self, signal: &str) {
        let _inside = self.context.clone().attach();
        record::signal_received(&self.run, signal);
    }

    /// The exporter of `signal` finished its last export, which took `elapsed`.
    pub fn telemetry_flushed(&self, signal: &str, outcome: Outcome, elapsed: Duration) {
        let _inside = self.context.clone().attach();
        record::telemetry_flushed(&self.run, signal, outcome, elapsed);
    }

    /// The exporter of `signal` lost this many items, for a reason that must contain no secret.
    pub fn telemetry_degraded(&self, signal: &str, reason: &str, lost: usize) {
        let _inside = self.context.clone().attach();
        record::telemetry_degraded(&self.run, signal, reason, lost);
    }
}
