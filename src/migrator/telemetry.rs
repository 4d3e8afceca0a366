//! What a migrator shows of its runs by itself: spans and log events to the caller's subscriber, figures through its meter.

use std::sync::{Arc, Mutex, PoisonError};

use crate::event::{Command, Event, Observer, RemoteParent, RunContext, TraceIdentity};
use crate::observe::logs::Logs;
use crate::observe::metrics::{Meter, Metrics};
use crate::observe::spans::{SpanPolicy, Spans};
use crate::run::JournalCounters;

/// How runs are shown.
#[derive(Default)]
pub(super) struct Telemetry {
    pub(super) spans: SpanPolicy,
    figures: Option<Arc<Mutex<Metrics>>>,
}

impl Telemetry {
    /// Registers the instruments; once, since they are of all runs.
    pub(super) fn show(&mut self, meter: &Meter) {
        self.figures = Some(Arc::new(Mutex::new(Metrics::journaled(meter))));
    }

    /// Whether the journal is to be read.
    pub(super) fn wanted(&self, otherwise: JournalCounters) -> JournalCounters {
        if self.figures.is_some() { JournalCounters::Read } else { otherwise }
    }

    /// Begins to show a run, and lets `context` know the trace that it is in.
    pub(super) fn begin(&self, command: Command, context: &mut RunContext) -> Shown {
        let spans = Spans::new(command, context, self.spans);
        if context.trace.is_none() {
            let ours = spans.current_span();
            context.trace = ours.map(|span| TraceIdentity { trace_id: span.trace_id, parent: None });
        }
        Shown { logs: Logs::new(context, spans), figures: self.figures.clone() }
    }
}

/// One run, as its observer.
pub(super) struct Shown {
    logs: Logs,
    figures: Option<Arc<Mutex<Metrics>>>,
}

impl Observer for Shown {
    fn observe(&mut self, event: &Event<'_>) {
        self.logs.observe(event);
        if let Some(figures) = &self.figures {
            figures.lock().unwrap_or_else(PoisonError::into_inner).observe(event);
        }
    }

    fn current_span(&self) -> Option<RemoteParent> {
        self.logs.current_span()
    }
}
