//! Runs a non-atomic step statement by statement. The journal records the start of the attempt first, then its progress. Where possible, a
//! statement is committed together with its progress record, so that a crash leaves no doubt about it.

use std::time::Instant;

use super::broken::Broken;
use super::class::{Locks, is_about_rows, sets_next_transaction};
use super::commit_outcome::CommitOutcome;
use super::effect::{goes_with_its_note, is_read_by_next};
use super::progress::AttemptProgress;
use super::state::StepState;
use crate::database::{DatabaseError, ErrorKind, Query, Transaction};
use crate::event::Event;
use crate::journal::AttemptEnd;
use crate::ledger::Elapsed;
use crate::migration::StatementKind;
use crate::plan::Step;
use crate::report::{Failure, Outcome, PartialEffect, Stage};
use crate::run::engine::Engine;
use crate::script::Opening;

impl Engine<'_> {
    pub(super) async fn stepwise(&mut self, step: &Step<'_>, state: &mut StepState) -> Result<(), (Failure, Outcome)> {
        let (id, start) = self.journal.attempt_started(self.session.sql(), step);
        while let Err(error) = self.prepare(step, &start).await {
            if let Err(error) = self.again(step, step.done, error, state).await {
                return Err(self.describe(step, &Broken::new(step.done, error, PartialEffect::Nothing)));
            }
        }
        let mut attempt = AttemptProgress::new(id, step, self.first_trace(step, step.done));
        let Err(mut broken) = self.run_all(step, &mut attempt, state).await else {
            return Ok(());
        };
        if broken.error.kind == ErrorKind::Lost {
            match self.look_up(&attempt.id).await {
                Some(CommitOutcome::Success) => return Ok(()),
                Some(CommitOutcome::Unfinished(effective)) => {
                    broken.remains = self.certain(step, effective, &broken, &attempt);
                }
                Some(CommitOutcome::Unknown) | None => {}
            }
        }
        let (failure, outcome) = self.describe(step, &broken);
        let effective = match broken.remains {
            PartialEffect::HalfWay { done, .. } => done as usize,
            PartialEffect::Unknown => step.statements().len(),
            PartialEffect::Nothing => 0,
        };
        let elapsed = Elapsed::Measured(state.started.elapsed());
        let end = AttemptEnd { step, done: effective, elapsed, failure: Some((&failure, outcome)) };
        let sql = self.journal.attempt_finished(self.session.sql(), &attempt.id, &end);
        self.record_failure(step, &broken, state, &sql).await;
        Err((failure, outcome))
    }

    /// Sets the limits first: if that fails, the journal must not show that the attempt has begun.
    async fn prepare(&mut self, step: &Step<'_>, start: &str) -> Result<(), DatabaseError> {
        self.prepare_again(step).await?;
        self.begin_attempt(step, start).await.map_err(|error| error.at(Stage::Record))
    }

    async fn begin_attempt(&mut self, step: &Step<'_>, start: &str) -> Result<(), DatabaseError> {
        let limits = self.limits(step);
        self.session.limit(&limits).await?;
        let settle = self.journal.settle(self.session.sql(), &step.settles);
        let records: Vec<_> = settle.into_iter().chain(self.ledger.begin(self.session.sql(), step)).collect();
        if records.is_empty() {
            return self.session.query(Query::Own(start)).await.map(drop);
        }
        self.session.begin(Transaction::Write(None)).await?;
        let begun = self.session.conclude(None, &[vec![start.to_owned()], records].concat()).await;
        if begun.is_err() {
            let _ = self.session.rollback().await;
        }
        begun.map(drop)
    }

    async fn run_all(
        &mut self,
        step: &Step<'_>,
        attempt: &mut AttemptProgress,
        state: &mut StepState,
    ) -> Result<(), Broken> {
        self.restore(step).await?;
        if !step.set_again.is_empty()
            && let Err(error) = attempt.own.begin(&mut **self.session, step.done).await
        {
            return Err(self.broken(step, step.done, attempt, error.at(Stage::Record)).await);
        }
        let count = step.statements().len();
        let mut recorded = false;
        for index in step.done..count {
            state.begin_anew();
            let ran = match self.with_retries(step, index, attempt, state).await {
                Ok(ran) => ran,
                Err(error) => return Err(self.broken(step, index, attempt, error).await),
            };
            if attempt.trace.is_none() && self.leaves_trace(step, index) {
                attempt.trace = Some(index);
            }
            match ran {
                Ran::Noted => attempt.progress.add(step.text(index)),
                Ran::Recorded => recorded = true,
                Ran::Uncommitted => {
                    attempt.progress.add(step.text(index));
                    attempt.own.goes_around(attempt.own.since().unwrap_or(index));
                }
                Ran::Alone => self.settle_alone(step, index, attempt, state).await?,
            }
        }
        if recorded {
            return Ok(());
        }
        let finished = match attempt.own.since() {
            Some(index) => Err(still_open(step, index)),
            None => self.finish(step, attempt, state).await,
        };
        match finished {
            Ok(()) => Ok(()),
            Err(error) => Err(self.broken(step, count, attempt, error).await),
        }
    }

    /// After a statement that ran without its progress record: reads the transaction state, and records the progress if possible.
    async fn settle_alone(
        &mut self,
        step: &Step<'_>,
        index: usize,
        attempt: &mut AttemptProgress,
        state: &mut StepState,
    ) -> Result<(), Broken> {
        let capabilities = self.session.capabilities();
        attempt.ran(step, index, capabilities);
        if let Err(error) = attempt.own.look(&mut **self.session, step, index).await {
            return Err(self.broken(step, index + 1, attempt, error.at(Stage::Record)).await);
        }
        let opening = Opening::of(step.text(index), capabilities.dialect);
        let must_wait = match attempt.locks {
            Locks::Free => false,
            // Such a statement releases no locks.
            Locks::Perhaps => is_about_rows(&opening, capabilities),
            Locks::Held => true,
        };
        if attempt.own.is_open() || must_wait || is_noted_ahead(step, index, &opening) {
            return Ok(());
        }
        self.advance(step, index, attempt, state).await
    }

    /// Runs a statement, and retries it after temporary errors. Inside the script's own transaction it is not retried, because earlier
    /// statements would have to run again as well.
    async fn with_retries(
        &mut self,
        step: &Step<'_>,
        index: usize,
        attempt: &mut AttemptProgress,
        state: &mut StepState,
    ) -> Result<Ran, DatabaseError> {
        loop {
            self.may_go_on().await?;
            let before = state.statements.len();
            let error = match self.run_once(step, index, attempt, state).await {
                Ok(ran) => return Ok(ran),
                Err(error) => error,
            };
            state.statements.truncate(before);
            if attempt.leaves_room() && attempt.alone != Some(index) && self.goes_alone_instead(step, index, &error) {
                attempt.alone = Some(index);
                continue;
            }
            let alone = attempt.own.leaves_room();
            if !alone || self.may_leave_something(step, index, &error) && !self.can_be_cleared(step, index, &error) {
                return Err(error);
            }
            self.again(step, index, error, state).await?;
        }
    }

    async fn run_once(
        &mut self,
        step: &Step<'_>,
        index: usize,
        attempt: &mut AttemptProgress,
        state: &mut StepState,
    ) -> Result<Ran, DatabaseError> {
        self.statement.left = false;
        let capabilities = self.session.capabilities();
        let alone = attempt.alone == Some(index);
        if attempt.own.is_ours() || attempt.leaves_room() && !alone && goes_with_its_note(step, index, capabilities) {
            let result = self.with_progress_record(step, index, attempt, state).await;
            if result.is_err() {
                self.roll_back().await;
            }
            return result;
        }
        let opening = Opening::of(step.text(index), capabilities.dialect);
        match step.statements()[index].kind {
            StatementKind::ConcurrentIndex => self.clear_the_way(step, index).await?,
            StatementKind::Ordinary if is_noted_ahead(step, index, &opening) => {
                self.note_ahead(step, index, attempt).await?;
            }
            _ if alone => self.note_alone(index, attempt).await?,
            _ => self.note_inside(step, index, attempt).await?,
        }
        self.statement(step, index, state).await?;
        Ok(Ran::Alone)
    }

    /// Runs a statement and its progress record in one transaction; the last statement with the records of the whole step. The transaction
    /// stays open if the next statement reads what this one has left in the session.
    async fn with_progress_record(
        &mut self,
        step: &Step<'_>,
        index: usize,
        attempt: &mut AttemptProgress,
        state: &mut StepState,
    ) -> Result<Ran, DatabaseError> {
        let capabilities = self.session.capabilities();
        if !attempt.own.is_ours() {
            self.session.begin(Transaction::Write(None)).await.map_err(|error| error.at(Stage::Before))?;
        }
        if is_read_by_next(step, index, capabilities) {
            self.statement(step, index, state).await?;
            return Ok(Ran::Uncommitted);
        }
        let is_last = self.is_recorded_with(step, index);
        let retries = self.journal.retries(self.session.sql(), step, &state.unwritten);
        let records = match (is_last, step.changes_session()) {
            (true, _) => self.final_records(step, &attempt.id, state),
            (false, true) => {
                [self.session.sql().restore_authorization(), vec![self.advanced(step, index, attempt)]].concat()
            }
            (false, false) => vec![self.advanced(step, index, attempt)],
        };
        let records: Vec<String> = records.into_iter().chain(retries).collect();
        let before = state.statements.len();
        let (result, rest) = if capabilities.pipelined_commit {
            self.statement_with(step, index, &records, state).await
        } else {
            self.statement(step, index, state).await?;
            let started = Instant::now();
            if is_last {
                self.observer.observe(&Event::RecordStarted { step });
            }
            let result = self.session.conclude(None, &records).await;
            (result.map(drop), started.elapsed())
        };
        if is_last && state.statements.len() > before {
            if capabilities.pipelined_commit {
                self.observer.observe(&Event::RecordStarted { step });
            }
            self.recorded(step, rest, result.as_ref().err());
        }
        result?;
        state.unwritten.clear();
        attempt.own.committed();
        Ok(if is_last { Ran::Recorded } else { Ran::Noted })
    }
}

/// How a statement ran.
enum Ran {
    /// Without its progress record, which is still to be written.
    Alone,
    /// In a transaction of the runner that is still open.
    Uncommitted,
    /// Together with its progress record.
    Noted,
    /// Together with the records of the whole step.
    Recorded,
}

/// Whether a statement is recorded as completed before it is sent.
fn is_noted_ahead(step: &Step<'_>, index: usize, opening: &Opening<'_>) -> bool {
    step.statements()[index].changes_session && sets_next_transaction(opening)
}

/// The error for a transaction that the script leaves open: another client would roll it back silently.
fn still_open(step: &Step<'_>, since: usize) -> DatabaseError {
    let line = step.statements().get(since).map_or(1, |statement| statement.line);
    let message = format!("the transaction that begins at line {line} is still open at the end of the file");
    DatabaseError::new(ErrorKind::Other, message)
}
