//! What notifications need to know about a run.

use std::time::SystemTime;

use migrascope::event::Command;
use migrascope::report::Outcome;
use migrascope::{Event, Report};

use crate::cli::outcome::CommandReport;
use crate::cli::telemetry::NotifyOn;

/// A run as far as its events have come.
#[derive(Default)]
pub(super) struct RunSummary {
    /// The target's name, or the database's own.
    pub(super) target: String,
    /// The deployment environment that the resource attributes name.
    pub(super) environment: Option<String>,
    pub(super) began: Option<SystemTime>,
    pub(super) ended: Option<SystemTime>,
    /// The change of history that a user asked for.
    pub(super) change: Option<String>,
    pub(super) done: Option<Report>,
}

impl RunSummary {
    /// A run that has not begun, in this deployment environment.
    pub(super) fn new(environment: Option<String>) -> Self {
        Self { environment, ..Self::default() }
    }

    /// Follows an event of the run.
    pub(super) fn follow(&mut self, event: &Event<'_>) {
        match event {
            Event::RunStarted { target, .. } => {
                self.began = Some(SystemTime::now());
                (*target).clone_into(&mut self.target);
            }
            Event::HistoryChanged { change, .. } => {
                self.change = Some(format!("{} {}", change.word(), change.key()));
            }
            Event::RunFinished { report, .. } => {
                self.ended = Some(SystemTime::now());
                self.done = Some((*report).clone());
            }
            _ => {}
        }
    }

    /// Whether the run is notified. `wait` never is, and `health` only when it fails: schedulers run both all the time.
    pub(super) fn is_notified(&self, on: NotifyOn, report: &CommandReport<'_>) -> bool {
        let Some(done) = self.done.as_ref().filter(|done| done.command != Command::Wait.word()) else { return false };
        let failed = report.exit_code != 0;
        let changed = self.change.is_some() || done.steps.iter().any(|step| step.outcome == Outcome::Success);
        match on {
            NotifyOn::Always => failed || done.command != Command::Health.word(),
            NotifyOn::Failure => failed,
            NotifyOn::Changes => failed || changed,
        }
    }
}
