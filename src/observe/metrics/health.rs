//! The metrics of the health checks, in a state of their own: `migrascope health` has these and no others.
//!
//! Results stand in the journal, those of a run and those of the checks alone, and every reader of the journal shows the newest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};

use super::distributions::{Destination, counted, follow};
use super::state::Labels;
use super::{Count, instruments};
use crate::event::{Command, Event, RunContext};
use crate::journal::{Spreads, Totals};
use crate::observe::names;
use crate::report::CheckStatus;

/// The instruments and what they are read from.
pub(super) struct HealthFigures {
    state: Arc<Mutex<Checks>>,
    duration: Histogram<f64>,
    count: Count,
    /// What of the journal is recorded.
    told: Spreads<String>,
    since: Option<SystemTime>,
    pub(super) destination: Destination,
}

/// The last result of each check.
#[derive(Default)]
struct Checks {
    run: Option<RunContext>,
    common: Vec<KeyValue>,
    success: BTreeMap<String, f64>,
}

impl HealthFigures {
    pub(super) fn new(meter: &Meter, count: Count) -> Self {
        let state = Arc::new(Mutex::new(Checks::default()));
        let read = Arc::clone(&state);
        meter
            .f64_observable_gauge(names::HEALTH_CHECK_SUCCESS.name)
            .with_unit(names::HEALTH_CHECK_SUCCESS.unit)
            .with_description(names::HEALTH_CHECK_SUCCESS.description)
            .with_callback(move |instrument| {
                let state = read.lock().unwrap_or_else(PoisonError::into_inner);
                for (check, success) in &state.success {
                    instrument.observe(*success, &state.labels(check));
                }
            })
            .build();
        let duration = instruments::histogram(meter, &names::HEALTH_CHECK_DURATION);
        Self { state, duration, count, told: Spreads::default(), since: None, destination: Destination::default() }
    }

    pub(super) fn observe(&self, event: &Event<'_>) {
        let mut state = self.state();
        match event {
            Event::RunStarted { run, expected } => {
                state.common = Labels::of(run.target.as_deref(), expected).key_values();
                state.run = Some((*run).clone());
            }
            Event::ConnectFinished { result: Ok(identity), .. } => {
                if let Some(run) = &state.run {
                    state.common = Labels::of(run.target.as_deref(), identity).key_values();
                }
            }
            Event::HealthStarted => state.success.clear(),
            Event::HealthChecked { check } => {
                let labels = state.labels(&check.name);
                state.ended(&check.name, check.status);
                if check.status != CheckStatus::Skipped && self.count == Count::Events {
                    self.duration.record(check.elapsed.as_secs_f64(), &labels);
                }
            }
            _ => {}
        }
    }

    /// Shows what the journal says, those of the present run included as far as they are made.
    pub(super) fn journal_read(&mut self, totals: &Totals, common: &[KeyValue]) {
        let labels = |check: String| [common, &[KeyValue::new(names::HEALTH_CHECK, check)]].concat();
        match &mut self.destination {
            Destination::Series(series) => {
                *series = counted(&names::HEALTH_CHECK_DURATION, &totals.check_durations, labels);
            }
            Destination::Instruments => {
                follow(&self.duration, &mut self.told, &totals.check_durations, names::CHECK_BUCKETS, labels);
            }
        }
        let mut state = self.state();
        state.common = common.to_vec();
        let figure = |(name, status): (&String, &CheckStatus)| Some((name.clone(), figure(*status)?));
        state.success = totals.checks.iter().filter_map(figure).collect();
    }

    /// Shows what the journal says of the checks, where they are all that this process makes; whether they are.
    pub(super) fn journal_read_alone(&mut self, totals: &Totals) -> bool {
        let state = self.state();
        let alone = state.run.as_ref().is_some_and(|run| run.command == Command::Health);
        let common = state.common.clone();
        drop(state);
        if alone {
            self.journal_read(totals, &common);
            self.since = totals.since;
        }
        alone
    }

    /// When the first thing happened that the journal counts, where it was read for the checks alone.
    pub(super) fn since(&self) -> Option<SystemTime> {
        self.since
    }

    /// A look from outside has had its answer, from this database, which takes writes or not.
    pub(super) fn reached(&self, labels: &Labels, takes_writes: bool) {
        let mut state = self.state();
        state.common = labels.key_values();
        state.success.insert(names::CHECK_CONNECT.to_owned(), 1.0);
        // What the last run found stands, unless a look shows that it is no longer so.
        if !takes_writes {
            state.success.insert(names::CHECK_WRITABLE.to_owned(), 0.0);
        }
    }

    /// A look from outside had no answer. Who was seen before has better labels than who is expected: the series go on.
    pub(super) fn unreachable(&self, expected: &Labels) {
        let mut state = self.state();
        if state.common.is_empty() {
            state.common = expected.key_values();
        }
        state.success.insert(names::CHECK_CONNECT.to_owned(), 0.0);
    }

    /// The logical name of the database, also where nothing but its health was asked for.
    pub(super) fn target(&self) -> Option<String> {
        let state = self.state();
        state.common.iter().find(|label| label.key.as_str() == names::TARGET).map(|label| label.value.to_string())
    }

    fn state(&self) -> MutexGuard<'_, Checks> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Checks {
    fn labels(&self, check: &str) -> Vec<KeyValue> {
        let own = KeyValue::new(names::HEALTH_CHECK, check.to_owned());
        self.common.iter().cloned().chain([own]).collect()
    }

    /// What was not checked has no figure; of two checks with one name the worse one counts.
    fn ended(&mut self, check: &str, status: CheckStatus) {
        let Some(success) = figure(status) else { return };
        let worst = self.success.entry(check.to_owned()).or_insert(success);
        *worst = success.min(*worst);
    }
}

/// What was not checked has no figure.
fn figure(status: CheckStatus) -> Option<f64> {
    match status {
        CheckStatus::Ok | CheckStatus::Warn => Some(1.0),
        CheckStatus::Fail => Some(0.0),
        CheckStatus::Skipped => None,
    }
}
