//! The two connections of a run beside its session: one holds the lock, one watches the session.
//!
//! Both are polled while a statement runs, and neither can delay it. While the monitor does not answer or cannot be connected, the lock's
//! connection answers instead, and so does it to cancel a statement before the monitor is connected. So a statement that the server reports as active is awaited without limit.

use std::time::{Duration, Instant};

use super::line::Line;
use crate::database::{Activity, ConnectMonitor, DatabaseError, ErrorKind, Holder, LockConnection, MonitorConnection};

/// How long the monitor may take to answer before it is replaced.
const MONITOR_TIMEOUT: Duration = Duration::from_secs(6);
/// How long the lock's connection may take to answer before the lock counts as lost; applies when a new statement is about to start, and while a hook runs.
const LOCK_TIMEOUT: Duration = Duration::from_secs(12);
/// How long releasing the lock may take.
const UNLOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the lock's connection replaces the monitor before the next attempt to connect one.
const RECONNECT_AFTER: Duration = Duration::from_secs(10);

/// A request to a monitor, about the session with this process number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Question {
    /// What the session is doing.
    Activity(Option<u64>),
    /// Which session blocks it.
    Blocker(Option<u64>),
    /// Cancels its statement.
    Cancel(Option<u64>),
}

/// An answer from either connection.
pub(super) enum Answer {
    /// Whether the lock is held.
    Lock(Result<(), DatabaseError>),
    Activity(Result<Activity, DatabaseError>),
    Blocker(Option<Holder>),
    Cancelled,
    /// Whether a monitor was connected.
    Connected(bool),
}

/// The connections of a run beside its session.
pub(super) struct Monitor {
    connect: ConnectMonitor,
    lock: Line<dyn LockConnection, Answer>,
    monitor: Line<dyn MonitorConnection, Answer>,
    /// Whether the lock's connection, or the monitor, has yet to answer a request that was forgotten.
    lock_outdated: bool,
    monitor_outdated: bool,
    /// Until when no attempt is made to connect a monitor, because the last one failed.
    without_monitor: Option<Instant>,
    /// When the lock was last confirmed; `None` if it has to be checked before the next statement.
    pub(super) lock_seen: Option<Instant>,
    /// Why the lock is lost.
    lost: Option<String>,
}

impl Monitor {
    /// Starts with the connection that holds the lock. A monitor is connected when it is first needed.
    pub(super) fn new(lock: Box<dyn LockConnection>, connect: ConnectMonitor) -> Self {
        Self {
            connect,
            lock: Line::Free(lock),
            monitor: Line::Gone,
            lock_outdated: false,
            monitor_outdated: false,
            without_monitor: None,
            lock_seen: Some(Instant::now()),
            lost: None,
        }
    }

    /// Checks the lock; false if its connection has to answer another request first.
    pub(super) fn ask_lock(&mut self) -> bool {
        self.lock.ask(|lock| Box::pin(alive(lock)))
    }

    /// Sends a request to the monitor; false if it has to answer another one first, or has to be connected first.
    pub(super) fn ask(&mut self, question: Question) -> bool {
        let is_urgent = matches!(question, Question::Cancel(_));
        if is_urgent && !matches!(self.monitor, Line::Free(_)) {
            return self.lock.ask(|lock| Box::pin(stand_in(lock, question)));
        }
        if self.monitor.silent_for() > MONITOR_TIMEOUT {
            if self.monitor.is_asked() {
                // It was connected, or is being connected, and does not answer.
                self.monitor = Line::Gone;
                self.monitor_outdated = false;
                self.without_monitor = Some(Instant::now() + RECONNECT_AFTER);
            }
            if self.without_monitor.is_some_and(|until| Instant::now() < until) {
                return self.lock.ask(|lock| Box::pin(stand_in(lock, question)));
            }
            let connecting = (self.connect)();
            self.monitor.connect(Box::pin(async move {
                match connecting.await {
                    Ok(monitor) => (Some(monitor), Answer::Connected(true)),
                    Err(_) => (None, Answer::Connected(false)),
                }
            }));
            return false;
        }
        self.monitor.ask(|monitor| Box::pin(watch(monitor, question)))
    }

    /// Forgets the requests that have not been answered yet: they were about an earlier statement.
    pub(super) fn forget(&mut self) {
        (self.lock_outdated, self.monitor_outdated) = (self.lock.is_asked(), self.monitor.is_asked());
    }

    /// The next answer from either connection; `None` to a request that was forgotten. Cancelling the wait loses nothing.
    pub(super) async fn answer(&mut self) -> Option<Answer> {
        let (answer, outdated) = tokio::select! {
            biased;
            answer = self.lock.answer() => (answer, std::mem::take(&mut self.lock_outdated)),
            answer = self.monitor.answer() => (answer, std::mem::take(&mut self.monitor_outdated)),
        };
        match &answer {
            Answer::Lock(held) => {
                self.lock_seen = held.is_ok().then(Instant::now);
                self.lost = held.as_ref().err().map(|error| error.message.clone());
            }
            Answer::Connected(connected) => {
                self.without_monitor = (!connected).then(|| Instant::now() + RECONNECT_AFTER);
            }
            Answer::Activity(_) | Answer::Blocker(_) | Answer::Cancelled => {}
        }
        (!outdated).then_some(answer)
    }

    /// The error if the lock is lost, as far as is known without a query.
    pub(super) fn lost(&self) -> Option<DatabaseError> {
        let silent = || (self.lock.silent_for() >= LOCK_TIMEOUT).then(|| "it does not answer".to_owned());
        let why = self.lost.clone().or_else(silent)?;
        Some(DatabaseError::new(ErrorKind::LockLost, format!("the connection that holds the lock is gone: {why}")))
    }

    /// Checks that the lock is held, and waits for the answer.
    ///
    /// # Errors
    /// [`ErrorKind::LockLost`] if it is not held, or if there is no answer for too long.
    pub(super) async fn check_lock(&mut self) -> Result<(), DatabaseError> {
        let started = Instant::now();
        loop {
            if let Some(error) = self.lost() {
                return Err(error);
            }
            // An earlier request is answered first.
            self.ask_lock();
            let left = LOCK_TIMEOUT.saturating_sub(self.lock.silent_for());
            let _ = tokio::time::timeout(left, self.answer()).await;
            if self.lock_seen.is_some_and(|seen| seen >= started) {
                return Ok(());
            }
        }
    }

    /// Releases the lock and closes its connection, if the server answers.
    ///
    /// # Errors
    /// If the server does not answer, or the connection is lost; the lock ends with its connection.
    pub(super) async fn unlock(self) -> Result<(), DatabaseError> {
        let unlocking = async {
            let lock = match self.lock {
                Line::Free(lock) => Some(lock),
                Line::Asked(asked, waited) if waited < MONITOR_TIMEOUT => asked.await.0,
                Line::Asked(..) | Line::Gone => None,
            };
            match lock {
                Some(lock) => lock.unlock().await,
                None => Err(DatabaseError::new(ErrorKind::Lost, "the connection that held the lock is gone")),
            }
        };
        let late = || DatabaseError::new(ErrorKind::Lost, "the connection that held the lock does not answer");
        tokio::time::timeout(UNLOCK_TIMEOUT, unlocking).await.unwrap_or_else(|_| Err(late()))
    }
}

async fn alive(mut lock: Box<dyn LockConnection>) -> (Option<Box<dyn LockConnection>>, Answer) {
    let held = lock.alive().await;
    let lost = held.as_ref().is_err_and(is_lost);
    ((!lost).then_some(lock), Answer::Lock(held))
}

async fn stand_in(mut lock: Box<dyn LockConnection>, question: Question) -> (Option<Box<dyn LockConnection>>, Answer) {
    let answer = ask(lock.monitor(), question).await;
    let lost = matches!(&answer, Answer::Activity(Err(error)) if is_lost(error));
    ((!lost).then_some(lock), answer)
}

async fn watch(
    mut monitor: Box<dyn MonitorConnection>,
    question: Question,
) -> (Option<Box<dyn MonitorConnection>>, Answer) {
    let answer = ask(&mut *monitor, question).await;
    let lost = matches!(&answer, Answer::Activity(Err(error)) if is_lost(error));
    ((!lost).then_some(monitor), answer)
}

async fn ask(monitor: &mut dyn MonitorConnection, question: Question) -> Answer {
    match question {
        Question::Activity(process) => Answer::Activity(monitor.activity(process).await),
        Question::Blocker(process) => Answer::Blocker(monitor.blocker(process).await.ok().flatten()),
        Question::Cancel(process) => {
            // If a statement cannot be cancelled, it runs to its end, and the run stops after it.
            let _ = monitor.cancel(process).await;
            Answer::Cancelled
        }
    }
}

fn is_lost(error: &DatabaseError) -> bool {
    error.kind == ErrorKind::Lost
}

#[cfg(test)]
mod tests;
