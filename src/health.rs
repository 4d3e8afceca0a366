//! The checks after a run, on a connection of their own: not the one that migrated, so that they see what everybody sees.

mod asked;
mod before;
mod examination;
mod judgement;
mod own;
mod recorded;
mod threshold;

use std::sync::LazyLock;
use std::time::Instant;

pub(crate) use self::before::{Before, before_run};
use self::examination::Examination;
pub use self::threshold::{Severity, Thresholds};
use crate::database::{Access, Connector};
use crate::error::{Error, RunError};
use crate::event::{Event, Observer, RunContext};
pub use crate::layout::OwnCheck;
use crate::report::{CheckStatus, HealthReport, Outcome, Report};
use crate::run::{Options, Stop};

/// Whether the database is examined when a run has done something.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Health {
    /// It is not: whoever embeds a run decides whether its start waits for that.
    #[default]
    Skip,
    /// It is, and asked these questions of one's own as well.
    Check {
        /// In the order in which they are asked.
        own: Vec<OwnCheck>,
        /// From which values on checks warn and fail, where that is not the default.
        thresholds: Thresholds,
    },
}

/// Where and for whom the checks are made.
#[derive(Clone, Copy)]
pub(crate) struct Patient<'a> {
    pub(crate) connector: &'a dyn Connector,
    pub(crate) options: &'a Options,
    pub(crate) context: &'a RunContext,
    pub(crate) stop: &'a Stop,
    /// The schema or database of our tables, where a run has worked in it; otherwise the connection's own.
    pub(crate) home: Option<&'a str>,
    /// The state before the run.
    pub(crate) before: &'a Before,
}

/// Where no limit is other than the default.
static DEFAULT: LazyLock<Thresholds> = LazyLock::new(Thresholds::default);

impl<'a> Patient<'a> {
    fn thresholds(&self) -> &'a Thresholds {
        match &self.options.health {
            Health::Check { thresholds, .. } => thresholds,
            Health::Skip => &DEFAULT,
        }
    }
}

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
async fn connected(patient: Patient<'_>, observer: &mut dyn Observer) -> Result<HealthReport, Error> {
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

fn interrupted(observer: &mut dyn Observer, started: Instant) -> Error {
    use crate::database::{DatabaseError, ErrorKind};
    let error = DatabaseError::new(ErrorKind::Cancelled, "interrupted while connecting");
    observer.observe(&Event::ConnectFinished { result: Err(&error), elapsed: started.elapsed() });
    Error::Interrupted { failure: None }
}
