//! Reads the history and plans without changing anything.

use std::time::Instant;

use super::connect::{cannot_connect, connect};
use super::current::CurrentRun;
use super::options::Options;
use super::planning::plan;
use super::rules::rules;
use super::running;
use crate::database::{Access, Connector, Session};
use crate::error::Error;
use crate::event::Event;
use crate::history::History;
use crate::ledger::Depth;
use crate::migration::MigrationSet;
use crate::plan as planning;

/// Connects and reads the history.
///
/// # Errors
/// If the connection fails, or the history cannot be read.
pub(crate) async fn look(
    connector: &dyn Connector,
    access: Access,
    options: &Options,
    set: &MigrationSet,
    depth: Depth,
) -> Result<(Box<dyn Session>, History), Error> {
    let mut session = connector.session(access, None).await.map_err(|source| cannot_connect(connector, source))?;
    let history = running::read(connector, &mut *session, options, set, depth).await?;
    Ok((session, history))
}

/// Reports what is pending, or why it could not be applied.
///
/// # Errors
/// If the connection fails, or the history cannot be read. A plan that would be refused is not an error.
pub(super) async fn alone(run: &mut CurrentRun<'_>) -> Result<(), Error> {
    let job = run.job;
    let mut session = connect(run, Access::Read, None).await?;
    let started = Instant::now();
    run.observer.observe(&Event::PlanStarted);
    let read = running::read(job.connector, &mut *session, job.options, job.set, Depth::Plan).await;
    let rules = rules(job.command(), job.options, session.capabilities());
    session.close().await;
    let (result, schema) = match read {
        Ok(history) => {
            let result = plan(job.command(), job.set, &history, &rules);
            (result, run.state.begin(job.set, history))
        }
        Err(error) => (Err(error), planning::Schema::default()),
    };
    let elapsed = started.elapsed();
    run.state.stages.plan = elapsed;
    run.observer.observe(&Event::PlanFinished { result: result.as_ref(), elapsed, schema: &schema });
    match result {
        // This run would not have applied anything.
        Ok(_) | Err(Error::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
