//! The checks after a run, and alone.

use std::time::Instant;

use super::examination::Examination;
use super::patient::{Health, Patient};
use super::recorded;
use crate::database::Access;
use crate::error::{Error, RunError};
use crate::event::{Event, Observer};
use crate::layout::OwnCheck;
use crate::report::{CheckStatus, HealthReport, Outcome, Report};

/// The checks after a run; nothing where they are not wanted.
///
/// A run with nothing to do makes none: it is answered from one connection and one query, and stays as quick as that.
pub(crate) async fn after_run(patient: Patient<'_>, observer: &mut dyn Observer) -> Option<HealthReport> {
    let Health::Check { own, .. } = &patient.options.health else {
        return None;
    };
    let mut examination = Examination::begin(patient, observer);
    if let Some(session) = examination.connect().await {
        examination.examine(session, own).await;
    }
    Some(examination.finish())
}

/// An error where a check failed.
pub(crate) fn verdict(report: Option<&HealthReport>) -> Result<(), Error> {
    let failed: Vec<_> = report.iter().flat_map(|report| report.with(CheckStatus::Fail)).cloned().collect();
    if failed.is_empty() { Ok(()) } else { Err(Error::Unhealthy { failed }) }
}

/// The checks alone, told like a run that does nothing else.
pub(crate) async fn alone(patient: Patient<'_>, observer: &mut dyn Observer) -> Result<Report, RunError> {
    let started = Instant::now();
    let Patient { connector, context, .. } = patient;
    observer.observe(&Event::RunStarted { run: context, expected: &connector.expected() });
    let (health, result) = match connected(patient, observer).await {
        Ok(health) => {
            // Without the right to write, or in time, the result is that of this process alone.
            let _ = tokio::time::timeout(recorded::PATIENCE, recorded::record(patient, &health, observer)).await;
            let result = verdict(Some(&health));
            (Some(health), result)
        }
        Err(error) => (None, Err(error)),
    };
    let error = result.err();
    let report = Report {
        run_id: context.run_id.clone(),
        trace_id: context.trace.as_ref().map(|trace| trace.trace_id_hex()),
        command: context.command.word(),
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

/// Without a connection there is nothing to examine, and that is the error.
pub(super) async fn connected(patient: Patient<'_>, observer: &mut dyn Observer) -> Result<HealthReport, Error> {
    let started = Instant::now();
    observer.observe(&Event::ConnectStarted);
    let result = tokio::select! {
        result = patient.connector.session(Access::Check) => result,
        () = patient.stop.requested() => return Err(interrupted(observer, started)),
    };
    let elapsed = started.elapsed();
    observer.observe(&Event::ConnectFinished { result: result.as_ref().map(|session| session.identity()), elapsed });
    let session = result.map_err(|source| Error::Connect {
        expected: Box::new(patient.connector.expected()),
        source: Box::new(source),
    })?;
    let own: &[OwnCheck] = match &patient.options.health {
        Health::Check { own, .. } => own,
        Health::Skip => &[],
    };
    let mut examination = Examination::begin(patient, observer);
    examination.connected(elapsed);
    examination.examine(session, own).await;
    let report = examination.finish();
    if patient.stop.is_requested() { Err(Error::Interrupted { failure: None }) } else { Ok(report) }
}

pub(super) fn interrupted(observer: &mut dyn Observer, started: Instant) -> Error {
    use crate::database::{DatabaseError, ErrorKind};
    let error = DatabaseError::new(ErrorKind::Cancelled, "interrupted while connecting");
    observer.observe(&Event::ConnectFinished { result: Err(&error), elapsed: started.elapsed() });
    Error::Interrupted { failure: None }
}
