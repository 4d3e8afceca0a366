//! What the figures are read from.

use std::collections::HashMap;
use std::time::SystemTime;

use opentelemetry::KeyValue;

use crate::database::Identity;
use crate::error::Error;
use crate::history::Direction;
use crate::journal::{LastRun, Running, Steps, Totals};
use crate::observe::names;
use crate::plan::{Schema, Step};
use crate::report::{Outcome, Report, RetryReason, RowsAffected, Stages, StepReport};

/// Labels of every figure of a run: the only place that derives them.
pub(super) struct Labels {
    target: Option<String>,
    system: &'static str,
    namespace: String,
    database: String,
}

impl Labels {
    pub(super) fn of(target: Option<&str>, identity: &Identity) -> Self {
        Self {
            target: target.map(str::to_owned),
            system: identity.system,
            namespace: identity.namespace(),
            database: identity.database.clone(),
        }
    }

    fn target(&self) -> String {
        self.target.as_ref().unwrap_or(&self.database).clone()
    }

    pub(super) fn key_values(&self) -> Vec<KeyValue> {
        vec![
            KeyValue::new(names::TARGET, self.target()),
            KeyValue::new(names::DB_SYSTEM_NAME, self.system),
            KeyValue::new(names::DB_NAMESPACE, self.namespace.clone()),
        ]
    }
}

/// The present or last run.
pub(super) struct Run {
    pub(super) began: SystemTime,
    pub(super) alive: SystemTime,
    pub(super) in_progress: bool,
}

#[derive(Default)]
pub(super) struct State {
    labels: Option<Labels>,
    /// What is counted; `None` while the journal that counts has not been read.
    pub(super) totals: Option<Totals>,
    /// When the totals were read.
    looked: Option<SystemTime>,
    /// When the run began that this process makes now, and how its last one ended.
    own: Option<SystemTime>,
    own_end: Option<LastRun>,
    pub(super) stages: Stages,
    pub(super) schema: Option<Schema>,
    steps: Steps,
}

impl State {
    pub(super) fn new(totals: Option<Totals>) -> Self {
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

    /// The logical name of the database, once it is known.
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

    /// Who answered may be known better than who was expected: a MariaDB behind a MySQL URL, or the schema.
    pub(super) fn answered(&mut self, identity: &Identity) {
        if let Some(labels) = &mut self.labels {
            labels.system = identity.system;
            labels.namespace = identity.namespace();
        }
    }

    /// What is seen from outside, where this process makes no run.
    pub(super) fn seen(&mut self, labels: Labels, schema: &Schema) {
        self.labels = Some(labels);
        self.schema = Some(schema.clone());
    }

    pub(super) fn journal_read(&mut self, totals: &Totals, now: SystemTime) {
        self.totals = Some(totals.clone());
        self.looked = Some(now);
    }

    /// The schema is followed as far as one can without reading it: what is the highest version after one was reverted, the
    /// end of the run tells.
    pub(super) fn migration_ended(&mut self, step: &Step<'_>, report: &StepReport) {
        self.steps.add(&step.migration.version.canonical(), report.outcome, report.elapsed);
        let Some(schema) = self.schema.as_mut().filter(|_| report.outcome == Outcome::Success) else { return };
        match step.direction {
            Direction::Up => {
                schema.applied += 1;
                schema.pending = schema.pending.saturating_sub(1);
                schema.version = schema.version.take().max(Some(step.migration.version.clone()));
            }
            Direction::Down => {
                schema.applied = schema.applied.saturating_sub(1);
                schema.pending += 1;
            }
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

    /// The run of this process, where it has ended and the journal does not know it.
    fn unrecorded(&self) -> Option<&LastRun> {
        let recorded = self.totals.as_ref().and_then(|totals| totals.last_run.as_ref());
        self.own_end.as_ref().filter(|own| recorded.is_none_or(|last| last.run_id != own.run_id))
    }

    /// A migration or a statement of our run was tried again.
    pub(super) fn tried_again(&mut self, reason: RetryReason) {
        self.steps.tried_again(reason);
    }

    /// What the present or last run has tried again, of this process or another; of our own also what the journal could not take.
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

    /// Whether the run that another process makes has its lock, as the last look has seen it; `None` where there is no such run, or that
    /// cannot be seen.
    pub(super) fn lock_held(&self) -> Option<bool> {
        self.running_elsewhere()?.lock_held
    }

    /// The run that another process makes. What the journal was read to say of our own before it ended is over, whether or not its end could be
    /// recorded.
    fn running_elsewhere(&self) -> Option<&Running> {
        let ended = self.own_end.as_ref().map(|own| own.run_id.as_str());
        let running = self.totals.as_ref().and_then(|totals| totals.running.as_ref());
        running.filter(|running| self.own.is_none() && Some(running.run_id.as_str()) != ended)
    }

    /// The present run, whoever makes it, or else the last one.
    pub(super) fn run(&self) -> Option<Run> {
        if let Some(began) = self.own {
            // Whoever asks us sees that we live, however long the present statement takes.
            return Some(Run { began, alive: SystemTime::now(), in_progress: true });
        }
        if let Some(running) = self.running_elsewhere() {
            // It had the lock when we looked, so it was alive.
            let alive = self.looked.unwrap_or(running.began);
            return Some(Run { began: running.began, alive, in_progress: true });
        }
        let last = self.last_run()?;
        Some(Run { began: last.ended - last.elapsed, alive: last.ended, in_progress: false })
    }
}
