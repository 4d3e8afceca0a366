//! The progress of an attempt at a non-atomic step, and what prevents it from being recorded.

use super::class::Locks;
use super::script_transaction::ScriptTransaction;
use crate::database::Capabilities;
use crate::migration::Progress;
use crate::plan::Step;
use crate::script::Opening;

/// The progress of an attempt.
pub(super) struct AttemptProgress {
    /// The attempt's id in the journal.
    pub(super) id: String,
    /// The script's own transaction: a rollback undoes everything since it began.
    pub(super) own: ScriptTransaction,
    /// The locks that the script holds.
    pub(super) locks: Locks,
    /// The checksum of the statements that have run.
    pub(super) progress: Progress,
    /// A statement that the server refused inside a transaction.
    pub(super) alone: Option<usize>,
    /// The first statement that may have left something in the database.
    pub(super) trace: Option<usize>,
}

impl AttemptProgress {
    /// An attempt that continues after `step.done` statements; `trace` is the first of these that may have left something in the database.
    pub(super) fn new(id: String, step: &Step<'_>, trace: Option<usize>) -> Self {
        let (own, locks, progress) = (ScriptTransaction::none(), Locks::Free, step.progress(step.done));
        Self { id, own, locks, progress, alone: step.alone(), trace }
    }

    /// The progress including the statement at `index`.
    pub(super) fn after(&self, step: &Step<'_>, index: usize) -> Progress {
        let mut progress = self.progress.clone();
        progress.add(step.text(index));
        progress
    }

    /// Whether the runner may open a transaction around the next statement: that would end a transaction of the script and release its
    /// locks.
    pub(super) fn leaves_room(&self) -> bool {
        self.own.leaves_room() && self.locks == Locks::Free
    }

    /// Adds the statement at `index`, which has run without its progress record.
    pub(super) fn ran(&mut self, step: &Step<'_>, index: usize, capabilities: Capabilities) {
        self.progress.add(step.text(index));
        self.locks = self.locks.behind(&Opening::of(step.text(index), capabilities.dialect), capabilities);
    }
}
