//! The failure of a step, and its record.

use super::state::StepState;
use crate::database::{DatabaseError, ErrorKind};
use crate::plan::Step;
use crate::report::{Failure, Outcome, PartialEffect};
use crate::run::engine::Engine;
use crate::run::{failure, records};

/// Why a step failed.
pub(super) struct Broken {
    /// The index of the statement.
    pub(super) index: usize,
    pub(super) error: DatabaseError,
    pub(super) remains: PartialEffect,
    /// The quoted name of the invalid index that a failed concurrent build left.
    pub(super) invalid_index: Option<String>,
}

impl Broken {
    pub(super) fn new(index: usize, error: DatabaseError, remains: PartialEffect) -> Self {
        Self { index, error, remains, invalid_index: None }
    }
}

impl Engine<'_> {
    /// The failure with its position in the file, and the outcome: a cancellation if the run was asked to stop.
    pub(super) fn describe(&self, step: &Step<'_>, broken: &Broken) -> (Failure, Outcome) {
        let stop = self.job.stop;
        let interrupted = stop.has_given_up() || stop.is_requested() && broken.error.kind == ErrorKind::Cancelled;
        let outcome = if interrupted { Outcome::Cancellation } else { Outcome::Failure };
        let failure = failure::of_step(step, broken.index, &broken.error, broken.remains);
        let blocker = self.statement.blocker.clone().filter(|_| broken.error.retry_reason().is_some());
        (Failure { invalid_index: broken.invalid_index.clone(), blocker, ..failure }, outcome)
    }

    /// Records a failure. An error while recording is ignored, because the failure itself matters more.
    pub(super) async fn record_failure(&mut self, step: &Step<'_>, broken: &Broken, state: &StepState, sql: &str) {
        if self.unprepared.is_some() {
            return;
        }
        // If the connection was lost, looking up the attempt has already replaced it where that was possible.
        let stepwise_locks = !step.atomic.is_yes() && self.session.capabilities().session_locks;
        if (step.changes_session() || stepwise_locks) && broken.error.kind != ErrorKind::Lost {
            // The role and the locks of the script may prevent a write to the journal.
            let _ = self.session.reset().await;
        }
        let _ = records::record(&mut **self.session, sql).await;
        // What an earlier attempt has left is still there after a resumption that had no effect.
        let nothing_left = broken.remains == PartialEffect::Nothing && step.settles.is_empty();
        if let Some(abandon) =
            self.ledger.abandon(self.session.sql(), &step.migration.key, step.direction).filter(|_| nothing_left)
        {
            let _ = records::record(&mut **self.session, &abandon).await;
        }
        if let Some(retries) = self.journal.retries(self.session.sql(), step, &state.unwritten) {
            let _ = records::record(&mut **self.session, &retries).await;
        }
    }
}
