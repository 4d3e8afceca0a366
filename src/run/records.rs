//! The row of the run in the journal.

use std::time::{Duration, Instant};

use super::counters::{self, LockOwner, TIMEOUT};
use super::current::CurrentRun;
use super::engine::Engine;
use super::job::Job;
use super::options::Options;
use super::reconnect::replace;
use super::state::RunState;
use crate::database::{DatabaseError, ErrorKind, Query, Session, Urgency};
use crate::error::Error;
use crate::journal::{self, Ending, Executing, Journal, UnrecordedEnd};
use crate::ledger::UNSEEN;
use crate::plan::Objection;
use crate::report::Outcome;

/// How long a run may fold old rows of the journal; the next run continues.
const FOLD_TIME_LIMIT: Duration = Duration::from_secs(3);

/// Completes the rows of runs that have ended: with their outcome if it is known, and otherwise as vanished. No other run is executing,
/// because this one holds the lock. Returns `false` if another session blocked it; without a journal there is nothing to complete.
pub(super) async fn settle(engine: &mut Engine<'_>) -> bool {
    let (options, journal) = (engine.job.options, engine.journal);
    let session = &mut **engine.session;
    let open = match journal::executing(session, &options.journal_table).await {
        Ok(open) => open,
        Err(error) => return error.retry_reason().is_none(),
    };
    for end in known_ends(options, &open) {
        let _ = session.query(Query::Own(&journal.ended_before(session.sql(), end))).await;
    }
    let Some(marked) = journal.mark_vanished(session.sql(), &open) else { return true };
    let marked = match session.capabilities().whole_file_lock {
        true => session.note(&[marked], Urgency::CanWait).await,
        false => session.query(Query::Own(&marked)).await.map(drop),
    };
    !marked.is_err_and(|error| error.retry_reason().is_some())
}

/// How the runs of these rows ended, if that is known.
fn known_ends<'o>(options: &'o Options, open: &[Executing]) -> impl Iterator<Item = &'o UnrecordedEnd> {
    options.unrecorded.iter().filter(|end| open.iter().any(|one| one.is_run && one.run_id == end.run_id))
}

/// Completes the row of the run, if it has one; on a new connection if the old one is lost.
///
/// # Errors
/// [`Error::Own`] if it could not be written.
pub(super) async fn finish(engine: &mut Engine<'_>, error: Option<&Error>) -> Result<(), Error> {
    let sql = engine.journal.run_finished(engine.session.sql(), &ending(error, engine.state));
    let mut recorded = record(&mut **engine.session, &sql).await;
    if matches!(&recorded, Err(lost) if lost.kind == ErrorKind::Lost)
        && let Some(()) = replace(engine.session, engine.job).await
    {
        let sql = engine.journal.run_finished(engine.session.sql(), &ending(error, engine.state));
        recorded = record(&mut **engine.session, &sql).await;
    }
    engine.state.end_recorded = recorded.is_ok();
    recorded.map_err(|source| Error::Own { what: "cannot write the journal", source: Box::new(source) })
}

/// Writes a record of the runner. It is sent a second time if a cancellation that was meant for the previous statement has cancelled it.
pub(super) async fn record(session: &mut dyn Session, sql: &str) -> Result<(), DatabaseError> {
    match session.query(Query::Own(sql)).await {
        Err(late) if late.kind == ErrorKind::Cancelled => session.query(Query::Own(sql)).await.map(drop),
        written => written.map(drop),
    }
}

/// Folds old rows of the journal if there are enough of them. After an error, a later run does it.
pub(super) async fn fold(job: &Job<'_>, session: &mut dyn Session, journal: &Journal<'_>) {
    // On average one of sixteen runs checks whether there are, because the check costs a round trip.
    if !job.context.run_id.ends_with('0') {
        return;
    }
    let started = Instant::now();
    let mut has_folded = false;
    while matches!(journal.is_worth_folding(session).await, Ok(true)) && started.elapsed() < FOLD_TIME_LIMIT {
        if !matches!(journal.fold(session, job.options.journal_retention).await, Ok(folded) if folded > 0) {
            break;
        }
        has_folded = true;
    }
    if has_folded {
        journal.analyze(session).await;
    }
}

/// Adds the row of a run that took no step, if it may be written, and reports the journal's counters.
pub(super) async fn conclude(run: &mut CurrentRun<'_>, session: &mut dyn Session, error: Option<&Error>) {
    let job = run.job;
    if !may_be_touched(error) {
        return;
    }
    if !run.state.journaled && session.server_info().read_only.is_none() {
        let journal = Journal::new(&job.options.journal_table, job.context, job.command());
        let whole = journal.run_whole(session.sql(), &ending(error, &run.state));
        // The journal may be missing or read-only for this user: a run with nothing to do needs no more than SELECT.
        let written = tokio::time::timeout(TIMEOUT, session.query(Query::Own(&whole))).await;
        if matches!(written, Ok(Ok(_))) {
            fold(job, session, &journal).await;
        }
    }
    counters::report(job, session, LockOwner::Unknown, run.observer).await;
}

/// Whether the journal is known to be under the sole control of this role and of a known form; false if the run ended before it could check
/// that.
fn may_be_touched(error: Option<&Error>) -> bool {
    match error {
        Some(Error::Refused(objections)) => {
            !objections.iter().any(|one| matches!(one, Objection::Untrusted(_) | Objection::NewerTables { .. }))
        }
        Some(Error::Own { what, .. }) => *what != UNSEEN,
        _ => true,
    }
}

fn ending<'e>(error: Option<&'e Error>, state: &RunState) -> Ending<'e> {
    Ending {
        outcome: error.map_or(Outcome::Success, Error::outcome),
        error,
        steps_done: state.succeeded(),
        elapsed: state.started.elapsed(),
        stages: state.stages,
        lock_retries: state.lock_retries,
        rows: state.rows(),
    }
}
