//! The checks after a run, and alone.

use std::time::Instant;

use super::check_run::CheckRun;
use super::context::CheckContext;
use super::options::Health;
use super::record;
use crate::database::Access;
use crate::error::{Error, RunError};
use crate::event::{Event, Observer};
use crate::report::{CheckStatus, HealthReport, Outcome, Report};

/// Runs the checks after a run; `None` where they are switched off.
///
/// A run with nothing to do makes none, so that it needs one connection and one query.
pub(crate) async fn after_run(context: CheckContext<'_>, observer: &mut dyn Observer) -> Option<HealthReport> {
    if matches!(context.health, Health::Skip) {
        return None;
    }
    let mut checks = CheckRun::begin(context, observer);
    if let Some(session) = checks.connect().await {
        checks.run(session, context.health.custom()).await;
    }
    Some(checks.finish())
}

/// An error where a check failed.
pub(crate) fn verdict(report: Option<&HealthReport>) -> Result<(), Error> {
    let failed: Vec<_> = report.iter().flat_map(|report| report.with(CheckStatus::Fail)).cloned().collect();
    if failed.is_empty() { Ok(()) } else { Err(Error::Unhealthy { failed }) }
}

/// Runs the checks alone, reported as a run of its own.
pub(crate) async fn alone(context: CheckContext<'_>, observer: &mut dyn Observer) -> Result<Report, RunError> {
    let started = Instant::now();
    let CheckContext { connector, command, run, .. } = context;
    let expected = connector.expected();
    observer.observe(&Event::RunStarted { command, run, expected: &expected, target: run.target(&expected) });
    let (health, result) = match connected(context, observer).await {
        Ok(health) => {
            // Without the right to write, or when that takes too long, only this process reports the result.
            let _ = tokio::time::timeout(record::PATIENCE, record::record(context, &health, observer)).await;
            let result = verdict(Some(&health));
            (Some(health), result)
        }
        Err(error) => (None, Err(error)),
    };
    let error = result.err();
    let report = Report {
        run_id: run.run_id.clone(),
        trace_id: run.trace.as_ref().map(|trace| trace.trace_id_hex()),
        command: command.word(),
        policy: None,
        outcome: error.as_ref().map_or(Outcome::Success, Error::outcome),
        from: None,
        to: None,
        applied: 0,
        pending: 0,
        steps: Vec::new(),
        lock_waited: std::time::Duration::ZERO,
        health,
        elapsed: started.elapsed(),
        end_not_recorded: false,
    };
    observer.observe(&Event::RunFinished { report: &report, error: error.as_ref(), schema: None });
    match error {
        None => Ok(report),
        Some(cause) => Err(RunError { report: Box::new(report), cause }),
    }
}

/// Connects and runs the checks.
///
/// # Errors
/// [`Error::Connect`] without a connection, and [`Error::Interrupted`] when the run was asked to stop.
async fn connected(context: CheckContext<'_>, observer: &mut dyn Observer) -> Result<HealthReport, Error> {
    let started = Instant::now();
    observer.observe(&Event::ConnectStarted);
    let result = tokio::select! {
        result = context.connector.session(Access::Check, context.home) => result,
        () = context.stop.requested() => return Err(interrupted(observer, started)),
    };
    let elapsed = started.elapsed();
    observer.observe(&Event::ConnectFinished { result: result.as_ref().map(|session| session.server_info()), elapsed });
    let session = result.map_err(|source| Error::Connect {
        expected: Box::new(context.connector.expected()),
        source: Box::new(source),
    })?;
    let mut checks = CheckRun::begin(context, observer);
    checks.connected(elapsed);
    checks.run(session, context.health.custom()).await;
    let report = checks.finish();
    if context.stop.is_requested() { Err(Error::Interrupted { failure: None }) } else { Ok(report) }
}

fn interrupted(observer: &mut dyn Observer, started: Instant) -> Error {
    use crate::database::{DatabaseError, ErrorKind};
    let error = DatabaseError::new(ErrorKind::Cancelled, "interrupted while connecting");
    observer.observe(&Event::ConnectFinished { result: Err(&error), elapsed: started.elapsed() });
    Error::Interrupted { failure: None }
}
