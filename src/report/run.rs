//! What became of a run.

use std::time::Duration;

use serde::Serialize;

use super::health::HealthReport;
use super::seconds::seconds;
use super::step::{Outcome, StepReport};
use crate::policy::Decided;

/// Where the time of a run went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stages {
    /// Making the connection.
    pub connect: Duration,
    /// Asking for the lock.
    pub lock: Duration,
    /// Reading the history and making the plan.
    pub plan: Duration,
    /// The migrations, recording included.
    pub apply: Duration,
    /// The checks afterwards.
    pub health: Duration,
}

/// What a run has done, failures included.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The run's id, a UUID.
    pub run_id: String,
    /// The trace it belongs to, 32 hexadecimal digits.
    pub trace_id: Option<String>,
    /// `up`, `down`, `health`, `repair`, `baseline`, `wait` or `exec`.
    pub command: &'static str,
    /// What was decided about migrations at the start of an application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Decided>,
    /// How it ended.
    pub outcome: Outcome,
    /// The highest applied version before, where it was read.
    pub from: Option<String>,
    /// The highest applied version after.
    pub to: Option<String>,
    /// Migrations applied when the run ended.
    pub applied: usize,
    /// Migrations still pending when the run ended.
    pub pending: usize,
    /// One for each migration begun.
    pub steps: Vec<StepReport>,
    /// How long the lock was waited for.
    #[serde(serialize_with = "seconds", rename = "lock_waited_seconds")]
    pub lock_waited: Duration,
    /// What the health checks found, where they were made.
    pub health: Option<HealthReport>,
    /// How long the run took.
    #[serde(serialize_with = "seconds", rename = "elapsed_seconds")]
    pub elapsed: Duration,
    /// Whether the journal shows the run as begun and its end could not be recorded: later readers take it for one whose process died.
    #[serde(skip_serializing_if = "is_false")]
    pub end_not_recorded: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(super) fn is_false(truth: &bool) -> bool {
    !truth
}
