//! The state of a step while it runs.

use std::time::{Duration, Instant};

use backon::ExponentialBackoff;

use crate::journal::Retried;
use crate::report::StatementReport;
use crate::run::pauses::pauses;

/// The statements that have run, and the attempts: at the whole step, or at each statement if the step is not atomic.
pub(super) struct StepState {
    /// The statements that have run.
    pub(super) statements: Vec<StatementReport>,
    /// When the step began.
    pub(super) started: Instant,
    /// When the current attempt began.
    pub(super) began: Instant,
    pub(super) limit: u32,
    pub(super) pauses: ExponentialBackoff,
    /// The number of the current attempt, counted from 1.
    pub(super) attempt: u32,
    /// The number of attempts that were followed by a retry.
    pub(super) retries: u32,
    /// The retries that are not in the journal yet.
    pub(super) unwritten: Vec<Retried>,
}

impl StepState {
    /// The first attempt, which starts now.
    pub(super) fn new(limit: u32) -> Self {
        let started = Instant::now();
        Self {
            statements: Vec::new(),
            started,
            began: started,
            limit,
            pauses: pauses(limit),
            attempt: 1,
            retries: 0,
            unwritten: Vec::new(),
        }
    }

    /// Starts the next statement, with all its retries left.
    pub(super) fn begin_anew(&mut self) {
        if self.attempt > 1 {
            self.pauses = pauses(self.limit);
            self.attempt = 1;
        }
        self.began = Instant::now();
    }

    /// The time that earlier attempts and their pauses took.
    pub(super) fn before(&self) -> Duration {
        self.began - self.started
    }
}
