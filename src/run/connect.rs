//! The working connection of a run.

use std::time::Instant;

use super::current::CurrentRun;
use crate::database::{Access, Connector, DatabaseError, ErrorKind, Session};
use crate::error::Error;
use crate::event::Event;

/// Connects, and reports that; `home` is the schema of the runner's own tables if an earlier connection has found it.
///
/// # Errors
/// [`Error::Connect`], [`Error::Pooled`], and [`Error::Interrupted`] if the run is asked to stop.
pub(super) async fn connect(
    run: &mut CurrentRun<'_>,
    access: Access,
    home: Option<&str>,
) -> Result<Box<dyn Session>, Error> {
    let job = run.job;
    let started = Instant::now();
    run.observer.observe(&Event::ConnectStarted);
    let result = tokio::select! {
        result = job.connector.session(access, home) => result,
        () = job.stop.requested() => Err(DatabaseError::new(ErrorKind::Cancelled, "interrupted while connecting")),
    };
    let elapsed = started.elapsed();
    run.state.stages.connect = elapsed;
    run.observer
        .observe(&Event::ConnectFinished { result: result.as_ref().map(|session| session.server_info()), elapsed });
    result.map_err(|source| match source.kind {
        ErrorKind::Cancelled if job.stop.is_requested() => Error::Interrupted { failure: None },
        _ => cannot_connect(job.connector, source),
    })
}

/// The error of a run without a connection.
pub(super) fn cannot_connect(connector: &dyn Connector, source: DatabaseError) -> Error {
    if source.kind == ErrorKind::Pooled {
        return Error::Pooled { why: source.message };
    }
    Error::Connect { expected: Box::new(connector.expected()), source: Box::new(source) }
}
