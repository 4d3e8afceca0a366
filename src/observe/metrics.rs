//! Events → figures, through the OpenTelemetry API alone: whoever made the [`Meter`] decides where they go.
//!
//! Gauges and counters are read from one state whenever somebody collects, so that every route shows the same figures,
//! a version that is no longer current leaves no series behind, and totals of earlier runs count on.

mod health;
mod instruments;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};

use self::health::HealthFigures;
use self::state::{Labels, State};
pub use self::state::{LastRun, Totals};
use super::{history_was_read, names};
use crate::error::Error;
use crate::event::{Command, Event, Observer};
use crate::plan::{Plan, Schema};
use crate::report::{Report, StepReport};

/// The figures of one run and of those before it, as an observer of the run.
///
/// Nothing is reported before [`Event::RunStarted`]: only then is it known which database the figures are of.
pub struct Metrics {
    state: Arc<Mutex<State>>,
    run_duration: Histogram<f64>,
    migration_duration: Histogram<f64>,
    lock_wait: Histogram<f64>,
    health: HealthFigures,
}

impl Metrics {
    /// Registers every instrument of [`names::METRICS`] with `meter`; `totals` is what earlier runs have left.
    #[must_use]
    pub fn new(meter: &Meter, totals: Totals) -> Self {
        let state = Arc::new(Mutex::new(State::new(totals)));
        instruments::observe(meter, &state);
        Self {
            state,
            run_duration: instruments::histogram(meter, &names::RUN_DURATION),
            migration_duration: instruments::histogram(meter, &names::MIGRATION_DURATION),
            lock_wait: instruments::histogram(meter, &names::LOCK_WAIT_DURATION),
            health: HealthFigures::new(meter),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_finished(&self, waited: Duration) {
        let mut state = self.state();
        state.stages.lock = waited;
        let labels = state.labels_with([KeyValue::new(names::LOCK, names::LOCK_ADVISORY)]);
        self.lock_wait.record(waited.as_secs_f64(), &labels);
    }

    fn plan_finished(&self, result: Result<&Plan<'_>, &Error>, schema: &Schema, elapsed: Duration) {
        let mut state = self.state();
        state.stages.plan = elapsed;
        if history_was_read(result) {
            state.schema = Some(schema.clone());
        }
    }

    fn migration_finished(&self, report: &StepReport) {
        let mut state = self.state();
        state.stages.apply += report.elapsed;
        state.migration_ended(report.direction, report.outcome);
        let labels = state.labels_with([
            KeyValue::new(names::DIRECTION, report.direction.word()),
            KeyValue::new(names::OUTCOME, report.outcome.word()),
        ]);
        self.migration_duration.record(report.elapsed.as_secs_f64(), &labels);
    }

    fn run_finished(&self, report: &Report, schema: Option<&Schema>) {
        let mut state = self.state();
        if let Some(schema) = schema {
            state.schema = Some(schema.clone());
        }
        state.run_ended(report, SystemTime::now());
        let labels = state.labels_with([
            KeyValue::new(names::DIRECTION, report.command),
            KeyValue::new(names::OUTCOME, report.outcome.word()),
        ]);
        self.run_duration.record(report.elapsed.as_secs_f64(), &labels);
    }
}

impl Observer for Metrics {
    fn observe(&mut self, event: &Event<'_>) {
        self.health.observe(event);
        match event {
            // Health checks alone are no run, and say nothing about the last one.
            Event::RunStarted { run, .. } if run.command == Command::Health => {}
            Event::RunFinished { report, .. } if report.command == Command::Health.word() => {}
            Event::HealthFinished { report } => self.state().stages.health = report.elapsed,
            Event::RunStarted { run, expected } => {
                self.state().run_began(Labels::of(run, expected), SystemTime::now());
            }
            Event::ConnectFinished { result, elapsed } => {
                let mut state = self.state();
                state.stages.connect = *elapsed;
                if let Ok(identity) = result {
                    state.answered(identity);
                }
            }
            Event::LockFinished { waited, .. } => self.lock_finished(*waited),
            Event::PlanFinished { result, schema, elapsed } => self.plan_finished(*result, schema, *elapsed),
            Event::MigrationFinished { report, .. } => self.migration_finished(report),
            Event::RunFinished { report, schema, .. } => self.run_finished(report, *schema),
            _ => {}
        }
        self.state().alive(SystemTime::now());
    }
}
