//! The run in the journal, and the journal's totals for whoever asks.

use std::time::Duration;

use super::living::{self, Worker};
use super::tally::Tally;
use super::{Figures, Job};
use crate::database::{Connector, DatabaseError, Session};
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::journal::{self, Ending, Executing, Journal, Steps, Totals};
use crate::ledger::{Ledger, NativeLedger, UNSEEN};
use crate::plan::Objection;
use crate::report::Outcome;
use crate::run::Options;

/// What the database may take for a record or a look that no run should wait for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whose the lock is while the journal is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// Ours: nobody else runs.
    Ours,
    /// Anybody's.
    Unknown,
}

/// Completes the row of a run that has one.
pub(super) async fn finish(
    session: &mut dyn Session,
    journal: &Journal<'_>,
    error: Option<&Error>,
    tally: &Tally,
) -> Result<(), Error> {
    let finished = journal.run_finished(session, &ending(error, tally));
    let noted = session.query(&finished).await;
    noted.map(drop).map_err(|source| Error::Own { what: "cannot write the journal", source: Box::new(source) })
}

/// Adds the row of a run that took no step, where it may be written, and tells what the journal says now.
pub(super) async fn conclude(
    job: &Job<'_>,
    session: &mut dyn Session,
    error: Option<&Error>,
    observer: &mut dyn Observer,
    tally: &Tally,
) {
    if !may_be_touched(error) {
        return;
    }
    if !tally.journaled && session.identity().read_only.is_none() {
        let journal = Journal::new(&job.options.journal_table, job.context);
        let whole = journal.run_whole(session, &ending(error, tally));
        // There may be no journal yet, or none that we may write: a run with nothing to do needs no more than SELECT.
        let _ = tokio::time::timeout(PATIENCE, session.query(&whole)).await;
    }
    tell(job, session, Lock::Unknown, observer).await;
}

/// Whether the journal is known to be ours alone: a run that could not see that has ended with what it saw instead.
fn may_be_touched(error: Option<&Error>) -> bool {
    match error {
        Some(Error::Refused(objections)) => !objections.iter().any(|one| matches!(one, Objection::Untrusted(_))),
        Some(Error::Own { what, .. }) => *what != UNSEEN,
        _ => true,
    }
}

/// Tells what the journal says, where somebody asks; what cannot be read in time is not told.
pub(super) async fn tell(job: &Job<'_>, session: &mut dyn Session, lock: Lock, observer: &mut dyn Observer) {
    if job.options.figures == Figures::Leave {
        return;
    }
    let reading = read(job.connector, job.options, session, lock);
    let read = match lock {
        // The session is needed for what comes next, and a query that is cut off would be in its way.
        Lock::Ours => reading.await.ok(),
        Lock::Unknown => tokio::time::timeout(PATIENCE, reading).await.ok().and_then(Result::ok),
    };
    if let Some(totals) = read {
        observer.observe(&Event::JournalRead { totals: &totals });
    }
}

/// What the journal says, seen from outside any run; nothing stands in one that does not exist.
pub(crate) async fn totals(
    connector: &dyn Connector,
    options: &Options,
    session: &mut dyn Session,
) -> Result<Totals, DatabaseError> {
    read(connector, options, session, Lock::Unknown).await
}

async fn read(
    connector: &dyn Connector,
    options: &Options,
    session: &mut dyn Session,
    lock: Lock,
) -> Result<Totals, DatabaseError> {
    let name = &options.journal_table;
    let Some(mut totals) = journal::read_totals(session, name).await? else {
        return Ok(Totals::default());
    };
    let mut open = journal::executing(session, name).await?;
    if open.is_empty() {
        return Ok(totals);
    }
    let living = match lock {
        // Every other run was marked as vanished when we took the lock.
        Lock::Ours => open.iter().rfind(|one| one.is_run).cloned(),
        Lock::Unknown => {
            let ledger = NativeLedger::new(&options.ledger_table).table(session);
            let worker = Worker::of(connector, session, &ledger).await?;
            // What ended between the two looks had the lock all the while; what has not ended and has no lock is dead.
            let known = |now: &Executing| open.iter().any(|before| before.id == now.id);
            open = journal::executing(session, name).await?.into_iter().filter(known).collect();
            totals = journal::read_totals(session, name).await?.unwrap_or_default();
            match &worker {
                Worker::Running(holder) => living::held_by(&open, holder).cloned(),
                // Its runner is gone, or stops before its next statement.
                Worker::Claimed(_) | Worker::Nobody => None,
            }
        }
    };
    for lost in &open {
        let alive = living.as_ref().is_some_and(|living| living.run_id == lost.run_id);
        if !alive {
            let steps = if lost.is_run { journal::steps(session, name, &lost.run_id).await? } else { Steps::default() };
            totals.lose(lost, steps);
        }
    }
    let running = match &living {
        Some(run) => {
            let steps = journal::steps(session, name, &run.run_id).await?;
            let attempt = open.iter().find(|one| !one.is_run && one.run_id == run.run_id);
            Some(run.counted(run.running(attempt, &steps, true)))
        }
        None => None,
    };
    totals.going_on(running);
    Ok(totals)
}

fn ending<'e>(error: Option<&'e Error>, tally: &Tally) -> Ending<'e> {
    Ending {
        outcome: error.map_or(Outcome::Success, Error::outcome),
        error,
        steps_done: tally.succeeded(),
        elapsed: tally.started.elapsed(),
        stages: tally.stages,
        lock_retries: tally.lock_retries,
        rows: tally.rows(),
    }
}
