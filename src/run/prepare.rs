//! Our own tables, and the row of the run, before the first migration.

use std::time::{Duration, Instant};

use super::{Job, step};
use crate::database::{DatabaseError, ErrorKind, Session};
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::history::Direction;
use crate::journal::Journal;
use crate::ledger::{self, Creation, Ledger};
use crate::plan::Plan;
use crate::script::Thing;

/// A file that somebody else writes to is tried again, as it is for a migration's own statements.
pub(super) async fn patiently(
    job: &Job<'_>,
    session: &mut dyn Session,
    ledger: &dyn Ledger,
    journal: &Journal<'_>,
    plan: &Plan<'_>,
    (started, observer): (Instant, &mut dyn Observer),
) -> Result<(), Error> {
    let mut pauses = step::pauses(job.options.retries);
    for attempt in 1.. {
        let names = (job.options.ledger_table.as_str(), job.options.journal_table.as_str());
        let prepared = tables(session, names, ledger, journal, plan, started.elapsed()).await;
        let Err((what, source)) = prepared else { return Ok(()) };
        let (Some(reason), Some(pause)) = (source.retry_reason(), pauses.next()) else {
            return Err(ledger::denied(session, [names.0, names.1], (what, ledger::WRITE), source).await);
        };
        if let Some(step) = plan.steps.first() {
            let (of, error) = (job.options.retries.saturating_add(1), &source);
            observer.observe(&Event::Retrying { step, index: 0, reason, error, attempt, of, pause, blocker: None });
        }
        tokio::select! {
            () = job.stop.requested() => return Err(Error::Interrupted { failure: None }),
            () = tokio::time::sleep(pause) => {}
        }
    }
    Ok(())
}

/// What was wanted, and the server's refusal.
type Refusal = (&'static str, DatabaseError);

/// Makes our tables where they are missing, and the row of this run.
async fn tables(
    session: &mut dyn Session,
    names: (&str, &str),
    ledger: &dyn Ledger,
    journal: &Journal<'_>,
    plan: &Plan<'_>,
    since: Duration,
) -> Result<(), Refusal> {
    let mut fresh = false;
    for creation in ledger.create(session) {
        fresh |= made(session, creation).await?;
    }
    let mut new = fresh;
    for creation in journal.create(session) {
        new |= made(session, creation).await?;
    }
    if new {
        const WHAT: &str = "cannot use the history tables that were just created";
        if let Some(objection) = ledger::untrusted(session, names).await.map_err(|source| (WHAT, source))? {
            return Err((WHAT, DatabaseError::new(ErrorKind::Other, objection.to_string())));
        }
    }
    let sql = journal.run_started(session, plan.steps.len(), since);
    session.query(&sql).await.map_err(|source| ("cannot write the journal", source))?;
    if fresh {
        return Ok(());
    }
    // A migration that cannot be recorded must not begin: not every database could take it back.
    for direction in [Direction::Up, Direction::Down] {
        if plan.steps.iter().any(|step| step.direction == direction) {
            let sql = ledger.rehearse(session, direction);
            session.query(&sql).await.map_err(|source| ("cannot write the history of migrations", source))?;
        }
    }
    Ok(())
}

/// Makes a table or an index where it is missing; whether it was. `IF NOT EXISTS` alone would need rights that a run with nothing to
/// create does not.
async fn made(session: &mut dyn Session, creation: Creation) -> Result<bool, Refusal> {
    const WHAT: &str = "cannot create the history tables";
    let sql = session.existence(&creation.thing);
    if !session.query_in_path(&sql).await.map_err(|source| (WHAT, source))?.is_empty() {
        return Ok(false);
    }
    // All names are in full; event triggers of the database find the path that they are used to.
    match session.query_in_path(&creation.sql).await {
        Ok(_) => Ok(true),
        // An index makes us quicker, and nothing else.
        Err(source) if source.kind == ErrorKind::Permission && matches!(creation.thing, Thing::Index { .. }) => {
            Ok(false)
        }
        Err(source) => Err((WHAT, source)),
    }
}
