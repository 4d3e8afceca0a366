//! Runs the steps of a plan in order, and reports each.

use std::time::Instant;

use super::state::StepState;
use crate::error::Error;
use crate::event::{Event, Hook};
use crate::plan::Step;
use crate::report::{Failure, Outcome, StepReport};
use crate::run::counters::{self, LockOwner};
use crate::run::engine::{Engine, READ_JOURNAL_EVERY};

impl Engine<'_> {
    /// Runs the steps in order, up to the first that fails.
    ///
    /// # Errors
    /// [`Error::Migration`], [`Error::Interrupted`], [`Error::Hook`], and [`Error::Own`].
    pub(in crate::run) async fn take_all(&mut self, steps: &[Step<'_>]) -> Result<(), Error> {
        for (index, step) in steps.iter().enumerate() {
            if self.job.stop.is_requested() {
                return Err(Error::Interrupted { failure: None });
            }
            self.each(Hook::BeforeEach, step).await?;
            self.observer.observe(&Event::MigrationStarted { step, index: index + 1, of: steps.len() });
            self.state.at = Some(step.migration.to_string());
            let (report, taken) = self.take(step).await;
            self.state.at = None;
            self.state.follow(self.job.set, step, &report);
            let (taken, schema) = (taken.as_ref().unwrap_or(step), self.state.schema());
            self.observer.observe(&Event::MigrationFinished { step: taken, report: &report, schema });
            if self.journal_read.elapsed() >= READ_JOURNAL_EVERY {
                counters::report(self.job, &mut **self.session, LockOwner::Us, self.observer).await;
                self.journal_read = Instant::now();
            }
            let failure = report.failure.clone();
            let outcome = report.outcome;
            self.state.add(report);
            if let Some(failure) = failure {
                return Err(self.error(step, failure, outcome));
            }
            if step.changes_session() && !self.renews_for_records(step) {
                // The settings of this script must not affect the next one or the runner's own statements.
                let clean = self.session.reset().await;
                clean.map_err(|source| Error::Own { what: "cannot reset the session", source: Box::new(source) })?;
            }
            self.each(Hook::AfterEach, step).await?;
        }
        Ok(())
    }

    /// Runs one step. Returns its report, and the step as it ran if that differs from the plan.
    async fn take<'s>(&mut self, step: &Step<'s>) -> (StepReport, Option<Step<'s>>) {
        let mut state = StepState::new(self.job.options.retries);
        let atomic = match step.atomic.is_yes() {
            true => Some(self.atomic(step, &mut state).await),
            false => None,
        };
        let (result, taken) = match atomic {
            None => (self.stepwise(step, &mut state).await, None),
            Some(Ok(Some(taken))) => (self.stepwise(&taken, &mut state).await, Some(taken)),
            Some(result) => (result.map(drop), None),
        };
        let (outcome, failure) = match result {
            Ok(()) => (Outcome::Success, None),
            Err((failure, outcome)) => (outcome, Some(failure)),
        };
        let report = StepReport {
            version: step.migration.key.to_string(),
            name: step.migration.name.clone(),
            direction: step.direction,
            atomic: step.atomic.is_yes() && taken.is_none(),
            outcome,
            statements: state.statements,
            total: u32::try_from(step.statements().len()).unwrap_or(u32::MAX),
            retries: state.retries,
            elapsed: state.started.elapsed(),
            failure,
        };
        (report, taken)
    }

    fn error(&self, step: &Step<'_>, failure: Failure, outcome: Outcome) -> Error {
        match outcome {
            Outcome::Cancellation => Error::Interrupted { failure: Some(Box::new(failure)) },
            _ => Error::Migration {
                version: step.migration.key.to_string(),
                name: step.migration.name.clone(),
                failure: Box::new(failure),
            },
        }
    }
}
