//! Our own tables, and the row of the run, before the first migration.

use std::time::{Duration, Instant};

use super::{Job, step};
use crate::database::{DatabaseError, ErrorKind, Session};
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::history::Direction;
use crate::journal::Journal;
use crate::ledger::{self, Creation, Ledger};
use crate::plan::{Objection, Plan};
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
        let (what, source) = match prepared {
            Ok(()) => return Ok(()),
            Err(Unprepared::Server(what, source)) => (what, source),
            Err(Unprepared::Untrusted(objection)) => return Err(Error::Refused(vec![objection])),
        };
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

/// Why our tables cannot be used.
enum Unprepared {
    /// What was wanted, and the server's refusal.
    Server(&'static str, DatabaseError),
    /// They are not ours alone.
    Untrusted(Objection),
}

/// Makes our tables where they are missing, and the row of this run.
async fn tables(
    session: &mut dyn Session,
    names: (&str, &str),
    ledger: &dyn Ledger,
    journal: &Journal<'_>,
    plan: &Plan<'_>,
    since: Duration,
) -> Result<(), Unprepared> {
    let mut fresh = false;
    for creation in ledger.create(session) {
        fresh |= made(session, creation).await?;
    }
    for creation in journal.create(session) {
        made(session, creation).await?;
    }
    // Another role could have made one of them since the history was read, or changed what was just made.
    let untrusted = ledger::untrusted(session, names).await;
    if let Some(objection) = untrusted.map_err(|source| Unprepared::Server(ledger::UNSEEN, source))? {
        return Err(Unprepared::Untrusted(objection));
    }
    let sql = journal.run_started(session, plan.steps.len(), since);
    session.query(&sql).await.map_err(|source| Unprepared::Server("cannot write the journal", source))?;
    if fresh {
        return Ok(());
    }
    // A migration that cannot be recorded must not begin: not every database could take it back.
    for direction in [Direction::Up, Direction::Down] {
        if plan.steps.iter().any(|step| step.direction == direction) {
            let sql = ledger.rehearse(session, direction);
            let rehearsed = session.query(&sql).await;
            rehearsed.map_err(|source| Unprepared::Server("cannot write the history of migrations", source))?;
        }
    }
    Ok(())
}

/// Makes a table or an index where it is missing; whether it was. `IF NOT EXISTS` alone would need rights that a run with nothing to
/// create does not.
async fn made(session: &mut dyn Session, creation: Creation) -> Result<bool, Unprepared> {
    const WHAT: &str = "cannot create the history tables";
    let sql = session.existence(&creation.thing);
    if !session.query_in_path(&sql).await.map_err(|source| Unprepared::Server(WHAT, source))?.is_empty() {
        return Ok(false);
    }
    // All names are in full; event triggers of the database find the path that they are used to.
    match session.query_in_path(&creation.sql).await {
        Ok(_) => Ok(true),
        // An index makes us quicker, and nothing else.
        Err(source) if source.kind == ErrorKind::Permission && matches!(creation.thing, Thing::Index { .. }) => {
            Ok(false)
        }
        Err(source) => Err(Unprepared::Server(WHAT, source)),
    }
}
