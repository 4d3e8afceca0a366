//! The last exports, each on a plain thread, with one deadline for all: an async runtime would wait for its blocking
//! tasks when it is dropped, however short the time-out around them.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};

use super::delivery::{Delivery, Kind};

/// One exporter's last work.
pub(super) struct Task {
    delivery: Arc<Delivery>,
    work: Box<dyn FnOnce() + Send>,
}

/// What became of it.
pub(super) struct Flushed {
    /// Of which kind.
    pub(super) kind: Kind,
    /// What did not arrive and why, in a line.
    pub(super) failure: Option<String>,
    /// Items that are lost for sure.
    pub(super) lost: usize,
    /// How long it took or was waited for.
    pub(super) elapsed: Duration,
}

impl Task {
    /// `work` sends what is left, and `delivery` knows what became of it.
    pub(super) fn new(delivery: Arc<Delivery>, work: impl FnOnce() + Send + 'static) -> Self {
        Self { delivery, work: Box::new(work) }
    }
}

/// The time that all exporters have together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    begun: Instant,
    length: Duration,
}

impl Budget {
    /// It runs from now on.
    pub(super) fn starting_now(length: Duration) -> Self {
        Self { begun: Instant::now(), length }
    }

    fn left(self) -> Duration {
        self.length.saturating_sub(self.begun.elapsed())
    }
}

/// Runs the tasks side by side and comes back when the budget is used up at the latest.
///
/// Without a budget nobody waits, and so nobody knows.
pub(super) fn within(budget: Budget, tasks: Vec<Task>) -> Vec<Flushed> {
    let pending: Vec<_> = tasks.into_iter().map(spawn).collect();
    pending.into_iter().map(|(delivery, done)| await_end(&delivery, &done, budget)).collect()
}

/// Repeats a flush for as long as it takes: the SDK gives up after 5 seconds, whatever the user has allowed.
pub(super) fn patiently(flush: impl Fn() -> OTelSdkResult) -> OTelSdkResult {
    loop {
        match flush() {
            Err(OTelSdkError::Timeout(_)) => {}
            result => return result,
        }
    }
}

fn spawn(task: Task) -> (Arc<Delivery>, mpsc::Receiver<()>) {
    let (sender, done) = mpsc::sync_channel(1);
    let Task { delivery, work } = task;
    // When no thread is to be had, or the receiver is gone, the channel closes and that is the answer.
    let _ = thread::Builder::new().name("telemetry".to_owned()).spawn(move || {
        work();
        sender.send(())
    });
    (delivery, done)
}

fn await_end(delivery: &Delivery, done: &mpsc::Receiver<()>, budget: Budget) -> Flushed {
    let failure = match done.recv_timeout(budget.left()) {
        Ok(()) => delivery.failure(),
        Err(mpsc::RecvTimeoutError::Timeout) if budget.length.is_zero() => None,
        Err(mpsc::RecvTimeoutError::Timeout) => {
            let budget = humantime::format_duration(budget.length);
            Some(format!("{}: not finished within {budget}", delivery.nothing_arrived()))
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Some(format!("{}: the exporter broke off", delivery.nothing_arrived()))
        }
    };
    Flushed { kind: delivery.kind(), failure, lost: delivery.losses(), elapsed: budget.begun.elapsed() }
}
