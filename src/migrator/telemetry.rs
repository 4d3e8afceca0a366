//! Telemetry that a migrator emits by itself: spans and log events for the caller's subscriber, and metrics for its meter.

use std::sync::{Arc, Mutex, PoisonError};

use crate::event::{Command, Event, Observer, RemoteParent, RunContext, TraceIdentity};
use crate::observe::logs::Logs;
use crate::observe::metrics::{Meter, Metrics};
use crate::observe::spans::{SpanPolicy, Spans};
use crate::run::JournalCounters;

/// The telemetry of a migrator.
#[derive(Default)]
pub(super) struct Telemetry {
    pub(super) spans: SpanPolicy,
    metrics: Option<Arc<Mutex<Metrics>>>,
}

impl Telemetry {
    /// Registers the instruments, once for all runs.
    pub(super) fn show(&mut self, meter: &Meter) {
        self.metrics = Some(Arc::new(Mutex::new(Metrics::journaled(meter))));
    }

    /// Whether the journal's counters have to be read.
    pub(super) fn wanted(&self, otherwise: JournalCounters) -> JournalCounters {
        if self.metrics.is_some() { JournalCounters::Read } else { otherwise }
    }

    /// Starts to observe a run, and adds the current trace to `context`.
    pub(super) fn begin(&self, command: Command, context: &mut RunContext) -> Shown {
        let spans = Spans::new(command, context, self.spans);
        if context.trace.is_none() {
            let current = spans.current_span();
            context.trace = current.map(|span| TraceIdentity { trace_id: span.trace_id, parent: None });
        }
        Shown { logs: Logs::new(context, spans), metrics: self.metrics.clone() }
    }
}

/// The observer of one run.
pub(super) struct Shown {
    logs: Logs,
    metrics: Option<Arc<Mutex<Metrics>>>,
}

impl Observer for Shown {
    fn observe(&mut self, event: &Event<'_>) {
        self.logs.observe(event);
        if let Some(metrics) = &self.metrics {
            metrics.lock().unwrap_or_else(PoisonError::into_inner).observe(event);
        }
    }

    fn current_span(&self) -> Option<RemoteParent> {
        self.logs.current_span()
    }
}
