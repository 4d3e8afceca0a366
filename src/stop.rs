//! A request to stop, made from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// Asks a run to stop: between statements, while waiting, or by cancelling the running statement on the server.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    requested: AtomicBool,
    abandoned: AtomicBool,
    gave_up: AtomicBool,
    notify: Notify,
    #[cfg(all(unix, feature = "commands"))]
    commands: std::sync::Mutex<Vec<rustix::process::Pid>>,
}

impl Stop {
    /// Asks for it; from any thread, any number of times.
    pub fn request(&self) {
        self.0.requested.store(true, Ordering::SeqCst);
        self.0.notify.notify_waiters();
    }

    /// Whether it was requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.requested.load(Ordering::SeqCst)
    }

    /// Asks for more: the run ends at once, without cancelling and rolling back anything itself, and reports that. The server ends
    /// what it was doing with the connections that are dropped.
    pub fn abandon(&self) {
        self.0.abandoned.store(true, Ordering::SeqCst);
        self.request();
    }

    /// Notes that a server which has not answered the request is not waited for any more.
    pub(crate) fn give_up(&self) {
        self.0.gave_up.store(true, Ordering::SeqCst);
    }

    /// Whether that is so: what would need an answer is left undone.
    pub(crate) fn has_given_up(&self) -> bool {
        self.0.gave_up.load(Ordering::SeqCst)
    }

    /// Waits until the run is to end at once: it was requested that long ago, or abandoned.
    pub(crate) async fn overdue(&self, timeout: Duration) {
        self.requested().await;
        let _ = tokio::time::timeout(timeout, self.set(&self.0.abandoned)).await;
    }

    /// Waits until it is requested.
    pub async fn requested(&self) {
        self.set(&self.0.requested).await;
    }

    async fn set(&self, flag: &AtomicBool) {
        loop {
            let notified = self.0.notify.notified();
            tokio::pin!(notified);
            // Registered before the flag is read, so that a request in between is not missed.
            notified.as_mut().enable();
            if flag.load(Ordering::SeqCst) {
                return;
            }
            notified.await;
        }
    }

    /// Kills the commands that hooks have started, with all that those have started: for a process that ends without waiting for the
    /// run.
    pub fn kill_commands(&self) {
        #[cfg(all(unix, feature = "commands"))]
        for group in self.commands().drain(..) {
            // What cannot be reached has ended.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }

    /// The groups of processes that run.
    #[cfg(all(unix, feature = "commands"))]
    pub(crate) fn commands(&self) -> std::sync::MutexGuard<'_, Vec<rustix::process::Pid>> {
        self.0.commands.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
