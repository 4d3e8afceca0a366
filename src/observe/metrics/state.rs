//! The state that metrics are read from.

use std::collections::HashMap;
use std::time::SystemTime;

use opentelemetry::KeyValue;

use super::labels::Labels;
use crate::database::ServerInfo;
use crate::error::Error;
use crate::journal::{Counters, LastRun, Running, Steps};
use crate::plan::{Schema, Step};
use crate::report::{Outcome, Report, RetryReason, RowsAffected, Stages, StepReport};

/// The times of the present or last run.
pub(super) struct RunTimes {
    pub(super) began: SystemTime,
    pub(super) alive: SystemTime,
    pub(super) in_progress: bool,
}

#[derive(Default)]
pub(super) struct State {
    labels: Option<Labels>,
    /// The counts; `None` before the journal is read.
    pub(super) totals: Option<Counters>,
    /// When the totals were read.
    read_at: Option<SystemTime>,
    /// When the present run of this process began, and how its last one ended.
    own: Option<SystemTime>,
    own_end: Option<LastRun>,
    pub(super) stages: Stages,
    pub(super) schema: Option<Schema>,
    steps: Steps,
}

impl State {
    pub(super) fn new(totals: Option<Counters>) -> Self {
        Self { totals, ..Self::default() }
    }

    /// The common labels; `None` before the first run.
    pub(super) fn labels(&self) -> Option<Vec<KeyValue>> {
        self.labels.as_ref().map(Labels::key_values)
    }

    /// The common labels and these.
    pub(super) fn labels_with<const N: usize>(&self, more: [KeyValue; N]) -> Vec<KeyValue> {
        self.labels().unwrap_or_default().into_iter().chain(more).collect()
    }

    /// The target's name; `None` before it is known.
    pub(super) fn target(&self) -> Option<String> {
        self.labels.as_ref().map(Labels::target)
    }

    pub(super) fn run_began(&mut self, labels: Labels, now: SystemTime) {
        self.labels = Some(labels);
        self.own = Some(now);
        self.own_end = None;
        self.stages = Stages::default();
        self.steps = Steps::default();
    }

    /// Corrects the labels after the server has answered.
    pub(super) fn answered(&mut self, identity: &ServerInfo) {
        if let Some(labels) = &mut self.labels {
            labels.correct(identity);
        }
    }

    /// Takes the state of a database that this process polls.
    pub(super) fn polled(&mut self, labels: Labels, schema: &Schema) {
        self.labels = Some(labels);
        self.schema = Some(schema.clone());
    }

    pub(super) fn journal_read(&mut self, totals: &Counters, now: SystemTime) {
        self.totals = Some(totals.clone());
        self.read_at = Some(now);
    }

    pub(super) fn migration_ended(&mut self, step: &Step<'_>, report: &StepReport, schema: Option<&Schema>) {
        self.steps.add(&step.migration.key.canonical(), report.outcome, report.elapsed);
        if let Some(schema) = schema {
            self.schema = Some(schema.clone());
        }
    }

    pub(super) fn run_ended(&mut self, report: &Report, error: Option<&Error>, now: SystemTime) {
        self.own = None;
        self.own_end = Some(LastRun {
            run_id: report.run_id.clone(),
            trace_id: report.trace_id.clone(),
            ended: now,
            outcome: report.outcome,
            error: error.map(|error| error.kind().to_owned()),
            reasons: error.map(Error::refusal_reasons).unwrap_or_default(),
            elapsed: report.elapsed,
            steps: self.steps.clone(),
            rows: RowsAffected::of(&report.steps),
            stages: self.stages,
        });
    }

    /// The last run of this process, where the journal does not have its end.
    fn unrecorded(&self) -> Option<&LastRun> {
        let recorded = self.totals.as_ref().and_then(|totals| totals.last_run.as_ref());
        self.own_end.as_ref().filter(|own| recorded.is_none_or(|last| last.run_id != own.run_id))
    }

    /// Counts a retry of a migration or a statement.
    pub(super) fn retried(&mut self, reason: RetryReason) {
        self.steps.tried_again(reason);
    }

    /// The retries of the present or last run, of this process or another; those of this process include what the journal lacks.
    pub(super) fn retries(&self) -> Option<&HashMap<RetryReason, u64>> {
        if self.own.is_some() {
            return Some(&self.steps.retries);
        }
        let elsewhere = self.running_elsewhere().map(|running| &running.retries);
        elsewhere.or_else(|| Some(&self.last_run()?.steps.retries))
    }

    pub(super) fn last_run(&self) -> Option<&LastRun> {
        self.unrecorded().or_else(|| self.totals.as_ref()?.last_run.as_ref())
    }

    pub(super) fn last_success(&self) -> Option<SystemTime> {
        let own = self.unrecorded().filter(|own| own.outcome == Outcome::Success).map(|own| own.ended);
        own.max(self.totals.as_ref().and_then(|totals| totals.last_success))
    }

    pub(super) fn last_failure(&self) -> Option<SystemTime> {
        let own = self.unrecorded().filter(|own| own.outcome != Outcome::Success).map(|own| own.ended);
        own.max(self.totals.as_ref().and_then(|totals| totals.last_failure))
    }

    /// Whether the run of another process held its lock when the journal was read; `None` where there is no such run, or that is not known.
    pub(super) fn lock_held(&self) -> Option<bool> {
        self.running_elsewhere()?.lock_held
    }

    /// The run of another process. A run of this process that has ended is ignored, even where the journal still has it as running.
    fn running_elsewhere(&self) -> Option<&Running> {
        let ended = self.own_end.as_ref().map(|own| own.run_id.as_str());
        let running = self.totals.as_ref().and_then(|totals| totals.running.as_ref());
        running.filter(|running| self.own.is_none() && Some(running.run_id.as_str()) != ended)
    }

    /// The present run of any process, or else the last one.
    pub(super) fn run(&self) -> Option<RunTimes> {
        if let Some(began) = self.own {
            // The process that answers is alive, however long the present statement takes.
            return Some(RunTimes { began, alive: SystemTime::now(), in_progress: true });
        }
        if let Some(running) = self.running_elsewhere() {
            // It held the lock when the journal was read, so it was alive then.
            let alive = self.read_at.unwrap_or(running.began);
            return Some(RunTimes { began: running.began, alive, in_progress: true });
        }
        let last = self.last_run()?;
        Some(RunTimes { began: last.ended - last.elapsed, alive: last.ended, in_progress: false })
    }
}
