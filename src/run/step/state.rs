//! What has happened to a step so far.

use std::time::{Duration, Instant};

use backon::ExponentialBackoff;

use crate::journal::Retried;
use crate::report::StatementReport;
use crate::run::pauses::pauses;

/// The statements of a step that have run, and its attempts: of the whole step, or of each statement if it is not atomic.
pub(super) struct StepState {
    /// The statements that have run.
    pub(super) statements: Vec<StatementReport>,
    /// When the step began.
    pub(super) started: Instant,
    /// When the current attempt began.
    pub(super) began: Instant,
    pub(super) limit: u32,
    pub(super) pauses: ExponentialBackoff,
    /// The current attempt, counted from 1.
    pub(super) attempt: u32,
    /// Attempts of the step that were followed by another one.
    pub(super) retries: u32,
    /// Those that are not in the journal yet.
    pub(super) unwritten: Vec<Retried>,
}

impl StepState {
    /// The first attempt, which begins now.
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

    /// The next statement begins, which may be retried as often.
    pub(super) fn begin_anew(&mut self) {
        if self.attempt > 1 {
            self.pauses = pauses(self.limit);
            self.attempt = 1;
        }
        self.began = Instant::now();
    }

    /// How long earlier attempts and their pauses took.
    pub(super) fn before(&self) -> Duration {
        self.began - self.started
    }
}
