//! Runs an atomic step: statements and records in one transaction, so that the migration is applied and recorded, or neither.

use super::broken::Broken;
use super::commit_outcome::CommitOutcome;
use super::state::StepState;
use crate::database::{DatabaseError, ErrorKind, Transaction};
use crate::journal::{AttemptEnd, Journal};
use crate::ledger::Elapsed;
use crate::plan::Step;
use crate::report::{Failure, Outcome, PartialEffect, Stage};
use crate::run::engine::Engine;

impl Engine<'_> {
    /// Runs the step in one transaction. If the server refuses a statement inside a transaction, returns the step as it has to run instead:
    /// statement by statement.
    pub(super) async fn atomic<'s>(
        &mut self,
        step: &Step<'s>,
        state: &mut StepState,
    ) -> Result<Option<Step<'s>>, (Failure, Outcome)> {
        let last = step.statements().len().saturating_sub(1);
        let mut remains = PartialEffect::Nothing;
        let error = loop {
            state.statements.clear();
            let id = Journal::new_id();
            let Err(error) = self.transaction(step, &id, state).await else {
                return Ok(None);
            };
            if error.kind == ErrorKind::Lost {
                match self.look_up(&id).await {
                    Some(CommitOutcome::Success) => return Ok(None),
                    None if error.stage == Stage::Commit => remains = PartialEffect::Unknown,
                    Some(CommitOutcome::Unfinished(_) | CommitOutcome::Unknown) | None => {}
                }
                break error;
            }
            // A rollback that fails hides nothing: the server rolls back when the session ends.
            let _ = self.session.rollback().await;
            if let Some(step) = self.without_transaction(step, state.statements.len(), &error).await {
                state.statements.clear();
                return Ok(Some(step));
            }
            if let Err(error) = self.again(step, state.statements.len().min(last), error, state).await {
                break error;
            }
        };
        let broken = Broken::new(state.statements.len().min(last), error, remains);
        let (failure, outcome) = self.describe(step, &broken);
        let elapsed = Elapsed::Measured(state.started.elapsed());
        let end = AttemptEnd { step, done: 0, elapsed, failure: Some((&failure, outcome)) };
        let sql = self.journal.attempt(self.session.sql(), &Journal::new_id(), &end);
        self.record_failure(step, &broken, state, &sql).await;
        Err((failure, outcome))
    }

    /// Runs the transaction, with foreign key enforcement switched before it and restored after it where the script requires that.
    async fn transaction(&mut self, step: &Step<'_>, id: &str, state: &mut StepState) -> Result<(), DatabaseError> {
        self.prepare_again(step).await?;
        let (usual, wanted) = (self.session.capabilities().foreign_keys, step.foreign_keys);
        if let Some(on) = wanted {
            self.enforce_foreign_keys(on).await.map_err(|error| error.at(Stage::Before))?;
        }
        let result = self.inside(step, id, state).await;
        if let (Some(on), Some(_)) = (usual, wanted) {
            if result.is_err() {
                // A rollback that fails hides nothing: the server rolls back when the session ends.
                let _ = self.session.rollback().await;
            }
            // The script's own settings end with its session in any case.
            let _ = self.enforce_foreign_keys(on).await;
        }
        result
    }

    async fn inside(&mut self, step: &Step<'_>, id: &str, state: &mut StepState) -> Result<(), DatabaseError> {
        let limits = self.limits(step);
        self.session.begin(Transaction::Write(Some(&limits))).await.map_err(|error| error.at(Stage::Before))?;
        let orphans = self.orphans_before(step).await.map_err(|error| error.at(Stage::Before))?;
        let pipelined = self.session.capabilities().pipelined_commit;
        let count = step.statements().len();
        let alone = if pipelined { count.saturating_sub(1) } else { count };
        for index in 0..alone {
            self.may_go_on().await?;
            self.statement(step, index, state).await?;
        }
        self.may_go_on().await?;
        self.check_foreign_keys(step, &orphans).await?;
        if pipelined {
            let records = self.records(step, id, Elapsed::SinceBegin { before: state.before() }, state);
            self.last_statement(step, &records, state).await
        } else {
            let records = self.records(step, id, Elapsed::Measured(state.started.elapsed()), state);
            self.conclude(step, &records).await
        }
    }

    fn records(&self, step: &Step<'_>, id: &str, elapsed: Elapsed, state: &StepState) -> Vec<String> {
        let session = self.session.sql();
        let mut records = if step.changes_session() { session.restore_authorization() } else { Vec::new() };
        records.extend(self.ledger.record(session, step, elapsed, &self.job.context.run_id));
        records.extend(self.journal.retries(session, step, &state.unwritten));
        records.push(self.journal.attempt(session, id, &AttemptEnd::success(step, elapsed)));
        records
    }
}
