//! Our own tables, and the row of the run, before the first migration.

use std::time::{Duration, Instant};

use super::{Job, step};
use crate::database::Session;
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::journal::Journal;
use crate::ledger::Ledger;
use crate::plan::Plan;

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
        let prepared = tables(session, ledger, journal, plan.steps.len(), started.elapsed()).await;
        let Err(Error::Own { what, source }) = prepared else { return prepared };
        let (Some(reason), Some(pause)) = (source.retry_reason(), pauses.next()) else {
            return Err(Error::Own { what, source });
        };
        if let Some(step) = plan.steps.first() {
            let (of, error) = (job.options.retries.saturating_add(1), &*source);
            observer.observe(&Event::Retrying { step, index: 0, reason, error, attempt, of, pause, blocker: None });
        }
        tokio::select! {
            () = job.stop.requested() => return Err(Error::Interrupted { failure: None }),
            () = tokio::time::sleep(pause) => {}
        }
    }
    Ok(())
}

/// Makes our tables where they are missing, and the row of this run.
async fn tables(
    session: &mut dyn Session,
    ledger: &dyn Ledger,
    journal: &Journal<'_>,
    steps: usize,
    since: Duration,
) -> Result<(), Error> {
    let own = |what| move |source| Error::Own { what, source: Box::new(source) };
    for sql in ledger.create(session).into_iter().chain(journal.create(session)) {
        session.query(&sql).await.map_err(own("cannot create the history tables"))?;
    }
    let sql = journal.run_started(session, steps, since);
    session.query(&sql).await.map(drop).map_err(own("cannot write the journal"))
}
