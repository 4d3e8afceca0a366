//! The last exports, each on a plain thread, with one deadline for all: an async runtime would wait for its blocking
//! tasks when it is dropped, however short the timeout around them.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};

use super::delivery::{Delivery, Kind};

/// The last export of one exporter.
pub(super) struct FlushTask {
    delivery: Arc<Delivery>,
    work: Box<dyn FnOnce() + Send>,
}

/// The result of an exporter's last export.
pub(super) struct Flushed {
    /// What it exports.
    pub(super) kind: Kind,
    /// What was not delivered and why, in one line.
    pub(super) failure: Option<String>,
    /// The items that are known to be lost.
    pub(super) lost: usize,
    /// How long it took, or was waited for.
    pub(super) elapsed: Duration,
}

impl FlushTask {
    /// `work` sends what is left, and `delivery` records the result.
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
    /// A budget that runs from now on.
    pub(super) fn starting_now(length: Duration) -> Self {
        Self { begun: Instant::now(), length }
    }

    fn left(self) -> Duration {
        self.length.saturating_sub(self.begun.elapsed())
    }
}

/// Runs the tasks side by side and returns at the latest when the budget is used up.
///
/// A budget of zero waits for nothing, so it reports no failures.
pub(super) fn within(budget: Budget, tasks: Vec<FlushTask>) -> Vec<Flushed> {
    let pending: Vec<_> = tasks.into_iter().map(spawn).collect();
    pending.into_iter().map(|(delivery, done)| await_end(&delivery, &done, budget)).collect()
}

/// Repeats a flush for as long as it takes: the SDK gives up after 5 seconds, whatever the user has allowed.
pub(super) fn without_sdk_timeout(flush: impl Fn() -> OTelSdkResult) -> OTelSdkResult {
    loop {
        match flush() {
            Err(OTelSdkError::Timeout(_)) => {}
            result => return result,
        }
    }
}

fn spawn(task: FlushTask) -> (Arc<Delivery>, mpsc::Receiver<()>) {
    let (sender, done) = mpsc::sync_channel(1);
    let FlushTask { delivery, work } = task;
    // Where the thread cannot be started, the channel closes, which reports the failure.
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
            Some(format!("{}: not finished within {budget}", delivery.not_delivered()))
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Some(format!("{}: the exporter ended unexpectedly", delivery.not_delivered()))
        }
    };
    Flushed { kind: delivery.kind(), failure, lost: delivery.losses(), elapsed: budget.begun.elapsed() }
}
