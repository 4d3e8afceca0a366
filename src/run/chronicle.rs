//! The run in the journal, and the journal's totals for whoever asks.

use std::time::Duration;

use super::living::{self, Worker};
use super::tally::Tally;
use super::{Figures, Job, step};
use crate::database::{Access, Connector, DatabaseError, ErrorKind, Session};
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::journal::{self, Ending, Executing, Journal, Steps, Totals, UnrecordedEnd};
use crate::ledger::UNSEEN;
use crate::plan::Objection;
use crate::report::Outcome;
use crate::run::Options;

/// What the database may take for a record or a look that no run should wait for.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a run folds what is over in the journal: the rest is for the next one.
const FOLDING: Duration = Duration::from_secs(3);

/// Whose the lock is while the journal is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// Ours: nobody else runs.
    Ours,
    /// Anybody's.
    Unknown,
}

/// Completes the rows of runs that are over: with their own end where that is known, and as vanished otherwise. The holder of the lock
/// knows that no other run is going on. Where there is no journal yet there is nothing to complete; `false` where another writer has kept
/// it from being done now.
pub(super) async fn settle(job: &Job<'_>, session: &mut dyn Session, journal: &Journal<'_>) -> bool {
    let open = match journal::executing(session, &job.options.journal_table).await {
        Ok(open) => open,
        Err(error) => return error.retry_reason().is_none(),
    };
    for end in known_ends(job.options, &open) {
        let _ = session.query(&journal.ended_before(session, end)).await;
    }
    let Some(marked) = journal.mark_vanished(session, &open) else { return true };
    let marked = match session.abilities().whole_file_lock {
        true => session.note_at_once(&[marked]).await,
        false => session.query(&marked).await.map(drop),
    };
    !marked.is_err_and(|error| error.retry_reason().is_some())
}

/// What is known of how the runs of these rows have ended.
fn known_ends<'o>(options: &'o Options, open: &[Executing]) -> impl Iterator<Item = &'o UnrecordedEnd> {
    options.unrecorded.iter().filter(|end| open.iter().any(|one| one.is_run && one.run_id == end.run_id))
}

/// Completes the row of a run that has one; on a new connection where the old one is gone.
pub(super) async fn finish(
    job: &Job<'_>,
    session: &mut Box<dyn Session>,
    journal: &Journal<'_>,
    error: Option<&Error>,
    tally: &mut Tally,
) -> Result<(), Error> {
    let sql = journal.run_finished(&**session, &ending(error, tally));
    let mut noted = record(&mut **session, &sql).await;
    if matches!(&noted, Err(lost) if lost.kind == ErrorKind::Lost)
        && let Some(()) = step::replace(session, job).await
    {
        let sql = journal.run_finished(&**session, &ending(error, tally));
        noted = record(&mut **session, &sql).await;
    }
    tally.end_recorded = noted.is_ok();
    noted.map_err(|source| Error::Own { what: "cannot write the journal", source: Box::new(source) })
}

/// Writes a record of ours; once more where the cancellation that was meant for the statement before it has met this one.
pub(super) async fn record(session: &mut dyn Session, sql: &str) -> Result<(), DatabaseError> {
    match session.query(sql).await {
        Err(late) if late.kind == ErrorKind::Cancelled => session.query(sql).await.map(drop),
        written => written.map(drop),
    }
}

/// Folds what is over in the journal where that is worth it. What stands in the way leaves it to another run.
pub(super) async fn fold(job: &Job<'_>, session: &mut dyn Session, journal: &Journal<'_>) {
    // One of sixteen runs looks whether it is worth it: it would cost each of them a round trip.
    if !job.context.run_id.ends_with('0') {
        return;
    }
    let started = std::time::Instant::now();
    while matches!(journal.is_worth_folding(session).await, Ok(true)) && started.elapsed() < FOLDING {
        if !matches!(journal.fold(session, job.options.journal_retention).await, Ok(folded) if folded > 0) {
            return;
        }
    }
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
        let written = tokio::time::timeout(PATIENCE, session.query(&whole)).await;
        if matches!(written, Ok(Ok(_))) {
            fold(job, session, &journal).await;
        }
    }
    tell(job, session, Lock::Unknown, observer).await;
}

/// Whether the journal is known to be ours alone, and of a form that we know: a run that could not see that has ended with what it saw instead.
fn may_be_touched(error: Option<&Error>) -> bool {
    match error {
        Some(Error::Refused(objections)) => {
            !objections.iter().any(|one| matches!(one, Objection::Untrusted(_) | Objection::NewerTables { .. }))
        }
        Some(Error::Own { what, .. }) => *what != UNSEEN,
        _ => true,
    }
}

/// Tells what the journal says, where somebody asks; what cannot be read in time is not told.
pub(super) async fn tell(job: &Job<'_>, session: &mut dyn Session, lock: Lock, observer: &mut dyn Observer) {
    if job.options.figures == Figures::Leave {
        return;
    }
    let reading = read(job.connector, job.options, session, lock, Some(&job.context.run_id));
    let read = match lock {
        // The session is needed for what comes next, and a query that is cut off would be in its way.
        Lock::Ours => reading.await.ok(),
        Lock::Unknown => tokio::time::timeout(PATIENCE, reading).await.ok().and_then(Result::ok),
    };
    if let Some(totals) = read {
        observer.observe(&Event::JournalRead { totals: &totals });
    }
}

/// What the journal says now, read on a connection of its own while the run's is at work; `None` where that does not come in time.
pub(super) async fn beside(job: &Job<'_>, home: Option<String>) -> Option<Totals> {
    let reading = async {
        let mut session = job.connector.session(Access::Watch).await.ok()?;
        home.iter().for_each(|home| session.keep_home(home));
        let read = read(job.connector, job.options, &mut *session, Lock::Ours, Some(&job.context.run_id)).await.ok();
        session.close().await;
        read
    };
    tokio::time::timeout(PATIENCE, reading).await.ok().flatten()
}

/// What the journal says, seen from outside any run; nothing stands in one that does not exist.
pub(crate) async fn totals(
    connector: &dyn Connector,
    options: &Options,
    session: &mut dyn Session,
) -> Result<Totals, DatabaseError> {
    read(connector, options, session, Lock::Unknown, None).await
}

/// `own` is the run of this process, which knows better than the journal how it stands.
async fn read(
    connector: &dyn Connector,
    options: &Options,
    session: &mut dyn Session,
    lock: Lock,
    own: Option<&str>,
) -> Result<Totals, DatabaseError> {
    let name = &options.journal_table;
    let Some(mut totals) = journal::read_totals(session, name).await? else {
        return Ok(Totals::default());
    };
    let mut open = journal::executing(session, name).await?;
    if open.is_empty() {
        return Ok(totals);
    }
    let mut lock_held = Some(true);
    let living = match lock {
        // Every other run was marked as vanished when we took the lock.
        Lock::Ours => open.iter().rfind(|one| one.is_run).cloned(),
        Lock::Unknown => {
            let ledger = options.ledger().table(session);
            let worker = Worker::of(connector, session, &ledger).await?;
            // What ended between the two looks had the lock all the while; what has not ended and has no lock is dead.
            let known = |now: &Executing| open.iter().any(|before| before.id == now.id);
            open = journal::executing(session, name).await?.into_iter().filter(known).collect();
            totals = journal::read_totals(session, name).await?.unwrap_or_default();
            lock_held = worker.lock_held();
            match &worker {
                Worker::Running(holder) => living::held_by(&open, holder).cloned(),
                // It has lost its lock, or its process is dead: its statement is still at work, and it is not known which.
                Worker::Claimed(holder) => living::held_by(&open, holder).cloned(),
                Worker::Unseen => living::newest(&open).cloned(),
                Worker::Nobody => None,
            }
        }
    };
    for lost in &open {
        let alive = living.as_ref().is_some_and(|living| living.run_id == lost.run_id);
        // Our own is not lost: where its end could not be recorded, this process reports it.
        if alive || own == Some(lost.run_id.as_str()) {
            continue;
        }
        let (steps, alive_at) = match lost.is_run {
            true => {
                let steps = journal::steps(session, name, &lost.run_id).await?;
                (steps, journal::last_sign(session, name, &lost.run_id).await?)
            }
            false => (Steps::default(), None),
        };
        match options.unrecorded.iter().find(|end| lost.is_run && end.run_id == lost.run_id) {
            Some(end) => totals.ended(lost, end, steps),
            None => totals.lose(lost, steps, alive_at),
        }
    }
    let running = match &living {
        Some(run) => {
            let steps = journal::steps(session, name, &run.run_id).await?;
            let attempt = open.iter().find(|one| !one.is_run && one.run_id == run.run_id);
            Some(run.counted(attempt, steps, lock_held))
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
