//! The observer that fills the metrics.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

use super::client_duration::ClientDuration;
use super::count_source::CountSource;
use super::distributions::{Destination, Distributions, HistogramSeries};
use super::health_metrics::HealthMetrics;
use super::instruments;
use super::labels::Labels;
use super::state::State;
use crate::database::ServerInfo;
use crate::error::Error;
use crate::event::{Command, Event, Observer};
use crate::history::Direction;
use crate::journal::Counters;
use crate::observe::names;
use crate::observe::plan_result::history_was_read;
use crate::plan::{Plan, Schema, Step};
use crate::policy::Decision;
use crate::report::{Report, RetryReason, StepReport};

/// The metrics of one run and of those before it, as an observer of the run.
///
/// Nothing is reported before [`Event::RunStarted`], which names the database.
pub struct Metrics {
    state: Arc<Mutex<State>>,
    distributions: Distributions,
    health: HealthMetrics,
    client: ClientDuration,
    count: CountSource,
    /// The labels of a run that counts only if it applies migrations.
    undecided: Option<Labels>,
}

impl Metrics {
    /// Registers the instruments of [`names::METRICS`] with `meter`, without those of [`Self::with_run_info`] and without
    /// [`names::EXPORT_FAILURES`], which belongs to exporters. Counts the events of runs, on top of `totals`.
    #[must_use]
    pub fn new(meter: &Meter, totals: Counters) -> Self {
        Self::counting(meter, CountSource::Events, Some(totals))
    }

    /// The same with counts from the journal: for runs with [`crate::run::JournalCounters::Read`], and for [`Metrics::looked`].
    ///
    /// Counters and histograms continue those of earlier processes, and are absent before the journal is read.
    #[must_use]
    pub fn journaled(meter: &Meter) -> Self {
        Self::counting(meter, CountSource::Journal, None)
    }

    fn counting(meter: &Meter, count: CountSource, totals: Option<Counters>) -> Self {
        let state = Arc::new(Mutex::new(State::new(totals)));
        instruments::observe(meter, &state);
        Self {
            state,
            distributions: Distributions::new(meter),
            health: HealthMetrics::new(meter, count),
            client: ClientDuration::new(meter),
            count,
            undecided: None,
        }
    }

    /// The same with [`names::LAST_RUN_INFO`] and [`names::LAST_RUN_MIGRATION_DURATION`], whose series change with each run.
    #[must_use]
    pub fn with_run_info(self, meter: &Meter) -> Self {
        instruments::observe_run_info(meter, &self.state);
        self
    }

    /// The same without the journal's histograms, which [`Self::histograms`] returns: instruments would take a million observations one by
    /// one.
    #[must_use]
    pub fn with_histograms_apart(mut self) -> Self {
        self.distributions.destination = Destination::Series(Vec::new());
        self.health.destination = Destination::Series(Vec::new());
        self
    }

    /// The journal's histograms, after [`Self::with_histograms_apart`]; empty before the journal is read.
    #[must_use]
    pub fn histograms(&self) -> Vec<HistogramSeries> {
        let series = |destination: &Destination| match destination {
            Destination::Series(series) => series.clone(),
            Destination::Instruments => Vec::new(),
        };
        [series(&self.distributions.destination), series(&self.health.destination)].concat()
    }

    /// The labels of every metric; `None` before the database is known.
    #[must_use]
    pub fn labels(&self) -> Option<Vec<KeyValue>> {
        self.state().labels()
    }

    /// Shows the state of a database that this process polls and does not migrate; the check `connect` succeeds.
    pub fn looked(&mut self, target: Option<&str>, identity: &ServerInfo, schema: &Schema, totals: &Counters) {
        self.state().polled(Labels::named(target, identity), schema);
        self.journal_read(totals);
        self.reachable(target, identity);
    }

    /// Shows that a database answered a poll, even with an error: the check `connect` succeeds.
    pub fn reachable(&mut self, target: Option<&str>, identity: &ServerInfo) {
        self.health.reached(&Labels::named(target, identity), identity.read_only.is_none());
    }

    /// Shows that a database did not answer a poll: the check `connect` fails, and other metrics keep their values.
    ///
    /// `expected`, of [`crate::database::Connector::expected`], provides the labels before the first answer.
    pub fn unreachable(&mut self, target: Option<&str>, expected: &ServerInfo) {
        self.health.unreachable(&Labels::named(target, expected));
    }

    /// The target's name; `None` before it is known.
    #[must_use]
    pub fn target(&self) -> Option<String> {
        self.state().target().or_else(|| self.health.target())
    }

    /// Whether counters and histograms are known.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.state().totals.is_some()
    }

    /// The time of the first event that is counted.
    #[must_use]
    pub fn since(&self) -> Option<SystemTime> {
        self.state().totals.as_ref().and_then(|totals| totals.since).or(self.health.since())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn journal_read(&mut self, totals: &Counters) {
        if self.count == CountSource::Events || self.health.journal_read_alone(totals) {
            return;
        }
        let mut state = self.state();
        state.journal_read(totals, SystemTime::now());
        let common = state.labels().unwrap_or_default();
        drop(state);
        self.distributions.follow(totals, &common);
        self.health.journal_read(totals, &common);
    }

    fn lock_finished(&self, waited: Duration, retries: u32) {
        let mut state = self.state();
        state.stages.lock = waited;
        if self.count == CountSource::Events {
            state.totals.get_or_insert_default().lock_retries += u64::from(retries);
            let labels = state.labels_with([KeyValue::new(names::LOCK, names::LOCK_ADVISORY)]);
            self.distributions.lock_wait(waited, &labels);
        }
    }

    fn retried(&self, reason: RetryReason) {
        let mut state = self.state();
        state.retried(reason);
        if self.count == CountSource::Events {
            *state.totals.get_or_insert_default().statement_retries.entry(reason).or_default() += 1;
        }
    }

    fn plan_finished(&self, result: Result<&Plan<'_>, &Error>, schema: &Schema, elapsed: Duration) {
        let mut state = self.state();
        state.stages.plan = elapsed;
        if history_was_read(result) {
            state.schema = Some(schema.clone());
        }
    }

    fn migration_finished(&self, step: &Step<'_>, report: &StepReport, schema: Option<&Schema>) {
        let mut state = self.state();
        state.stages.apply += report.elapsed;
        state.migration_ended(step, report, schema);
        if self.count == CountSource::Journal {
            return;
        }
        let counted = state.totals.get_or_insert_default();
        *counted.migrations.entry((report.direction, report.outcome)).or_default() += 1;
        let labels = state.labels_with([
            KeyValue::new(names::DIRECTION, report.direction.word()),
            KeyValue::new(names::OUTCOME, report.outcome.word()),
        ]);
        self.distributions.migration(report.elapsed, &labels);
    }

    fn run_finished(&self, report: &Report, error: Option<&Error>, schema: Option<&Schema>) {
        let mut state = self.state();
        if let Some(schema) = schema {
            state.schema = Some(schema.clone());
        }
        state.run_ended(report, error, SystemTime::now());
        if self.count == CountSource::Journal {
            return;
        }
        *state.totals.get_or_insert_default().runs.entry(report.outcome).or_default() += 1;
        let labels = state.labels_with([
            KeyValue::new(names::DIRECTION, Direction::of(report.command).word()),
            KeyValue::new(names::OUTCOME, report.outcome.word()),
        ]);
        self.distributions.run(report.elapsed, &labels);
    }
}

impl Observer for Metrics {
    fn observe(&mut self, event: &Event<'_>) {
        self.health.observe(event);
        match event {
            // Health checks alone are not a run.
            Event::RunStarted { command: Command::Health, .. } => {}
            Event::RunFinished { report, .. } if report.command == Command::Health.word() => {}
            // `wait` is not a run either, nor is `exec` unless it applies migrations, which is decided later.
            Event::RunStarted { command: Command::Exec | Command::Wait, expected, target, .. } => {
                self.undecided = Some(Labels::of(target, expected));
            }
            Event::PolicyDecided { decided } if decided.decision == Decision::Migrate => {
                if let Some(labels) = self.undecided.take() {
                    self.state().run_began(labels, SystemTime::now());
                }
            }
            Event::RunFinished { .. } if self.undecided.take().is_some() => {}
            Event::HealthFinished { report } => self.state().stages.health = report.elapsed,
            Event::RunStarted { expected, target, .. } => {
                self.state().run_began(Labels::of(target, expected), SystemTime::now());
            }
            Event::ConnectFinished { result, elapsed } => {
                let mut state = self.state();
                state.stages.connect = *elapsed;
                if let Ok(identity) = result {
                    state.answered(identity);
                }
            }
            Event::LockStarted { ledger } => self.client.set_ledger(ledger),
            Event::LockFinished { waited, retries, .. } => self.lock_finished(*waited, *retries),
            Event::PlanFinished { result, schema, elapsed } => self.plan_finished(*result, schema, *elapsed),
            Event::JournalRead { counters } => self.journal_read(counters),
            Event::Retrying { reason, .. } => self.retried(*reason),
            Event::RecordFinished { step, elapsed, error } => {
                let common = self.labels().unwrap_or_default();
                self.client.recorded(step.direction, *elapsed, *error, common);
            }
            Event::MigrationFinished { step, report, schema } => self.migration_finished(step, report, *schema),
            Event::RunFinished { report, error, schema } => self.run_finished(report, *error, *schema),
            _ => {}
        }
    }
}
