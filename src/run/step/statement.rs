//! One statement, watched: told that it runs, and cancelled on the server when the run is asked to stop.

use std::future::Future;
use std::time::{Duration, Instant};

use super::{Engine, LOOK_AT_LOCK_EVERY, report};
use crate::database::{DatabaseError, Done, Keeper};
use crate::event::{Event, Observer};
use crate::plan::Step;
use crate::report::{Stage, StatementReport};
use crate::run::Stop;

/// How often a running statement is told.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How long the second connection may take to answer while the first one works.
const PATIENCE: Duration = Duration::from_secs(2);

impl Engine<'_> {
    /// Runs statement `index`, counted from 0.
    pub(super) async fn statement(
        &mut self,
        step: &Step<'_>,
        index: usize,
        done: &mut Vec<StatementReport>,
    ) -> Result<(), DatabaseError> {
        let text = step.text(index);
        let process = self.session.identity().process;
        let started = Instant::now();
        self.observer.observe(&Event::StatementStarted { step, index });
        let running = Running { step, index, started, stop: self.job.stop, observer: &mut *self.observer };
        let (result, lock) = running.watch(self.session.execute(text), &mut *self.keeper, process).await;
        let elapsed = started.elapsed();
        self.saw_lock(lock);
        let told = result.as_ref().map(|done| done.rows);
        self.observer.observe(&Event::StatementFinished { step, index, elapsed, result: told });
        done.push(report(step, index, elapsed, result?.rows));
        Ok(())
    }

    /// Runs the last statement together with the records and the commit.
    pub(super) async fn last_statement(
        &mut self,
        step: &Step<'_>,
        records: &[String],
        done: &mut Vec<StatementReport>,
    ) -> Result<(), DatabaseError> {
        let Some(index) = step.statements().len().checked_sub(1) else {
            return self.conclude(step, records).await;
        };
        let process = self.session.identity().process;
        let started = Instant::now();
        self.observer.observe(&Event::StatementStarted { step, index });
        let running = Running { step, index, started, stop: self.job.stop, observer: &mut *self.observer };
        let conclusion = self.session.conclude(Some(step.text(index)), records);
        let (result, lock) = running.watch(conclusion, &mut *self.keeper, process).await;
        let whole = started.elapsed();
        self.saw_lock(lock);
        let elapsed = result.as_ref().ok().and_then(|done| done.elapsed).map_or(whole, |own| own.min(whole));
        let broken = result.as_ref().err();
        let told = match broken.filter(|error| error.stage == Stage::Statement) {
            Some(error) => Err(error),
            None => Ok(result.as_ref().map_or(0, |done| done.rows)),
        };
        self.observer.observe(&Event::StatementFinished { step, index, elapsed, result: told });
        if told.is_ok() {
            done.push(report(step, index, elapsed, told.unwrap_or_default()));
            let broken = result.as_ref().err();
            self.observer.observe(&Event::Recorded { step, elapsed: whole.saturating_sub(elapsed), error: broken });
        }
        result.map(drop)
    }

    /// A lock that was not seen any more is looked at again before the next statement, which then does not run.
    fn saw_lock(&mut self, lock: Lock) {
        match lock {
            Lock::Ours => self.lock_seen = Instant::now(),
            Lock::Doubtful => self.lock_seen = Instant::now().checked_sub(LOOK_AT_LOCK_EVERY).unwrap_or(self.lock_seen),
            Lock::Unseen => {}
        }
    }

    /// Writes the records and commits.
    pub(super) async fn conclude(&mut self, step: &Step<'_>, records: &[String]) -> Result<(), DatabaseError> {
        let started = Instant::now();
        let result = self.session.conclude(None, records).await;
        self.recorded(step, started.elapsed(), result.as_ref().err());
        result.map(drop)
    }
}

struct Running<'w> {
    step: &'w Step<'w>,
    index: usize,
    started: Instant,
    stop: &'w Stop,
    observer: &'w mut dyn Observer,
}

/// What was seen of the lock while a statement ran.
#[derive(Clone, Copy)]
enum Lock {
    /// It was not looked at.
    Unseen,
    /// Its connection answered.
    Ours,
    /// Its connection did not answer.
    Doubtful,
}

impl Running<'_> {
    /// Waits for the statement, however long it takes; a request to stop cancels it on the server, and it still answers.
    async fn watch(
        self,
        statement: impl Future<Output = Result<Done, DatabaseError>>,
        keeper: &mut dyn Keeper,
        process: Option<u64>,
    ) -> (Result<Done, DatabaseError>, Lock) {
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + TELL_EVERY, TELL_EVERY);
        let mut lock = Lock::Unseen;
        let mut cancelled = false;
        tokio::pin!(statement);
        loop {
            tokio::select! {
                biased;
                result = &mut statement => return (result, lock),
                () = self.stop.requested(), if !cancelled => {
                    cancelled = true;
                    cancel(keeper, process).await;
                }
                _ = ticks.tick() => {
                    let elapsed = self.started.elapsed();
                    self.observer.observe(&Event::StatementRunning { step: self.step, index: self.index, elapsed });
                    if cancelled {
                        // The first request may have come before the server had begun the statement.
                        cancel(keeper, process).await;
                    } else {
                        lock = look(keeper).await;
                    }
                }
            }
        }
    }
}

/// Where it cannot be cancelled it runs to its end, and the run stops there.
async fn cancel(keeper: &mut dyn Keeper, process: Option<u64>) {
    let _ = tokio::time::timeout(PATIENCE, keeper.cancel(process)).await;
}

async fn look(keeper: &mut dyn Keeper) -> Lock {
    match tokio::time::timeout(PATIENCE, keeper.alive()).await {
        Ok(Ok(())) => Lock::Ours,
        Ok(Err(_)) | Err(_) => Lock::Doubtful,
    }
}
