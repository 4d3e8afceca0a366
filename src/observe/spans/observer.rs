//! The observer that makes the spans.

use std::time::{Duration, SystemTime};

use opentelemetry::KeyValue;
use tracing::Span;

use super::database::DatabaseAttributes;
use super::end::end_at;
use super::failure::{EarlyEnd, fail, fail_at_database, fail_run, fail_with};
use super::fold::{Folding, Part};
use super::holder::{describe, describe_blocker};
use super::open_span::OpenSpan;
use super::open_spans::OpenSpans;
use super::policy::{SpanPolicy, SqlText};
use super::statement_text::StatementText;
use super::tree;
use crate::database::{DatabaseError, ServerInfo};
use crate::error::Error;
use crate::event::{Command, Event, Observer, RemoteParent, RunContext};
use crate::observe::disclosure::{disclose, disclose_run};
use crate::observe::names;
use crate::observe::plan_result::history_was_read;
use crate::plan::{Plan, Schema, Step};
use crate::report::{Failure, Outcome, Report, StepReport};

/// The spans of one run, as an observer of it.
///
/// The root span opens in [`Spans::new`] and closes in [`Spans::close`], or when the value is dropped, so that it covers what the caller
/// does before and after the run as well.
pub struct Spans {
    root: Span,
    policy: SpanPolicy,
    database: DatabaseAttributes,
    /// The ledger's table, without quotes.
    ledger: String,
    planned: Option<usize>,
    holder: Option<String>,
    failed: bool,
    /// Whether the run's end was observed.
    ended: bool,
    open: OpenSpans,
    /// Folds statements into events, in a run of many migrations.
    folding: Option<Folding>,
}

impl Spans {
    /// Opens the root span.
    ///
    /// It is a child of `context.trace.parent` where that is sampled. For a parent that is not sampled, it is a new root with a link to the
    /// parent, unless `policy` follows the parent's sampling. Without a parent it is a child of the current span.
    #[must_use]
    pub fn new(command: Command, context: &RunContext, policy: SpanPolicy) -> Self {
        Self {
            root: tree::root(command, context, policy.sampling),
            policy,
            database: DatabaseAttributes::default(),
            ledger: String::new(),
            planned: None,
            holder: None,
            failed: false,
            ended: false,
            open: OpenSpans::default(),
            folding: None,
        }
    }

    /// Closes the root span with the exit code of the process, as failed where it is not 0.
    pub fn close(self, exit_code: i32) {
        self.root.record(names::PROCESS_EXIT_CODE, i64::from(exit_code));
        if exit_code != 0 && !self.failed {
            fail(&self.root, names::ERROR_OTHER, None);
        }
    }

    /// The root span.
    pub(in crate::observe) fn root(&self) -> &Span {
        &self.root
    }

    /// The innermost open span.
    pub(in crate::observe) fn innermost(&self) -> &Span {
        self.open.innermost().unwrap_or(&self.root)
    }

    fn connected(&mut self, result: Result<&ServerInfo, &DatabaseError>) {
        if let Ok(identity) = result {
            self.database = DatabaseAttributes::of(identity);
        }
        let Some(span) = self.open.connect.take() else { return };
        self.database.record(&span);
        span.record(names::CONNECT_ATTEMPTS, 1_i64);
        if let Err(error) = result {
            let code = error.code.as_deref();
            fail(&span, code.unwrap_or(names::ERROR_CONNECT), disclose(error));
        }
    }

    fn locked(&mut self, acquired: bool, seconds: f64, error: Option<&Error>) {
        let Some(span) = self.open.lock.take() else { return };
        span.record(names::LOCK_WAIT, seconds);
        if let Some(holder) = self.holder.take() {
            span.record(names::LOCK_HOLDER, holder.as_str());
        }
        match error {
            Some(error) => fail(&span, error.kind(), Some(&disclose_run(error))),
            None if !acquired => fail(&span, names::ERROR_LOCK_TIMEOUT, None),
            None => {}
        }
    }

    fn planned(&mut self, result: Result<&Plan<'_>, &Error>, schema: &Schema) {
        self.planned = result.ok().map(|plan| plan.steps.len());
        let many = self.planned.is_some_and(|planned| planned > self.policy.detail_limit);
        self.folding = many.then(|| Folding::new(self.policy.fast));
        let Some(span) = self.open.plan.take() else { return };
        if history_was_read(result) {
            if let Some(version) = &schema.version {
                span.record(names::SCHEMA_VERSION_FROM, version.as_str());
            }
            span.record(names::MIGRATIONS_PENDING, count(schema.pending));
            span.record(names::CHECKSUM_MISMATCHES, count(schema.changed));
            span.record(names::MIGRATIONS_MISSING, count(schema.missing));
        }
        if let Err(error) = result {
            fail_run(&span, error);
        }
    }

    fn migration_started(&mut self, step: &Step<'_>) {
        self.open.migrate = Some(tree::migrate(&self.root, step).into());
    }

    fn statement_started(&mut self, step: &Step<'_>, index: usize) {
        let Some(parent) = self.open.attempt.as_deref().or(self.open.migrate.as_deref()) else { return };
        if let Some(text) = StatementText::of(step, index, &self.database, self.policy.sql) {
            let span = tree::statement(parent, &self.database, &text, count(index + 1));
            self.open.statement = Some((span.into(), SystemTime::now()));
        }
    }

    fn statement_finished(
        &mut self,
        step: &Step<'_>,
        index: usize,
        elapsed: Duration,
        result: Result<u64, &DatabaseError>,
    ) {
        let Some((span, begun)) = self.open.statement.take() else { return };
        match result {
            Ok(rows) => {
                span.record(names::STATEMENT_ROWS, row_count(rows));
            }
            // A trace that shows the statement's values may show those of the message.
            Err(error) if self.policy.sql == SqlText::Full => fail_with(&span, error, Some(&error.message)),
            Err(error) => fail_at_database(&span, error),
        }
        let end = (begun + elapsed).min(SystemTime::now());
        let span = span.into_span();
        let Some(folding) = &mut self.folding else { return end_at(&span, end) };
        let mut attributes = vec![
            KeyValue::new(names::STATEMENT_INDEX, count(index + 1)),
            KeyValue::new(names::STATEMENT_DURATION, elapsed.as_secs_f64()),
            KeyValue::new(names::STATEMENT_ROWS, row_count(result.unwrap_or_default())),
        ];
        if let Some(statement) = step.statements().get(index).filter(|_| self.policy.sql != SqlText::Off) {
            attributes.push(KeyValue::new(names::DB_QUERY_SUMMARY, statement.summary.clone()));
        }
        folding.keep(Part { span, end, event: names::EVENT_STATEMENT, attributes }, elapsed);
    }

    /// Opens the span of the ledger row after the last statement: no event announces it.
    fn record_started(&mut self, step: &Step<'_>) {
        if let Some(parent) = self.open.attempt.as_deref().or(self.open.migrate.as_deref()) {
            self.open.record = Some(tree::record(parent, &self.database, step.direction, &self.ledger).into());
        }
    }

    fn recorded(&mut self, elapsed: Duration, error: Option<&DatabaseError>) {
        let Some(span) = self.open.record.take() else { return };
        span.record(names::RECORD_DURATION, elapsed.as_secs_f64());
        error.inspect(|error| fail_at_database(&span, error));
        if let Some(folding) = &mut self.folding {
            let attributes = vec![KeyValue::new(names::RECORD_DURATION, elapsed.as_secs_f64())];
            let span = span.into_span();
            folding.keep(Part { span, end: SystemTime::now(), event: names::EVENT_RECORD, attributes }, elapsed);
        }
    }

    /// The parts of a failed attempt keep their spans, like those of a failed migration.
    fn retrying(&mut self, error: &DatabaseError) {
        self.not_recorded(Some(error.error_type()));
        self.attempt_ended(Some(error.error_type()));
        self.folding.as_mut().map(Folding::failed).unwrap_or_default();
    }

    fn attempt_started(&mut self, number: u32) {
        self.open.attempt = self.open.migrate.as_ref().map(|migrate| tree::attempt(migrate, number).into());
    }

    /// The attempt ended between the last statement and the ledger row: nothing was recorded.
    fn not_recorded(&mut self, failed: Option<&str>) {
        if let Some(span) = self.open.record.take()
            && let Some(error_type) = failed
        {
            fail(&span, error_type, None);
        }
    }

    /// `failed` is the error's type, where the attempt failed.
    fn attempt_ended(&mut self, failed: Option<&str>) {
        if let Some(span) = self.open.attempt.take()
            && let Some(error_type) = failed
        {
            fail(&span, error_type, None);
        }
    }

    fn migration_finished(&mut self, report: &StepReport) {
        let failed = report.failure.as_ref().map(Failure::error_type);
        self.not_recorded(failed);
        self.attempt_ended(failed);
        let Some(span) = self.open.migrate.take() else { return };
        span.record(names::OUTCOME, report.outcome.word());
        span.record(names::MIGRATION_ATTEMPTS, i64::from(report.retries) + 1);
        let succeeded = matches!(report.outcome, Outcome::Success | Outcome::Skip);
        match (&mut self.folding, succeeded) {
            (Some(folding), true) => return folding.succeeded(span.into_span(), report.elapsed),
            (None, true) => return,
            (Some(folding), false) => folding.failed(),
            (None, false) => {}
        }
        match &report.failure {
            Some(failure) => {
                let description = match failure.statement {
                    Some(number) => format!("failed at statement {number} of {}", report.total),
                    None => "ended before the next statement was sent".to_owned(),
                };
                fail(&span, failure.error_type(), Some(&description));
            }
            None => fail(&span, report.outcome.word(), None),
        }
    }

    fn run_finished(&mut self, report: &Report, error: Option<&Error>) {
        self.ended = true;
        match error {
            Some(error) => self.open.fail_all(&EarlyEnd {
                outcome: report.outcome.word(),
                error_type: error.kind(),
                description: &disclose_run(error),
            }),
            None => self.open = OpenSpans::default(),
        }
        self.folding = None;
        if let Some(planned) = self.planned {
            self.root.record(names::MIGRATIONS_PLANNED, count(planned));
        }
        let applied = report.steps.iter().filter(|step| step.outcome == Outcome::Success).count();
        self.root.record(names::MIGRATIONS_APPLIED, count(applied));
        self.root.record(names::OUTCOME, report.outcome.word());
        if let Some(error) = error {
            self.failed = true;
            fail_run(&self.root, error);
        }
    }
}

impl Observer for Spans {
    fn observe(&mut self, event: &Event<'_>) {
        if self.root.is_disabled() {
            return;
        }
        match event {
            Event::RunStarted { expected, .. } => self.database = DatabaseAttributes::of(expected),
            Event::PolicyDecided { decided } => {
                self.root.record(names::POLICY_ENVIRONMENT, decided.environment.word());
                self.root.record(names::POLICY_DECISION, decided.decision.word());
                self.root.record(names::POLICY_REASON, decided.why.as_str());
            }
            Event::ConnectStarted => self.open.connect = Some(tree::connect(&self.root).into()),
            Event::ConnectFinished { result, .. } => self.connected(*result),
            Event::LockStarted { ledger } => {
                self.ledger = names::collection(ledger);
                self.open.lock = Some(tree::lock(&self.root, ledger).into());
            }
            Event::LockWaited { holder, .. } => {
                self.holder = self.holder.take().or_else(|| holder.map(describe));
            }
            Event::LockFinished { error, acquired, waited, .. } => self.locked(*acquired, waited.as_secs_f64(), *error),
            Event::PlanStarted => self.open.plan = Some(tree::plan(&self.root).into()),
            Event::PlanFinished { result, schema, .. } => self.planned(*result, schema),
            Event::MigrationStarted { step, .. } => self.migration_started(step),
            Event::StatementStarted { step, index } => self.statement_started(step, *index),
            Event::JournalRead { .. }
            | Event::SchemaAwaited { .. }
            | Event::StatementRunning { .. }
            | Event::TransactionRefused { .. }
            | Event::InvalidIndexDropped { .. }
            | Event::DoubtSettled { .. }
            | Event::SettingRestored { .. }
            | Event::HistoryChanged { .. } => {}
            Event::StatementFinished { step, index, elapsed, result } => {
                self.statement_finished(step, *index, *elapsed, *result);
                if result.is_ok() && !step.atomic.is_yes() {
                    // The attempt was a retry of this statement alone.
                    self.attempt_ended(None);
                }
            }
            Event::StatementBlocked { blocker, .. } => {
                if let Some((span, _)) = &self.open.statement {
                    span.record(names::BLOCKER, describe_blocker(blocker).as_str());
                }
            }
            Event::Retrying { error, .. } => self.retrying(error),
            Event::AttemptStarted { attempt, .. } => self.attempt_started(*attempt),
            Event::RecordStarted { step } => self.record_started(step),
            Event::RecordFinished { elapsed, error, .. } => self.recorded(*elapsed, *error),
            Event::MigrationFinished { report, .. } => self.migration_finished(report),
            Event::LockReleased { held, error } => {
                let span = OpenSpan::from(tree::unlock(&self.root, held.as_secs_f64()));
                error.inspect(|error| fail_at_database(&span, error));
            }
            Event::StateStarted
            | Event::StateFinished { .. }
            | Event::HealthStarted
            | Event::CheckStarted { .. }
            | Event::CheckFinished { .. }
            | Event::HealthFinished { .. } => self.open.health.observe(&self.root, event),
            Event::HookStarted { .. } | Event::HookRunning { .. } | Event::HookFinished { .. } => {
                let fast = self.folding.as_ref().map(|_| self.policy.fast);
                self.open.hook.observe(&self.root, event, fast);
            }
            Event::RunFinished { report, error, .. } => self.run_finished(report, *error),
        }
    }

    fn current_span(&self) -> Option<RemoteParent> {
        tree::as_remote_parent(self.innermost())
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn row_count(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A run that ends without its last event, as in a panic, fails every open span.
impl Drop for Spans {
    fn drop(&mut self) {
        if !self.ended {
            let description = "the run ended without its report";
            let (outcome, error_type) = (Outcome::Error.word(), names::ERROR_OTHER);
            self.open.fail_all(&EarlyEnd { outcome, error_type, description });
        }
        // Spans that are held back end before their parent.
        self.folding = None;
        end_at(&self.root, SystemTime::now());
    }
}
