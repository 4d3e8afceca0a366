//! Progress records of a non-atomic step in the journal, and the records at its end. While the script holds a transaction or table locks of
//! its own, the runner writes nothing: the progress record is written when they have ended.

use super::broken::Broken;
use super::class::{Locks, chains};
use super::progress::AttemptProgress;
use super::state::StepState;
use crate::database::{DatabaseError, Limits, Query, Transaction, Urgency};
use crate::journal::AttemptEnd;
use crate::ledger::Elapsed;
use crate::migration::StatementKind;
use crate::plan::Step;
use crate::report::Stage;
use crate::run::engine::Engine;
use crate::script::Opening;

impl Engine<'_> {
    /// SQL that records in the journal that the statements up to and including `index` have run.
    pub(super) fn advanced(&self, step: &Step<'_>, index: usize, attempt: &AttemptProgress) -> String {
        let progress = attempt.after(step, index).checksum();
        self.journal.attempt_advanced(self.session.sql(), &attempt.id, index + 1, &progress)
    }

    /// If the statement at `index` ends the script's own transaction, records the progress inside that transaction, so that there is no
    /// moment in which it is committed but not recorded.
    pub(super) async fn note_inside(
        &mut self,
        step: &Step<'_>,
        index: usize,
        attempt: &AttemptProgress,
    ) -> Result<(), DatabaseError> {
        let capabilities = self.session.capabilities();
        let includes_it = match step.statements()[index].kind {
            // A chained commit runs again when the migration resumes, because of the transaction that it begins.
            StatementKind::Commit => !chains(&Opening::of(step.text(index), capabilities.dialect)),
            // It may end the transaction that its savepoint has opened.
            StatementKind::Release => true,
            StatementKind::Begin { .. } if !capabilities.transactional_ddl => false,
            _ => return Ok(()),
        };
        if !attempt.own.is_open() || attempt.locks == Locks::Held {
            return Ok(());
        }
        let mut note = self.session.sql().restore_authorization();
        note.push(if includes_it {
            self.advanced(step, index, attempt)
        } else {
            self.journal.attempt_advanced(self.session.sql(), &attempt.id, index, &attempt.progress.checksum())
        });
        match self.session.query(Query::Own(&note.join(";"))).await {
            Err(error) if !self.session.sql().can_wait(&error) => Err(error.at(Stage::Record)),
            _ => Ok(()),
        }
    }

    /// Records the statement at `index` as completed before it runs. It changes a setting for the next transaction, which a record written
    /// after it would be, and it leaves nothing in the database.
    pub(super) async fn note_ahead(
        &mut self,
        step: &Step<'_>,
        index: usize,
        attempt: &AttemptProgress,
    ) -> Result<(), DatabaseError> {
        if attempt.own.is_open() || attempt.locks != Locks::Free {
            return Ok(());
        }
        let note = self.advanced(step, index, attempt);
        self.session.note(&[note], Urgency::Needed).await.map_err(|error| error.at(Stage::Record))
    }

    /// Records that the statement at `index` has run, if that could not be committed together with the statement and can be written now.
    pub(super) async fn advance(
        &mut self,
        step: &Step<'_>,
        index: usize,
        attempt: &mut AttemptProgress,
        state: &mut StepState,
    ) -> Result<(), Broken> {
        let progress = attempt.progress.checksum();
        let advanced = self.journal.attempt_advanced(self.session.sql(), &attempt.id, index + 1, &progress);
        let unwritten = std::mem::take(&mut state.unwritten);
        let retries = self.journal.retries(self.session.sql(), step, &unwritten);
        state.begin_anew();
        for note in retries.into_iter().chain([advanced]) {
            // Two statements in one message form a transaction, and settings that are local to it end with it.
            let mut message =
                if step.changes_session() { self.session.sql().restore_authorization() } else { Vec::new() };
            message.push(note);
            while let Err(error) = self.session.note(&message, Urgency::Needed).await {
                if attempt.locks == Locks::Perhaps && self.session.sql().can_wait(&error) {
                    state.unwritten.extend(unwritten);
                    return Ok(());
                }
                if let Err(error) = self.again(step, index, error.at(Stage::Record), state).await {
                    return Err(self.broken(step, index + 1, attempt, error).await);
                }
            }
            attempt.locks = Locks::Free;
        }
        Ok(())
    }

    /// The records of a step whose statements have all run.
    pub(super) fn final_records(&self, step: &Step<'_>, id: &str, state: &StepState) -> Vec<String> {
        let session = self.session.sql();
        let elapsed = Elapsed::Measured(state.started.elapsed());
        let mut records = if step.changes_session() { session.restore_authorization() } else { Vec::new() };
        records.extend(self.ledger.record(session, step, elapsed, &self.job.context.run_id));
        records.push(self.journal.attempt_finished(session, id, &AttemptEnd::success(step, elapsed)));
        records
    }

    /// Writes the records of a step whose statements have all run.
    pub(super) async fn finish(
        &mut self,
        step: &Step<'_>,
        attempt: &AttemptProgress,
        state: &mut StepState,
    ) -> Result<(), DatabaseError> {
        if self.renews_for_records(step) || attempt.locks != Locks::Free {
            // The script's locks and settings end with its session, as they would with any client.
            self.session.reset().await.map_err(|error| error.at(Stage::Record))?;
        }
        let mut records = self.final_records(step, &attempt.id, state);
        records.extend(self.journal.retries(self.session.sql(), step, &state.unwritten));
        self.session
            .begin(Transaction::Write(Some(&Limits::default())))
            .await
            .map_err(|error| error.at(Stage::Record))?;
        self.conclude(step, &records).await
    }

    /// Whether the final records are written in a new session, without the script's settings.
    pub(super) fn renews_for_records(&self, step: &Step<'_>) -> bool {
        self.session.capabilities().session_locks && step.changes_session()
    }
}
