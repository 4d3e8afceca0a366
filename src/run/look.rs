//! History and plan, with nothing changed.

use std::time::Instant;

use super::tally::Tally;
use super::{Job, Options, cannot_connect, connect, living, plan, rules};
use crate::database::{Access, Connector, Session};
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::history::History;
use crate::ledger::Depth;
use crate::plan as planning;

/// Connects and reads history, changing nothing.
pub(crate) async fn look(
    connector: &dyn Connector,
    access: Access,
    options: &Options,
    depth: Depth,
) -> Result<(Box<dyn Session>, History), Error> {
    let mut session = connector.session(access).await.map_err(|source| cannot_connect(connector, source))?;
    let history = living::read(connector, &mut *session, options, depth).await?;
    Ok((session, history))
}

/// Says what is pending, or why nothing could be applied, and changes nothing.
pub(super) async fn alone(job: &Job<'_>, observer: &mut dyn Observer, tally: &mut Tally) -> Result<(), Error> {
    let mut session = connect(job, Access::Read, observer, tally).await?;
    let started = Instant::now();
    observer.observe(&Event::PlanStarted);
    let read = living::read(job.connector, &mut *session, job.options, Depth::Plan).await;
    let rules = rules(job.context.command, job.options, session.abilities());
    session.close().await;
    let (result, schema) = match read {
        Ok(history) => {
            let schema = planning::survey(job.set, &history);
            let result = plan(job.context.command, job.set, &history, &rules);
            tally.begin(history);
            (result, schema)
        }
        Err(error) => (Err(error), planning::Schema::default()),
    };
    tally.stages.plan = started.elapsed();
    observer.observe(&Event::PlanFinished { result: result.as_ref(), elapsed: tally.stages.plan, schema: &schema });
    match result {
        // Nobody wanted to apply it.
        Ok(_) | Err(Error::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
