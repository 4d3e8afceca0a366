//! How far an attempt at a step that is not atomic has come, and what stands in the way of saying so.

use super::class::Locks;
use super::script_transaction::ScriptTransaction;
use crate::database::Capabilities;
use crate::migration::Progress;
use crate::plan::Step;
use crate::script::Opening;

/// How far an attempt has come.
pub(super) struct AttemptProgress {
    /// The journal's key of it.
    pub(super) id: String,
    /// A transaction of the script's own: it takes with it what it did since.
    pub(super) own: ScriptTransaction,
    /// What the script has locked.
    pub(super) locks: Locks,
    /// Of the statements that have run.
    pub(super) progress: Progress,
    /// A statement that the server has refused inside a transaction.
    pub(super) alone: Option<usize>,
    /// The first statement that may have left something in the database.
    pub(super) trace: Option<usize>,
}

impl AttemptProgress {
    /// Of an attempt that goes on behind what was done before, and the first statement of that which may have left something.
    pub(super) fn new(id: String, step: &Step<'_>, trace: Option<usize>) -> Self {
        let (own, locks, progress) = (ScriptTransaction::none(), Locks::Free, step.progress(step.done));
        Self { id, own, locks, progress, alone: step.alone(), trace }
    }

    /// Of the statements that have run, and the one at `index`.
    pub(super) fn after(&self, step: &Step<'_>, index: usize) -> Progress {
        let mut progress = self.progress.clone();
        progress.add(step.text(index));
        progress
    }

    /// Whether a transaction of ours may go around the next statement: it would end one of the script's own, and release what the
    /// script has locked.
    pub(super) fn leaves_room(&self) -> bool {
        self.own.leaves_room() && self.locks == Locks::Free
    }

    /// The statement at `index` went out alone and has run.
    pub(super) fn ran(&mut self, step: &Step<'_>, index: usize, capabilities: Capabilities) {
        self.progress.add(step.text(index));
        self.locks = self.locks.behind(&Opening::of(step.text(index), capabilities.dialect), capabilities);
    }
}
