//! A request to stop a statement, which counts for the statement that runs when it is made and for no other.

use std::sync::atomic::{AtomicU8, Ordering};

const IDLE: u8 = 0;
const RUNNING: u8 = 1;
const REQUESTED: u8 = 2;

/// Shared by the connection that works and the one that watches it.
#[derive(Debug, Default)]
pub(super) struct Interrupt(AtomicU8);

impl Interrupt {
    /// From now on, until the value that comes back is dropped, a request counts.
    pub(super) fn statement(&self) -> Interruptible<'_> {
        self.0.store(RUNNING, Ordering::SeqCst);
        Interruptible(self)
    }

    /// Asks the statement that runs to stop; nothing where none does.
    pub(super) fn request(&self) {
        let _ = self.0.compare_exchange(RUNNING, REQUESTED, Ordering::SeqCst, Ordering::SeqCst);
    }

    pub(super) fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst) == REQUESTED
    }
}

/// A statement that can be stopped, as long as this lives.
pub(super) struct Interruptible<'i>(&'i Interrupt);

impl Drop for Interruptible<'_> {
    fn drop(&mut self) {
        self.0.0.store(IDLE, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::Interrupt;

    #[test]
    fn a_request_counts_for_the_statement_that_runs_alone() {
        let interrupt = Interrupt::default();
        interrupt.request();
        assert!(!interrupt.is_requested(), "nothing runs");
        let first = interrupt.statement();
        interrupt.request();
        assert!(interrupt.is_requested());
        drop(first);
        assert!(!interrupt.is_requested(), "it has ended");
        interrupt.request();
        let _second = interrupt.statement();
        assert!(!interrupt.is_requested(), "it came before");
    }
}
