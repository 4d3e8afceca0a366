//! The metrics of the health checks, in a state of their own: `migrascope health` has no others.
//!
//! The journal has the results of runs and of the checks alone, and every reader of it shows the latest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};

use super::count_source::CountSource;
use super::distributions::{Destination, counted, follow};
use super::instruments;
use super::labels::Labels;
use crate::event::{Command, Event};
use crate::journal::{Counters, Histograms};
use crate::observe::names;
use crate::report::CheckStatus;

/// The instruments and their state.
pub(super) struct HealthMetrics {
    state: Arc<Mutex<Checks>>,
    duration: Histogram<f64>,
    count: CountSource,
    /// The observations of the journal that are recorded already.
    recorded: Histograms<String>,
    since: Option<SystemTime>,
    pub(super) destination: Destination,
}

/// The last result of each check.
#[derive(Default)]
struct Checks {
    run: Option<(Command, String)>,
    common: Vec<KeyValue>,
    success: BTreeMap<String, f64>,
}

impl HealthMetrics {
    pub(super) fn new(meter: &Meter, count: CountSource) -> Self {
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
        Self {
            state,
            duration,
            count,
            recorded: Histograms::default(),
            since: None,
            destination: Destination::default(),
        }
    }

    pub(super) fn observe(&self, event: &Event<'_>) {
        let mut state = self.state();
        match event {
            Event::RunStarted { command, expected, target, .. } => {
                state.common = Labels::of(target, expected).key_values();
                state.run = Some((*command, (*target).to_owned()));
            }
            Event::ConnectFinished { result: Ok(identity), .. } => {
                if let Some((_, target)) = &state.run {
                    state.common = Labels::of(target, identity).key_values();
                }
            }
            Event::HealthStarted => state.success.clear(),
            Event::CheckFinished { check } => {
                let labels = state.labels(&check.name);
                state.ended(&check.name, check.status);
                if check.status != CheckStatus::Skipped && self.count == CountSource::Events {
                    self.duration.record(check.elapsed.as_secs_f64(), &labels);
                }
            }
            _ => {}
        }
    }

    /// Takes the results of the journal, including those of the present run so far.
    pub(super) fn journal_read(&mut self, totals: &Counters, common: &[KeyValue]) {
        let labels = |check: String| [common, &[KeyValue::new(names::HEALTH_CHECK, check)]].concat();
        match &mut self.destination {
            Destination::Series(series) => {
                *series = counted(&names::HEALTH_CHECK_DURATION, &totals.check_durations, labels);
            }
            Destination::Instruments => {
                follow(&self.duration, &mut self.recorded, &totals.check_durations, names::CHECK_BUCKETS, labels);
            }
        }
        let mut state = self.state();
        state.common = common.to_vec();
        let value = |(name, status): (&String, &CheckStatus)| Some((name.clone(), success_value(*status)?));
        state.success = totals.checks.iter().filter_map(value).collect();
    }

    /// Takes the results of the journal where this process makes health checks alone; returns whether it does.
    pub(super) fn journal_read_alone(&mut self, totals: &Counters) -> bool {
        let state = self.state();
        let alone = matches!(state.run, Some((Command::Health, _)));
        let common = state.common.clone();
        drop(state);
        if alone {
            self.journal_read(totals, &common);
            self.since = totals.since;
        }
        alone
    }

    /// The time of the journal's first event, where it was read for the checks alone.
    pub(super) fn since(&self) -> Option<SystemTime> {
        self.since
    }

    /// A poll was answered by this database, which takes writes or not.
    pub(super) fn reached(&self, labels: &Labels, takes_writes: bool) {
        let mut state = self.state();
        state.common = labels.key_values();
        state.success.insert(names::CHECK_CONNECT.to_owned(), 1.0);
        // The last run's result is kept, unless the poll disproves it.
        if !takes_writes {
            state.success.insert(names::CHECK_WRITABLE.to_owned(), 0.0);
        }
    }

    /// A poll was not answered. Labels of an earlier answer are better than expected ones and are kept, so that the series continue.
    pub(super) fn unreachable(&self, expected: &Labels) {
        let mut state = self.state();
        if state.common.is_empty() {
            state.common = expected.key_values();
        }
        state.success.insert(names::CHECK_CONNECT.to_owned(), 0.0);
    }

    /// The target's name, also for health checks alone.
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

    /// A skipped check has no value; of two checks with one name the worse one counts.
    fn ended(&mut self, check: &str, status: CheckStatus) {
        let Some(success) = success_value(status) else { return };
        let worst = self.success.entry(check.to_owned()).or_insert(success);
        *worst = success.min(*worst);
    }
}

/// The value of a check; none where it was skipped.
fn success_value(status: CheckStatus) -> Option<f64> {
    match status {
        CheckStatus::Ok | CheckStatus::Warn => Some(1.0),
        CheckStatus::Fail => Some(0.0),
        CheckStatus::Skipped => None,
    }
}
