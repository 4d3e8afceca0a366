//! The two connections of a run beside its session: one holds the lock, one watches the session.
//!
//! Both are polled beside the running statement, and neither can delay it: a slow answer is waited for beside everything else. A monitor that does not
//! answer is replaced; while none can be connected, the lock's connection answers in its place. So a statement that the server reports as
//! active is waited for without limit.

use std::time::{Duration, Instant};

use super::line::Line;
use crate::database::{Activity, ConnectMonitor, DatabaseError, ErrorKind, Holder, LockConnection, MonitorConnection};

/// How long the monitor may be silent before another one is connected.
const SILENT: Duration = Duration::from_secs(6);
/// How long the lock's connection may be silent before the lock counts as lost, where something is to begin under it.
const LOST: Duration = Duration::from_secs(12);
/// How long unlocking may take.
const UNLOCKING: Duration = Duration::from_secs(2);
/// How long the lock's connection answers for the monitor before connecting one is tried again.
const CONNECT_AGAIN: Duration = Duration::from_secs(10);

/// What a monitor is asked about the session with a process number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Question {
    /// What it is doing.
    Activity(Option<u64>),
    /// Which session blocks it.
    Blocker(Option<u64>),
    /// To cancel its statement.
    Cancel(Option<u64>),
}

/// An answer of either connection.
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
    /// Until when no monitor is connected, because that has failed.
    without_monitor: Option<Instant>,
    /// When the lock was last seen to be held; `None` if it has to be checked before anything else is run.
    pub(super) lock_seen: Option<Instant>,
    /// Why it is not held any more.
    lost: Option<String>,
}

impl Monitor {
    /// With a connection that holds the lock. A monitor is connected when there is something to watch.
    pub(super) fn new(lock: Box<dyn LockConnection>, connect: ConnectMonitor) -> Self {
        Self {
            connect,
            lock: Line::Free(lock),
            monitor: Line::Gone,
            without_monitor: None,
            lock_seen: Some(Instant::now()),
            lost: None,
        }
    }

    /// Asks whether the lock is held; false if its connection has another question to answer first.
    pub(super) fn ask_lock(&mut self) -> bool {
        self.lock.ask(|lock| Box::pin(alive(lock)))
    }

    /// Asks the monitor; false if it has another question to answer first, or has to be connected first.
    pub(super) fn ask(&mut self, question: Question) -> bool {
        if self.monitor.silent_for() > SILENT {
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

    /// Whether a question has not been answered yet.
    pub(super) fn is_asked(&self) -> bool {
        self.lock.is_asked() || self.monitor.is_asked()
    }

    /// The next answer of either connection. Cancelling the wait loses nothing.
    pub(super) async fn answer(&mut self) -> Answer {
        let answer = tokio::select! {
            biased;
            answer = self.lock.answer() => answer,
            answer = self.monitor.answer() => answer,
        };
        match &answer {
            Answer::Lock(held) => {
                self.lock_seen = held.is_ok().then(Instant::now);
                self.lost = held.as_ref().err().map(|error| error.message.clone());
            }
            Answer::Connected(connected) => {
                self.without_monitor = (!connected).then(|| Instant::now() + CONNECT_AGAIN);
            }
            Answer::Activity(_) | Answer::Blocker(_) | Answer::Cancelled => {}
        }
        answer
    }

    /// The error if the lock is lost, as far as is known without asking.
    pub(super) fn lost(&self) -> Option<DatabaseError> {
        let silent = || (self.lock.silent_for() >= LOST).then(|| "it does not answer".to_owned());
        let why = self.lost.clone().or_else(silent)?;
        Some(DatabaseError::new(ErrorKind::LockLost, format!("the connection that holds the lock is gone: {why}")))
    }

    /// Checks that the lock is held, and waits for the answer.
    ///
    /// # Errors
    /// [`ErrorKind::LockLost`] when it is not, or when there is no answer for long.
    pub(super) async fn check_lock(&mut self) -> Result<(), DatabaseError> {
        let started = Instant::now();
        loop {
            if let Some(error) = self.lost() {
                return Err(error);
            }
            // An earlier question is answered first.
            self.ask_lock();
            let left = LOST.saturating_sub(self.lock.silent_for());
            let _ = tokio::time::timeout(left, self.answer()).await;
            if self.lock_seen.is_some_and(|seen| seen >= started) {
                return Ok(());
            }
        }
    }

    /// Releases the lock and closes its connection, if the server answers.
    ///
    /// # Errors
    /// When it does not, or the connection is lost; the lock ends with its connection.
    pub(super) async fn unlock(self) -> Result<(), DatabaseError> {
        let unlocking = async {
            let lock = match self.lock {
                Line::Free(lock) => Some(lock),
                Line::Asked(asked, waited) if waited < SILENT => asked.await.0,
                Line::Asked(..) | Line::Gone => None,
            };
            match lock {
                Some(lock) => lock.unlock().await,
                None => Err(DatabaseError::new(ErrorKind::Lost, "the connection that held the lock is gone")),
            }
        };
        let late = || DatabaseError::new(ErrorKind::Lost, "the connection that held the lock does not answer");
        tokio::time::timeout(UNLOCKING, unlocking).await.unwrap_or_else(|_| Err(late()))
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
            // A statement that cannot be cancelled runs to its end, and the run stops there.
            let _ = monitor.cancel(process).await;
            Answer::Cancelled
        }
    }
}

fn is_lost(error: &DatabaseError) -> bool {
    error.kind == ErrorKind::Lost
}
