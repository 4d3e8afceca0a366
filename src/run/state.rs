//! What a run has done so far.

use std::time::{Duration, Instant};

use super::job::Job;
use crate::history::{Direction, Entry, History};
use crate::migration::MigrationSet;
use crate::plan::{self, Schema, Step};
use crate::policy::{Decided, Policy};
use crate::report::{HealthReport, Outcome, PartialEffect, Report, RowsAffected, Stages, StepReport};

pub(super) struct RunState {
    pub(super) started: Instant,
    pub(super) stages: Stages,
    /// How often acquiring the lock was retried.
    pub(super) lock_retries: u32,
    /// Whether the journal has a row of this run.
    pub(super) journaled: bool,
    /// Whether that row was completed.
    pub(super) end_recorded: bool,
    /// The migration that is being applied or reverted.
    pub(super) at: Option<String>,
    policy: Option<Decided>,
    steps: Vec<StepReport>,
    from: Option<String>,
    /// The history that was read, updated after each successful step.
    history: Option<History>,
    schema: Option<Schema>,
    /// The results of the health checks, if they have run.
    pub(super) health: Option<HealthReport>,
}

impl RunState {
    pub(super) fn new(started: Instant) -> Self {
        Self {
            started,
            stages: Stages::default(),
            lock_retries: 0,
            journaled: false,
            end_recorded: false,
            at: None,
            policy: None,
            steps: Vec::new(),
            from: None,
            history: None,
            schema: None,
            health: None,
        }
    }

    /// Decides whether starting the application applies migrations.
    pub(super) fn decide(&mut self, policy: &Policy) -> &Decided {
        self.policy.insert(policy.decided())
    }

    /// Sets the history that the plan was made from, and returns the schema as it is.
    pub(super) fn begin(&mut self, set: &MigrationSet, history: History) -> Schema {
        self.from = history.highest().map(ToString::to_string);
        let schema = self.schema.insert(plan::survey(set, &history)).clone();
        self.history = Some(history);
        schema
    }

    /// Updates history and schema after a step has ended.
    pub(super) fn follow(&mut self, set: &MigrationSet, step: &Step<'_>, report: &StepReport) {
        let (Some(history), Some(schema)) = (&mut self.history, &mut self.schema) else { return };
        if report.outcome == Outcome::Success {
            follow(history, step);
            *schema = match step.direction {
                Direction::Up => Schema {
                    version: history.highest().cloned(),
                    applied: history.applied().len(),
                    pending: schema.pending.saturating_sub(1),
                    dirty: !history.unsettled.is_empty(),
                    ..*schema
                },
                Direction::Down => plan::survey(set, history),
            };
        } else if report.failure.as_ref().is_some_and(|failure| failure.remains != PartialEffect::Nothing) {
            schema.dirty = true;
        }
    }

    pub(super) fn add(&mut self, report: StepReport) {
        self.steps.push(report);
    }

    /// The history that the plan was made from, updated after each step.
    pub(super) fn history(&self) -> Option<&History> {
        self.history.as_ref()
    }

    /// The highest version that was applied before the run.
    pub(super) fn from(&self) -> Option<&str> {
        self.from.as_deref()
    }

    /// The highest applied version after these steps.
    pub(super) fn version_after(&self, steps: &[Step<'_>]) -> Option<String> {
        let mut history = self.history.clone()?;
        steps.iter().for_each(|step| follow(&mut history, step));
        history.highest().map(ToString::to_string)
    }

    pub(super) fn succeeded(&self) -> usize {
        self.steps.iter().filter(|step| step.outcome == Outcome::Success).count()
    }

    pub(super) fn rows(&self) -> RowsAffected {
        RowsAffected::of(&self.steps)
    }

    /// The current schema; `None` if the history was never read.
    pub(super) fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    pub(super) fn into_report(self, job: &Job<'_>, outcome: Outcome, elapsed: Duration) -> Report {
        let schema = self.schema.as_ref();
        Report {
            run_id: job.context.run_id.clone(),
            trace_id: job.context.trace.as_ref().map(|trace| trace.trace_id_hex()),
            command: job.command().word(),
            policy: self.policy,
            outcome,
            from: self.from,
            to: schema.and_then(|schema| schema.version.as_ref()).map(ToString::to_string),
            applied: schema.map_or(0, |schema| schema.applied),
            pending: schema.map_or(0, |schema| schema.pending),
            steps: self.steps,
            lock_waited: self.stages.lock,
            health: self.health,
            elapsed,
            end_not_recorded: self.journaled && !self.end_recorded,
        }
    }
}

fn follow(history: &mut History, step: &Step<'_>) {
    history.unsettled.retain(|attempt| !step.settles.contains(&attempt.id));
    let migration = step.migration;
    match step.direction {
        Direction::Up => history.apply(Entry::of(migration.key.clone(), &migration.name, &migration.up)),
        Direction::Down => history.revert(&migration.key),
    }
}
