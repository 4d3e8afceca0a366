//! The report of a run.

use std::time::Duration;

use serde::Serialize;

use super::health::HealthReport;
use super::seconds::seconds;
use super::step::{Outcome, StepReport};
use crate::policy::Decided;

/// The time spent in each phase of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stages {
    /// Connecting.
    pub connect: Duration,
    /// Acquiring the lock.
    pub lock: Duration,
    /// Reading the history and making the plan.
    pub plan: Duration,
    /// Running and recording the migrations.
    pub apply: Duration,
    /// The health checks afterwards.
    pub health: Duration,
}

/// What a run has done, including failures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The run's id, a UUID.
    pub run_id: String,
    /// The trace it belongs to, 32 hexadecimal digits.
    pub trace_id: Option<String>,
    /// `up`, `down`, `health`, `repair`, `baseline`, `wait` or `exec`.
    pub command: &'static str,
    /// The decision about migrations at the start of an application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Decided>,
    /// How it ended.
    pub outcome: Outcome,
    /// The highest applied version before the run, where it was read.
    pub from: Option<String>,
    /// The highest applied version after the run.
    pub to: Option<String>,
    /// The number of applied migrations when the run ended.
    pub applied: usize,
    /// The number of pending migrations when the run ended.
    pub pending: usize,
    /// One for each migration that was started.
    pub steps: Vec<StepReport>,
    /// How long the run waited for the lock.
    #[serde(serialize_with = "seconds", rename = "lock_waited_seconds")]
    pub lock_waited: Duration,
    /// The results of the health checks, where they ran.
    pub health: Option<HealthReport>,
    /// How long the run took.
    #[serde(serialize_with = "seconds", rename = "elapsed_seconds")]
    pub elapsed: Duration,
    /// Whether the end of the run could not be recorded in the journal, so that later readers assume that its process died.
    #[serde(skip_serializing_if = "is_false")]
    pub end_not_recorded: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(super) fn is_false(truth: &bool) -> bool {
    !truth
}
