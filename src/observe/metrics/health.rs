//! The figures of the health checks, in a state of their own: `migrascope health` has these and no others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};

use super::instruments;
use super::state::Labels;
use crate::event::{Event, RunContext};
use crate::observe::names;
use crate::report::CheckStatus;

/// The instruments and what they are read from.
pub(super) struct HealthFigures {
    state: Arc<Mutex<Checks>>,
    duration: Histogram<f64>,
}

/// The last result of each check.
#[derive(Default)]
struct Checks {
    run: Option<RunContext>,
    common: Vec<KeyValue>,
    success: BTreeMap<String, f64>,
}

impl HealthFigures {
    pub(super) fn new(meter: &Meter) -> Self {
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
        Self { state, duration: instruments::histogram(meter, &names::HEALTH_CHECK_DURATION) }
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
                self.duration.record(check.elapsed.as_secs_f64(), &labels);
            }
            _ => {}
        }
    }

    /// The check `connect` as it came out for somebody who looked from outside, and did not measure it.
    pub(super) fn connected(&self, labels: &Labels, status: CheckStatus) {
        let mut state = self.state();
        state.common = labels.key_values();
        state.success.remove(names::CHECK_CONNECT);
        state.ended(names::CHECK_CONNECT, status);
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
        let success = match status {
            CheckStatus::Ok | CheckStatus::Warn => 1.0,
            CheckStatus::Fail => 0.0,
            CheckStatus::Skipped => return,
        };
        let worst = self.success.entry(check.to_owned()).or_insert(success);
        *worst = success.min(*worst);
    }
}
