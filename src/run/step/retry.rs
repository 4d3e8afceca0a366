//! Retries after temporary errors: a lock timeout, a deadlock or a serialization failure. An attempt that fails with one of these leaves
//! nothing behind, and is repeated after a pause.

use std::time::Instant;

use super::state::StepState;
use crate::database::{DatabaseError, ErrorKind, Urgency};
use crate::event::Event;
use crate::journal::Retried;
use crate::plan::Step;
use crate::report::Stage;
use crate::run::counters::{self, LockOwner};
use crate::run::engine::Engine;

impl Engine<'_> {
    /// Waits until the statement at `index`, which failed with `error`, may be retried.
    ///
    /// # Errors
    /// `error` itself if it is not temporary or no retry is left; a cancellation if the run is asked to stop meanwhile.
    pub(super) async fn again(
        &mut self,
        step: &Step<'_>,
        index: usize,
        error: DatabaseError,
        state: &mut StepState,
    ) -> Result<(), DatabaseError> {
        let Some(reason) = error.retry_reason() else { return Err(error) };
        let Some(pause) = state.pauses.next() else { return Err(error) };
        state.unwritten.push(Retried::new(reason, index, &error, state.began.elapsed()));
        state.retries += 1;
        let (attempt, of) = (state.attempt, state.limit.saturating_add(1));
        let blocker = self.statement.blocker.as_ref();
        let resume_at = tokio::time::Instant::now() + pause;
        self.observer.observe(&Event::Retrying { step, index, reason, error: &error, attempt, of, pause, blocker });
        self.note_retries(step, state).await;
        tokio::select! {
            biased;
            () = self.job.stop.requested() => {
                let stopped = DatabaseError::new(ErrorKind::Cancelled, "interrupted before the next attempt");
                return Err(stopped.at(Stage::Before));
            }
            () = tokio::time::sleep_until(resume_at) => {}
        }
        state.attempt += 1;
        state.began = Instant::now();
        self.observer.observe(&Event::AttemptStarted { step, attempt: state.attempt });
        Ok(())
    }

    /// Records retries during the pause, and reports the journal's counters. If the database does not accept the records immediately, they
    /// are written together with the next ones.
    async fn note_retries(&mut self, step: &Step<'_>, state: &mut StepState) {
        if self.unprepared.is_some() {
            return;
        }
        let Some(rows) = self.journal.retries(self.session.sql(), step, &state.unwritten) else { return };
        let mut records = if step.changes_session() { self.session.sql().restore_authorization() } else { Vec::new() };
        records.push(rows);
        if self.session.note(&records, Urgency::CanWait).await.is_ok() {
            state.unwritten.clear();
            counters::report(self.job, &mut **self.session, LockOwner::Us, self.observer).await;
            self.journal_read = Instant::now();
        }
    }
}
