//! Events → log events of `tracing`, each inside the span that it belongs to, so that a subscriber that maps both to
//! OpenTelemetry gives every record its trace and span.
//!
//! [`Logs`] holds the run's [`Spans`] and passes every event on to them: what begins is told after its span has opened,
//! what ends before its span closes. Records tell of things, never in SQL: no statement, no value, no password.

mod hooks;
mod record;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use opentelemetry::Context;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::disclosure::disclose;
use super::history_was_read;
use super::spans::{Spans, describe, in_the_way};
use crate::database::{DatabaseError, Holder};
use crate::error::Error;
use crate::event::{Event, Observer, RemoteParent, RunContext};
use crate::plan::{Plan, Schema};
use crate::report::{CheckStatus, Outcome, StepReport};

/// From then on a statement is worth a word.
const SLOW: Duration = Duration::from_secs(1);

/// The log events of one run, and its spans, as one observer.
pub struct Logs {
    spans: Spans,
    run: Run,
    waiting: Waiting,
    /// What the database said of the statement or the record that failed last, as far as it may be told.
    told: Option<String>,
}

/// Whether it was told already that somebody else has the lock.
#[derive(Default)]
struct Waiting {
    told: bool,
    holder: Option<String>,
}

/// What every record says of its run. The target is known when the run has begun.
#[derive(Clone)]
struct Run {
    id: Arc<str>,
    target: Arc<OnceLock<String>>,
}

impl Run {
    fn target(&self) -> &str {
        self.target.get().map(String::as_str).unwrap_or_default()
    }
}

impl Logs {
    /// Tells of the run that `spans` are of.
    #[must_use]
    pub fn new(context: &RunContext, spans: Spans) -> Self {
        let target = context.target.clone().map_or_else(OnceLock::new, OnceLock::from);
        let run = Run { id: context.run_id.as_str().into(), target: Arc::new(target) };
        Self { spans, run, waiting: Waiting::default(), told: None }
    }

    /// Closes the root span; see [`Spans::close`].
    pub fn close(self, exit_code: i32) {
        self.spans.close(exit_code);
    }

    /// For what is to be told of the run beside its events, from any thread and even when its spans have closed.
    #[must_use]
    pub fn remarks(&self) -> Remarks {
        Remarks { run: self.run.clone(), context: self.spans.root().context() }
    }

    /// What ends, while its span is open.
    fn before(&mut self, event: &Event<'_>) {
        match event {
            Event::PolicyDecided { decided } => {
                self.spans.root().in_scope(|| record::policy_decided(&self.run, decided));
            }
            Event::SchemaAwaited { schema, .. } if !self.waiting.told => {
                self.waiting.told = true;
                let pending = schema.map(|schema| schema.pending);
                self.spans.root().in_scope(|| record::schema_awaited(&self.run, pending));
            }
            Event::LockWaited { holder, .. } => self.waited(*holder),
            Event::LockFinished { error, acquired, waited, .. } => self.locked(*error, *acquired, *waited),
            Event::PlanFinished { result, schema, .. } => self.planned(*result, schema),
            Event::StatementFinished { step, index, elapsed, result } => {
                if let Some(statement) = step.statements().get(*index).filter(|_| *elapsed >= SLOW) {
                    let span = self.spans.innermost();
                    span.in_scope(|| record::statement_slow(&self.run, step, statement, index + 1, *elapsed));
                }
                self.heard(result.err());
            }
            Event::Recorded { error, .. } => self.heard(*error),
            Event::Retrying { step, index, reason, error, attempt, of, pause, blocker } => {
                let span = self.spans.innermost();
                let (index, reason, attempt, of, pause) = (*index, *reason, *attempt, *of, *pause);
                let retry =
                    record::Retry { index, reason, error, attempt, of, pause, blocker: blocker.map(in_the_way) };
                span.in_scope(|| record::statement_retrying(&self.run, step, &retry));
            }
            Event::InvalidIndexDropped { step, name, .. } => {
                self.spans.innermost().in_scope(|| record::index_dropped(&self.run, step, name));
            }
            Event::HistoryChanged { change, migrations } => {
                self.spans.root().in_scope(|| record::history_changed(&self.run, change, *migrations));
            }
            Event::MigrationFinished { report, .. } => self.migrated(report),
            Event::HealthChecked { check } if check.status == CheckStatus::Fail => {
                self.spans.innermost().in_scope(|| record::health_check_failed(&self.run, check));
            }
            Event::HookFinished { hook, step, elapsed, error } => {
                self.spans.innermost().in_scope(|| hooks::hook_finished(&self.run, *hook, *step, *elapsed, *error));
            }
            Event::RunFinished { report, error, .. } => {
                self.spans.root().in_scope(|| record::run_finished(&self.run, report, *error));
            }
            _ => {}
        }
    }

    /// What begins, inside its new span.
    fn after(&mut self, event: &Event<'_>) {
        match event {
            Event::RunStarted { run, expected } => {
                // Unset unless the caller has named the target; an error says that he has.
                let _ = self.run.target.set(expected.database.clone());
                self.spans.root().in_scope(|| record::run_started(&self.run, run, expected));
            }
            Event::MigrationStarted { step, .. } => {
                self.spans.innermost().in_scope(|| record::migration_started(&self.run, step));
            }
            Event::HookStarted { hook, step } => {
                self.spans.innermost().in_scope(|| hooks::hook_started(&self.run, *hook, *step));
            }
            _ => {}
        }
    }

    fn waited(&mut self, holder: Option<&Holder>) {
        if self.waiting.told {
            return;
        }
        self.waiting = Waiting { told: true, holder: holder.map(describe) };
        let holder = self.waiting.holder.as_deref();
        self.spans.innermost().in_scope(|| record::lock_waiting(&self.run, holder));
    }

    fn locked(&self, error: Option<&Error>, acquired: bool, waited: Duration) {
        let holder = self.waiting.holder.as_deref();
        self.spans.innermost().in_scope(|| match error {
            None if acquired => record::lock_acquired(&self.run, waited),
            None | Some(Error::Lock { .. }) => record::lock_timeout(&self.run, waited, holder),
            // Anything else ends the run, which says so itself.
            Some(_) => {}
        });
    }

    fn planned(&self, result: Result<&Plan<'_>, &Error>, schema: &Schema) {
        if !history_was_read(result) {
            return;
        }
        self.spans.innermost().in_scope(|| {
            if schema.changed > 0 {
                record::checksum_mismatch(&self.run, schema.changed);
            }
            if schema.missing > 0 {
                record::migrations_missing(&self.run, schema.missing);
            }
            if schema.dirty {
                record::schema_dirty(&self.run);
            }
        });
    }

    fn heard(&mut self, error: Option<&DatabaseError>) {
        self.told = error.and_then(disclose).map(str::to_owned);
    }

    fn migrated(&mut self, report: &StepReport) {
        let told = self.told.take();
        self.spans.innermost().in_scope(|| match report.outcome {
            Outcome::Success => record::migration_done(&self.run, report),
            Outcome::Skip => {}
            _ => record::migration_failed(&self.run, report, told.as_deref()),
        });
    }
}

impl Observer for Logs {
    fn observe(&mut self, event: &Event<'_>) {
        self.before(event);
        self.spans.observe(event);
        self.after(event);
    }

    fn current_span(&self) -> Option<RemoteParent> {
        self.spans.current_span()
    }
}

/// Tells of a run what its events do not tell. Records belong to the run's root span.
#[derive(Clone)]
pub struct Remarks {
    run: Run,
    context: Context,
}

impl Remarks {
    /// The process was asked to stop by the signal of this name, such as `SIGTERM`.
    pub fn signal_received(&self, signal: &str) {
        let _inside = self.context.clone().attach();
        record::signal_received(&self.run, signal);
    }

    /// An exporter has done its last work and took `elapsed` for it: `signal` is what it sends.
    pub fn telemetry_flushed(&self, signal: &str, outcome: Outcome, elapsed: Duration) {
        let _inside = self.context.clone().attach();
        record::telemetry_flushed(&self.run, signal, outcome, elapsed);
    }

    /// An exporter has lost so many items for this reason, which must hold nothing secret.
    pub fn telemetry_degraded(&self, signal: &str, reason: &str, lost: usize) {
        let _inside = self.context.clone().attach();
        record::telemetry_degraded(&self.run, signal, reason, lost);
    }
}
