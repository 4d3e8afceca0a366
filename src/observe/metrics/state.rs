//! What the figures are read from.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use opentelemetry::KeyValue;

use crate::database::Identity;
use crate::event::RunContext;
use crate::history::Direction;
use crate::observe::names;
use crate::plan::Schema;
use crate::report::{Outcome, Report};

/// What earlier runs have left; [`Default`] where nothing is known of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Totals {
    /// Runs that ended, by outcome.
    pub runs: HashMap<Outcome, u64>,
    /// Migrations that were begun, by direction and outcome.
    pub migrations: HashMap<(Direction, Outcome), u64>,
    /// When a run last succeeded.
    pub last_success: Option<SystemTime>,
    /// When a run last ended without success.
    pub last_failure: Option<SystemTime>,
    /// The last run that ended.
    pub last_run: Option<LastRun>,
}

/// A run that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct LastRun {
    /// When it ended.
    pub ended: SystemTime,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub elapsed: Duration,
    /// The migrations that it began, by outcome.
    pub migrations: HashMap<Outcome, u64>,
    /// How long each stage took, by its word in [`names`].
    pub stages: Vec<(&'static str, Duration)>,
}

/// Labels of every figure of a run: the only place that derives them.
pub(super) struct Labels {
    target: Option<String>,
    system: &'static str,
    namespace: String,
    database: String,
}

impl Labels {
    pub(super) fn of(run: &RunContext, identity: &Identity) -> Self {
        Self {
            target: run.target.clone(),
            system: identity.system,
            namespace: identity.namespace(),
            database: identity.database.clone(),
        }
    }

    pub(super) fn key_values(&self) -> Vec<KeyValue> {
        let target = self.target.as_ref().unwrap_or(&self.database).clone();
        vec![
            KeyValue::new(names::TARGET, target),
            KeyValue::new(names::DB_SYSTEM_NAME, self.system),
            KeyValue::new(names::DB_NAMESPACE, self.namespace.clone()),
        ]
    }
}

/// How long the stages of the present run took so far.
#[derive(Default)]
pub(super) struct Stages {
    pub(super) connect: Duration,
    pub(super) lock: Duration,
    pub(super) plan: Duration,
    pub(super) apply: Duration,
    pub(super) health: Duration,
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
    pub(super) totals: Totals,
    pub(super) run: Option<Run>,
    pub(super) stages: Stages,
    pub(super) schema: Option<Schema>,
    migrations: HashMap<Outcome, u64>,
}

impl State {
    pub(super) fn new(totals: Totals) -> Self {
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

    pub(super) fn run_began(&mut self, labels: Labels, now: SystemTime) {
        self.labels = Some(labels);
        self.run = Some(Run { began: now, alive: now, in_progress: true });
        self.stages = Stages::default();
        self.migrations.clear();
    }

    /// Who answered may be known better than who was expected: a MariaDB behind a MySQL URL, or the schema.
    pub(super) fn answered(&mut self, identity: &Identity) {
        if let Some(labels) = &mut self.labels {
            labels.system = identity.system;
            labels.namespace = identity.namespace();
        }
    }

    pub(super) fn alive(&mut self, now: SystemTime) {
        if let Some(run) = &mut self.run {
            run.alive = now;
        }
    }

    pub(super) fn migration_ended(&mut self, direction: Direction, outcome: Outcome) {
        *self.migrations.entry(outcome).or_default() += 1;
        *self.totals.migrations.entry((direction, outcome)).or_default() += 1;
    }

    pub(super) fn run_ended(&mut self, report: &Report, now: SystemTime) {
        if let Some(run) = &mut self.run {
            run.in_progress = false;
        }
        let last = if report.outcome == Outcome::Success {
            &mut self.totals.last_success
        } else {
            &mut self.totals.last_failure
        };
        *last = Some(now);
        *self.totals.runs.entry(report.outcome).or_default() += 1;
        let Stages { connect, lock, plan, apply, health } = self.stages;
        self.totals.last_run = Some(LastRun {
            ended: now,
            outcome: report.outcome,
            elapsed: report.elapsed,
            migrations: self.migrations.clone(),
            stages: vec![
                (names::STAGE_CONNECT, connect),
                (names::STAGE_LOCK, lock),
                (names::STAGE_PLAN, plan),
                (names::STAGE_APPLY, apply),
                (names::STAGE_HEALTH, health),
            ],
        });
    }
}
