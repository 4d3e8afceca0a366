//! A request to interrupt a statement. It applies only to the statement that is running when the request is made.

use std::sync::atomic::{AtomicU8, Ordering};

const IDLE: u8 = 0;
const RUNNING: u8 = 1;
const REQUESTED: u8 = 2;

/// Shared by the connection that runs statements and the one that monitors it.
#[derive(Debug, Default)]
pub(super) struct Interrupt(AtomicU8);

impl Interrupt {
    /// Accepts requests until the returned guard is dropped.
    pub(super) fn statement(&self) -> Interruptible<'_> {
        self.0.store(RUNNING, Ordering::SeqCst);
        Interruptible(self)
    }

    /// Requests that the running statement stops; no effect when none is running.
    pub(super) fn request(&self) {
        let _ = self.0.compare_exchange(RUNNING, REQUESTED, Ordering::SeqCst, Ordering::SeqCst);
    }

    pub(super) fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst) == REQUESTED
    }
}

/// The guard of a statement that can be interrupted.
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
