//! The last exports, each on a plain thread, with one deadline for all: an async runtime would wait for its blocking
//! tasks when it is dropped, however short the time-out around them.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// One exporter's last work.
pub(super) struct Task {
    failure: String,
    work: Box<dyn FnOnce() -> Option<String> + Send>,
}

impl Task {
    /// `work` comes back with what went wrong; `failure` is the beginning of that line when it does not come back.
    pub(super) fn new(failure: String, work: impl FnOnce() -> Option<String> + Send + 'static) -> Self {
        Self { failure, work: Box::new(work) }
    }
}

/// Runs the tasks side by side and comes back after `budget` at the latest, with a line for each that failed.
///
/// Without a budget nobody waits, and so nobody knows.
pub(super) fn within(budget: Duration, tasks: Vec<Task>) -> Vec<String> {
    let deadline = Instant::now() + budget;
    let pending: Vec<_> = tasks.into_iter().map(spawn).collect();
    pending.into_iter().filter_map(|(failure, answer)| await_answer(&failure, &answer, deadline, budget)).collect()
}

fn spawn(task: Task) -> (String, mpsc::Receiver<Option<String>>) {
    let (sender, answer) = mpsc::sync_channel(1);
    let Task { failure, work } = task;
    // When no thread is to be had, or the receiver is gone, the channel closes and that is the answer.
    let _ = thread::Builder::new().name("telemetry".to_owned()).spawn(move || sender.send(work()));
    (failure, answer)
}

fn await_answer(
    failure: &str,
    answer: &mpsc::Receiver<Option<String>>,
    deadline: Instant,
    budget: Duration,
) -> Option<String> {
    match answer.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(outcome) => outcome,
        Err(mpsc::RecvTimeoutError::Timeout) if budget.is_zero() => None,
        Err(mpsc::RecvTimeoutError::Timeout) => {
            Some(format!("{failure}: not finished within {}", humantime::format_duration(budget)))
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => Some(format!("{failure}: the exporter broke off")),
    }
}
