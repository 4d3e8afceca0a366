//! Events → `tracing` spans: the tree of a run. Parents are explicit; nothing is ever entered, so no span leaks into
//! what happens to run between two events.
//!
//! A subscriber that maps spans to OpenTelemetry with `tracing-opentelemetry` gets names, kinds and status by the
//! `otel.*` fields. Without an interested subscriber every event costs one branch.

mod fold;
mod health;
mod hooks;
mod open;
mod policy;
mod sql;
mod tree;

use std::time::{Duration, SystemTime};

use opentelemetry::KeyValue;
use tracing::Span;

use self::fold::{Folding, Part};
use self::open::{Cut, Ongoing, Open};
pub use self::policy::{Policy, Sampling, SqlText};
use self::sql::Told;
use self::tree::{Place, end_at, fail};
use super::disclosure::{disclose, disclose_run};
use super::{history_was_read, names};
use crate::database::{DatabaseError, Holder, Identity};
use crate::error::Error;
use crate::event::{Event, Observer, RemoteParent, RunContext};
use crate::plan::{Plan, Schema, Step};
use crate::report::{Failure, Outcome, Report, StepReport};

/// The spans of one run, as an observer of it.
///
/// The root opens in [`Spans::new`] and closes in [`Spans::close`], or with the value: it covers what the caller does
/// before and after the run as well.
pub struct Spans {
    root: Span,
    policy: Policy,
    place: Place,
    /// The ledger's table, without quotes.
    ledger: String,
    planned: Option<usize>,
    holder: Option<String>,
    failed: bool,
    /// Whether the run's end was told.
    ended: bool,
    open: Open,
    /// In a run of many migrations, what becomes of their statements.
    folding: Option<Folding>,
}

impl Spans {
    /// Opens the root span.
    ///
    /// It is a child of `context.trace.parent` where the caller records its trace; an unrecorded parent gets a new root
    /// that links to it, unless `policy` leaves it to the caller. Without either it is a child of the current span.
    #[must_use]
    pub fn new(context: &RunContext, policy: Policy) -> Self {
        Self {
            root: tree::root(context, policy.sampling),
            policy,
            place: Place::default(),
            ledger: String::new(),
            planned: None,
            holder: None,
            failed: false,
            ended: false,
            open: Open::default(),
            folding: None,
        }
    }

    /// Closes the root span with what the process exits with: an error when `exit_code` is not 0.
    pub fn close(self, exit_code: i32) {
        self.root.record(names::PROCESS_EXIT_CODE, i64::from(exit_code));
        if exit_code != 0 && !self.failed {
            fail(&self.root, names::ERROR_OTHER, None);
        }
    }

    /// The root span, for those who tell more of the run than spans do.
    pub(super) fn root(&self) -> &Span {
        &self.root
    }

    /// The span that what happens now belongs to.
    pub(super) fn innermost(&self) -> &Span {
        self.open.innermost().unwrap_or(&self.root)
    }

    fn connected(&mut self, result: Result<&Identity, &DatabaseError>) {
        if let Ok(identity) = result {
            self.place = Place::of(identity);
        }
        let Some(span) = self.open.connect.take() else { return };
        self.place.record(&span);
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
            tree::fail_by(&span, error);
        }
    }

    fn migration_started(&mut self, step: &Step<'_>) {
        self.open.migrate = Some(tree::migrate(&self.root, step).into());
        self.recording(step, 0);
    }

    fn statement_started(&mut self, step: &Step<'_>, index: usize) {
        let Some(parent) = self.open.attempt.as_deref().or(self.open.migrate.as_deref()) else { return };
        if let Some(told) = Told::of(step, index, &self.place, self.policy.sql) {
            let span = tree::statement(parent, &self.place, &told, count(index + 1));
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
                span.record(names::STATEMENT_ROWS, rows_told(rows));
            }
            // Whoever sees the values of the statement may see those of the message.
            Err(error) if self.policy.sql == SqlText::Full => tree::fail_in_words(&span, error, Some(&error.message)),
            Err(error) => tree::fail_at_database(&span, error),
        }
        let end = (begun + elapsed).min(SystemTime::now());
        let span = span.into_span();
        let Some(folding) = &mut self.folding else { return end_at(&span, end) };
        let mut attributes = vec![
            KeyValue::new(names::STATEMENT_INDEX, count(index + 1)),
            KeyValue::new(names::STATEMENT_DURATION, elapsed.as_secs_f64()),
            KeyValue::new(names::STATEMENT_ROWS, rows_told(result.unwrap_or_default())),
        ];
        if let Some(statement) = step.statements().get(index).filter(|_| self.policy.sql != SqlText::Off) {
            attributes.push(KeyValue::new(names::DB_QUERY_SUMMARY, statement.summary.clone()));
        }
        folding.keep(Part { span, end, event: names::EVENT_STATEMENT, attributes }, elapsed);
    }

    /// After the last statement comes the ledger row, which nobody announces.
    fn recording(&mut self, step: &Step<'_>, finished: usize) {
        let parent = self.open.attempt.as_deref().or(self.open.migrate.as_deref());
        if let Some(parent) = parent.filter(|_| finished == step.statements().len()) {
            self.open.record = Some(tree::record(parent, &self.place, step.direction, &self.ledger).into());
        }
    }

    fn recorded(&mut self, elapsed: Duration, error: Option<&DatabaseError>) {
        let Some(span) = self.open.record.take() else { return };
        span.record(names::RECORD_DURATION, elapsed.as_secs_f64());
        error.inspect(|error| tree::fail_at_database(&span, error));
        if let Some(folding) = &mut self.folding {
            let attributes = vec![KeyValue::new(names::RECORD_DURATION, elapsed.as_secs_f64())];
            let span = span.into_span();
            folding.keep(Part { span, end: SystemTime::now(), event: names::EVENT_RECORD, attributes }, elapsed);
        }
    }

    /// The parts of an attempt that failed keep their spans, like those of a migration that failed.
    fn retrying(&mut self, error: &DatabaseError) {
        self.not_recorded(Some(error.error_type()));
        self.attempt_ended(Some(error.error_type()));
        self.folding.as_mut().map(Folding::failed).unwrap_or_default();
    }

    fn attempt_started(&mut self, step: &Step<'_>, number: u32) {
        self.open.attempt = self.open.migrate.as_ref().map(|migrate| tree::attempt(migrate, number).into());
        self.recording(step, 0);
    }

    /// What stands between the statements and the ledger row has ended the attempt: nothing was recorded.
    fn not_recorded(&mut self, failed: Option<&str>) {
        if let Some(span) = self.open.record.take()
            && let Some(error_type) = failed
        {
            fail(&span, error_type, None);
        }
    }

    /// `failed` is its error's type, where it failed.
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
            Some(error) => self.open.cut(&Cut {
                outcome: report.outcome.word(),
                error_type: error.kind(),
                description: &disclose_run(error),
            }),
            None => self.open = Open::default(),
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
            tree::fail_by(&self.root, error);
        }
    }
}

impl Observer for Spans {
    fn observe(&mut self, event: &Event<'_>) {
        if self.root.is_disabled() {
            return;
        }
        match event {
            Event::RunStarted { expected, .. } => self.place = Place::of(expected),
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
                if result.is_ok() {
                    if !step.atomic.is_yes() {
                        // What was tried again was this statement alone.
                        self.attempt_ended(None);
                    }
                    self.recording(step, index + 1);
                }
            }
            Event::StatementBlocked { blocker, .. } => {
                if let Some((span, _)) = &self.open.statement {
                    span.record(names::BLOCKER, in_the_way(blocker).as_str());
                }
            }
            Event::Retrying { error, .. } => self.retrying(error),
            Event::AttemptStarted { step, attempt } => self.attempt_started(step, *attempt),
            Event::Recorded { elapsed, error, .. } => self.recorded(*elapsed, *error),
            Event::MigrationFinished { report, .. } => self.migration_finished(report),
            Event::LockReleased { held, error } => {
                let span = Ongoing::from(tree::unlock(&self.root, held.as_secs_f64()));
                error.inspect(|error| tree::fail_at_database(&span, error));
            }
            Event::StateStarted
            | Event::StateFinished { .. }
            | Event::HealthStarted
            | Event::CheckStarted { .. }
            | Event::HealthChecked { .. }
            | Event::HealthFinished { .. } => self.open.health.observe(&self.root, event),
            Event::HookStarted { .. } | Event::HookRunning { .. } | Event::HookFinished { .. } => {
                let fast = self.folding.as_ref().map(|_| self.policy.fast);
                self.open.hook.observe(&self.root, event, fast);
            }
            Event::RunFinished { report, error, .. } => self.run_finished(report, *error),
        }
    }

    fn current_span(&self) -> Option<RemoteParent> {
        tree::seen_from_outside(self.innermost())
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn rows_told(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A run that ends without a word, as in a panic, has not succeeded in anything that is open.
impl Drop for Spans {
    fn drop(&mut self) {
        if !self.ended {
            let description = "the run has ended without its report";
            let (outcome, error_type) = (Outcome::Error.word(), names::ERROR_OTHER);
            self.open.cut(&Cut { outcome, error_type, description });
        }
        // What is kept back ends before its parent.
        self.folding = None;
        end_at(&self.root, SystemTime::now());
    }
}

/// Who is in the way, in one line, with the beginning of its transaction; not what it is doing, since that may be SQL.
pub(super) fn in_the_way(blocker: &Holder) -> String {
    let since = blocker.since.as_ref().map(|since| format!(", transaction since {since}")).unwrap_or_default();
    describe(blocker) + &since
}

/// The holder of the lock in one line; what it is doing stays out, since that may be SQL.
pub(super) fn describe(holder: &Holder) -> String {
    let process = holder.process.map(|process| format!("process {process}"));
    let user = holder.user.as_ref().map(|user| format!("user {user}"));
    let application = holder.application.as_ref().map(|name| format!("application {name}"));
    let client = holder.client.as_ref().map(|client| format!("client {client}"));
    [process, user, application, client].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
