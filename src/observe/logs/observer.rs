//! The observer that emits the records.

use std::time::Duration;

use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::remarks::Remarks;
use super::run_attributes::RunAttributes;
use super::{hook_record, record};
use crate::database::{DatabaseError, Holder};
use crate::error::Error;
use crate::event::{Event, Observer, RemoteParent, RunContext};
use crate::observe::disclosure::disclose;
use crate::observe::plan_result::history_was_read;
use crate::observe::spans::{Spans, describe, describe_blocker};
use crate::plan::{Plan, Schema};
use crate::report::{CheckStatus, Outcome, StepReport};

/// Statements that take longer are logged as slow.
const SLOW: Duration = Duration::from_secs(1);

/// The log events of one run, and its spans, as one observer.
pub struct Logs {
    spans: Spans,
    run: RunAttributes,
    waiting: Waiting,
    /// The last error of a statement or the ledger row, as far as it may be disclosed.
    disclosed: Option<String>,
}

/// Whether waiting for the lock or the schema was logged, which happens once a run.
#[derive(Default)]
struct Waiting {
    logged: bool,
    holder: Option<String>,
}

impl Logs {
    /// An observer of the run of `spans`.
    #[must_use]
    pub fn new(context: &RunContext, spans: Spans) -> Self {
        Self { spans, run: RunAttributes::new(context), waiting: Waiting::default(), disclosed: None }
    }

    /// Closes the root span; see [`Spans::close`].
    pub fn close(self, exit_code: i32) {
        self.spans.close(exit_code);
    }

    /// Emits records that are no events of the run, from any thread, also after its spans have closed.
    #[must_use]
    pub fn remarks(&self) -> Remarks {
        Remarks::new(self.run.clone(), self.spans.root().context())
    }

    /// Emits records of what ends, before its span closes.
    fn before_spans(&mut self, event: &Event<'_>) {
        match event {
            Event::PolicyDecided { decided } => {
                self.spans.root().in_scope(|| record::policy_decided(&self.run, decided));
            }
            Event::SchemaAwaited { schema, .. } if !self.waiting.logged => {
                self.waiting.logged = true;
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
                self.keep_error(result.err());
            }
            Event::RecordFinished { error, .. } => self.keep_error(*error),
            Event::Retrying { step, index, reason, error, attempt, of, pause, blocker } => {
                let span = self.spans.innermost();
                let (index, reason, attempt, of, pause) = (*index, *reason, *attempt, *of, *pause);
                let retry =
                    record::Retry { index, reason, error, attempt, of, pause, blocker: blocker.map(describe_blocker) };
                span.in_scope(|| record::statement_retrying(&self.run, step, &retry));
            }
            Event::InvalidIndexDropped { step, name, .. } => {
                self.spans.innermost().in_scope(|| record::index_dropped(&self.run, step, name));
            }
            Event::HistoryChanged { change, migrations } => {
                self.spans.root().in_scope(|| record::history_changed(&self.run, change, *migrations));
            }
            Event::MigrationFinished { report, .. } => self.migrated(report),
            Event::CheckFinished { check } if check.status == CheckStatus::Fail => {
                self.spans.innermost().in_scope(|| record::health_check_failed(&self.run, check));
            }
            Event::HookFinished { hook, step, elapsed, error } => {
                self.spans
                    .innermost()
                    .in_scope(|| hook_record::hook_finished(&self.run, *hook, *step, *elapsed, *error));
            }
            Event::RunFinished { report, error, .. } => {
                self.spans.root().in_scope(|| record::run_finished(&self.run, report, *error));
            }
            _ => {}
        }
    }

    /// Emits records of what begins, after its span has opened.
    fn after_spans(&mut self, event: &Event<'_>) {
        match event {
            Event::RunStarted { command, run, expected, target } => {
                self.run.set_target(target);
                self.spans.root().in_scope(|| record::run_started(&self.run, *command, run, expected));
            }
            Event::MigrationStarted { step, .. } => {
                self.spans.innermost().in_scope(|| record::migration_started(&self.run, step));
            }
            Event::HookStarted { hook, step } => {
                self.spans.innermost().in_scope(|| hook_record::hook_started(&self.run, *hook, *step));
            }
            _ => {}
        }
    }

    fn waited(&mut self, holder: Option<&Holder>) {
        if self.waiting.logged {
            return;
        }
        self.waiting = Waiting { logged: true, holder: holder.map(describe) };
        let holder = self.waiting.holder.as_deref();
        self.spans.innermost().in_scope(|| record::lock_waiting(&self.run, holder));
    }

    fn locked(&self, error: Option<&Error>, acquired: bool, waited: Duration) {
        let holder = self.waiting.holder.as_deref();
        self.spans.innermost().in_scope(|| match error {
            None if acquired => record::lock_acquired(&self.run, waited),
            None | Some(Error::Lock { .. }) => record::lock_timeout(&self.run, waited, holder),
            // Any other error ends the run, which logs it.
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

    fn keep_error(&mut self, error: Option<&DatabaseError>) {
        self.disclosed = error.and_then(disclose).map(str::to_owned);
    }

    fn migrated(&mut self, report: &StepReport) {
        let disclosed = self.disclosed.take();
        self.spans.innermost().in_scope(|| match report.outcome {
            Outcome::Success => record::migration_done(&self.run, report),
            Outcome::Skip => {}
            _ => record::migration_failed(&self.run, report, disclosed.as_deref()),
        });
    }
}

impl Observer for Logs {
    fn observe(&mut self, event: &Event<'_>) {
        self.before_spans(event);
        self.spans.observe(event);
        self.after_spans(event);
    }

    fn current_span(&self) -> Option<RemoteParent> {
        self.spans.current_span()
    }
}
