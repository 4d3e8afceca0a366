//! The instruments of the catalogue: gauges and counters with the function that reads their value.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Histogram, Meter};

use super::state::State;
use crate::history::Direction;
use crate::journal::LastRun;
use crate::observe::names::{self, Kind, Metric};
use crate::plan::Schema;
use crate::report::{Outcome, RetryReason, RowsAffected, Stages};

/// A histogram of the catalogue.
pub(super) fn histogram(meter: &Meter, metric: &Metric) -> Histogram<f64> {
    let builder = meter.f64_histogram(metric.name).with_unit(metric.unit).with_description(metric.description);
    match metric.kind {
        Kind::Histogram(bounds) => builder.with_boundaries(bounds.to_vec()).build(),
        Kind::Gauge | Kind::Counter => builder.build(),
    }
}

/// Registers every gauge and counter; the meter's provider keeps them and `state` while it lives.
pub(super) fn observe(meter: &Meter, state: &Arc<Mutex<State>>) {
    GAUGES.iter().for_each(|(metric, read)| gauge(meter, state, metric, *read));
    for (metric, read) in COUNTERS {
        let state = Arc::clone(state);
        meter
            .u64_observable_counter(metric.name)
            .with_unit(metric.unit)
            .with_description(metric.description)
            .with_callback(move |instrument| collect(&state, instrument, *read))
            .build();
    }
}

/// Registers the gauges that name the last run and its migrations.
pub(super) fn observe_run_info(meter: &Meter, state: &Arc<Mutex<State>>) {
    gauge(meter, state, &names::LAST_RUN_INFO, run_info);
    gauge(meter, state, &names::LAST_RUN_MIGRATION_DURATION, last_durations);
}

fn gauge(meter: &Meter, state: &Arc<Mutex<State>>, metric: &Metric, read: Read<f64>) {
    let state = Arc::clone(state);
    meter
        .f64_observable_gauge(metric.name)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .with_callback(move |instrument| collect(&state, instrument, read))
        .build();
}

/// Takes the values of one metric, each with its labels besides the common ones.
type Take<'t, T> = &'t mut dyn FnMut(T, &[KeyValue]);

/// Reads the values of one metric.
type Read<T> = fn(&State, Take<'_, T>);

fn collect<T>(state: &Mutex<State>, instrument: &dyn AsyncInstrument<T>, read: Read<T>) {
    let state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(common) = state.labels() else { return };
    read(&state, &mut |value, labels| instrument.observe(value, &[&common, labels].concat()));
}

const GAUGES: &[(Metric, Read<f64>)] = &[
    (names::LAST_RUN_TIMESTAMP, |state, take| last_run(state, take, |last| seconds(Some(last.ended)))),
    (names::LAST_SUCCESS_TIMESTAMP, |state, take| ever(state, take, State::last_success)),
    (names::LAST_FAILURE_TIMESTAMP, |state, take| ever(state, take, State::last_failure)),
    (names::LAST_RUN_SUCCESS, |state, take| last_run(state, take, |last| truth(last.outcome == Outcome::Success))),
    (names::LAST_RUN_ERROR, last_error),
    (names::LAST_RUN_DURATION, |state, take| last_run(state, take, |last| last.elapsed.as_secs_f64())),
    (names::LAST_RUN_STAGE_DURATION, stages),
    (names::LAST_RUN_MIGRATIONS, last_migrations),
    (names::ROWS_AFFECTED, last_rows),
    (names::RUN_IN_PROGRESS, |state, take| take(truth(state.run().is_some_and(|run| run.in_progress)), &[])),
    (names::RUN_LOCK_HELD, |state, take| state.lock_held().into_iter().for_each(|held| take(truth(held), &[]))),
    (names::RUN_RETRIES, run_retries),
    (names::RUN_START_TIMESTAMP, |state, take| take(seconds(state.run().map(|run| run.began)), &[])),
    (names::RUN_HEARTBEAT_TIMESTAMP, |state, take| take(seconds(state.run().map(|run| run.alive)), &[])),
    (names::SCHEMA_VERSION, version),
    (names::SCHEMA_INFO, info),
    (names::SCHEMA_DIRTY, |state, take| schema(state, take, |schema| truth(schema.dirty))),
    (names::APPLIED, |state, take| schema(state, take, |schema| number(schema.applied))),
    (names::PENDING, |state, take| schema(state, take, |schema| number(schema.pending))),
    (names::MISMATCHES, |state, take| schema(state, take, |schema| number(schema.changed))),
    (names::MISSING, |state, take| schema(state, take, |schema| number(schema.missing))),
    (names::BUILD_INFO, build),
];

const COUNTERS: &[(Metric, Read<u64>)] = &[
    (names::RUNS, runs),
    (names::MIGRATIONS_RUN, migrations),
    (names::LOCK_RETRIES, lock_retries),
    (names::STATEMENT_RETRIES, statement_retries),
];

fn last_run(state: &State, take: Take<'_, f64>, value: fn(&LastRun) -> f64) {
    if let Some(last) = state.last_run() {
        take(value(last), &[]);
    }
}

/// One series for each reason of a refusal, one for any other error, none where the run succeeded.
fn last_error(state: &State, take: Take<'_, f64>) {
    let Some((last, error)) = state.last_run().and_then(|last| Some((last, last.error.as_deref()?))) else { return };
    let kind = KeyValue::new(names::ERROR_TYPE, names::error_type(error).to_owned());
    if last.reasons.is_empty() {
        take(1.0, std::slice::from_ref(&kind));
    }
    for reason in &last.reasons {
        take(1.0, &[kind.clone(), KeyValue::new(names::REFUSAL_REASON, reason.word())]);
    }
}

/// 0 where it never happened; nothing where that is not known.
fn ever(state: &State, take: Take<'_, f64>, moment: fn(&State) -> Option<SystemTime>) {
    let moment = moment(state);
    if moment.is_some() || state.totals.is_some() {
        take(seconds(moment), &[]);
    }
}

fn stages(state: &State, take: Take<'_, f64>) {
    let Some(last) = state.last_run() else { return };
    let Stages { connect, lock, plan, apply, health } = last.stages;
    let stages = [
        (names::STAGE_CONNECT, connect),
        (names::STAGE_LOCK, lock),
        (names::STAGE_PLAN, plan),
        (names::STAGE_APPLY, apply),
        (names::STAGE_HEALTH, health),
    ];
    for (stage, elapsed) in stages {
        take(elapsed.as_secs_f64(), &[KeyValue::new(names::STAGE, stage)]);
    }
}

fn last_migrations(state: &State, take: Take<'_, f64>) {
    let Some(last) = state.last_run() else { return };
    for outcome in Outcome::ALL {
        let count = last.steps.outcomes.get(&outcome).copied().unwrap_or_default();
        take(count as f64, &[KeyValue::new(names::OUTCOME, outcome.word())]);
    }
}

fn last_rows(state: &State, take: Take<'_, f64>) {
    let Some(last) = state.last_run() else { return };
    let RowsAffected { inserted, updated, deleted, other } = last.rows;
    let operations = [
        (names::OPERATION_INSERT, inserted),
        (names::OPERATION_UPDATE, updated),
        (names::OPERATION_DELETE, deleted),
        (names::OPERATION_OTHER, other),
    ];
    for (operation, rows) in operations {
        take(rows as f64, &[KeyValue::new(names::DB_OPERATION_NAME, operation)]);
    }
}

fn last_durations(state: &State, take: Take<'_, f64>) {
    let Some(last) = state.last_run() else { return };
    for (version, elapsed) in &last.steps.durations {
        take(elapsed.as_secs_f64(), &[KeyValue::new(names::VERSION, version.clone())]);
    }
}

fn schema(state: &State, take: Take<'_, f64>, value: fn(&Schema) -> f64) {
    if let Some(schema) = &state.schema {
        take(value(schema), &[]);
    }
}

fn version(state: &State, take: Take<'_, f64>) {
    let Some(schema) = &state.schema else { return };
    match &schema.version {
        None => take(0.0, &[]),
        Some(version) => {
            if let Some(number) = version.as_exact_integer() {
                take(number as f64, &[]);
            }
        }
    }
}

fn info(state: &State, take: Take<'_, f64>) {
    if let Some(version) = state.schema.as_ref().and_then(|schema| schema.version.as_ref()) {
        take(1.0, &[KeyValue::new(names::VERSION, version.canonical())]);
    }
}

fn run_info(state: &State, take: Take<'_, f64>) {
    let Some(last) = state.last_run() else { return };
    let mut labels = vec![KeyValue::new(names::RUN_ID, last.run_id.clone())];
    labels.extend(last.trace_id.clone().map(|trace| KeyValue::new(names::TRACE_ID, trace)));
    take(1.0, &labels);
}

fn build(_: &State, take: Take<'_, f64>) {
    let mut labels = vec![KeyValue::new(names::VERSION, env!("CARGO_PKG_VERSION"))];
    labels.extend(option_env!("MIGRASCOPE_REVISION").map(|revision| KeyValue::new(names::REVISION, revision)));
    take(1.0, &labels);
}

fn runs(state: &State, take: Take<'_, u64>) {
    let Some(totals) = &state.totals else { return };
    for outcome in Outcome::ALL {
        let count = totals.runs.get(&outcome).copied().unwrap_or_default();
        take(count, &[KeyValue::new(names::OUTCOME, outcome.word())]);
    }
}

fn migrations(state: &State, take: Take<'_, u64>) {
    let Some(totals) = &state.totals else { return };
    for direction in [Direction::Up, Direction::Down] {
        for outcome in Outcome::ALL {
            let count = totals.migrations.get(&(direction, outcome)).copied().unwrap_or_default();
            let labels =
                [KeyValue::new(names::DIRECTION, direction.word()), KeyValue::new(names::OUTCOME, outcome.word())];
            take(count, &labels);
        }
    }
}

/// The lock is retried only because another session holds it.
fn lock_retries(state: &State, take: Take<'_, u64>) {
    let Some(totals) = &state.totals else { return };
    take(totals.lock_retries, &[KeyValue::new(names::RETRY_REASON, RetryReason::LockTimeout.word())]);
}

fn statement_retries(state: &State, take: Take<'_, u64>) {
    let Some(totals) = &state.totals else { return };
    for reason in RetryReason::ALL {
        let count = totals.statement_retries.get(&reason).copied().unwrap_or_default();
        take(count, &[KeyValue::new(names::RETRY_REASON, reason.word())]);
    }
}

fn run_retries(state: &State, take: Take<'_, f64>) {
    let Some(retries) = state.retries() else { return };
    for reason in RetryReason::ALL {
        let count = retries.get(&reason).copied().unwrap_or_default();
        take(count as f64, &[KeyValue::new(names::RETRY_REASON, reason.word())]);
    }
}

/// Seconds since 1970; 0 for never.
fn seconds(moment: Option<SystemTime>) -> f64 {
    moment.and_then(|moment| moment.duration_since(UNIX_EPOCH).ok()).unwrap_or_default().as_secs_f64()
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn number(count: usize) -> f64 {
    count as f64
}
