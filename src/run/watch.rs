//! Watches a busy session: what the server reports about it, and whether its answer can still arrive.

use std::time::{Duration, Instant};

use super::monitor::{Answer, Monitor, Question};
use crate::database::{Activity, DatabaseError, Holder, dead, silent};

/// How long the server may report the session as idle while its answer is awaited.
const IDLE: Duration = Duration::from_secs(8);
/// How long all connections may remain without an answer.
const UNREACHABLE: Duration = Duration::from_secs(16);

/// News about a busy session.
pub(super) enum News {
    /// Nothing.
    None,
    /// This session blocks it.
    Blocker(Holder),
    /// Its answer will not arrive.
    Lost(DatabaseError),
}

/// A busy session, as the other connections see it.
pub(super) struct Watch<'w> {
    monitor: &'w mut Monitor,
    process: Option<u64>,
    /// Whether to cancel its statement as soon as a connection is free.
    cancel: bool,
    activity: bool,
    blocker: bool,
    lock: bool,
    /// Since when the session has been idle.
    idle: Option<Instant>,
    /// Whether the server has shown the session. If the server hides sessions from this user, a missing one need not be gone.
    shown: bool,
    /// When the server last answered any request.
    answered: Instant,
}

impl<'w> Watch<'w> {
    pub(super) fn over(monitor: &'w mut Monitor, process: Option<u64>) -> Self {
        monitor.forget();
        Self {
            monitor,
            process,
            cancel: false,
            activity: false,
            blocker: false,
            lock: false,
            idle: None,
            shown: false,
            answered: Instant::now(),
        }
    }

    /// Requests the session's activity, if its process number is known, and whether the lock is still held.
    pub(super) fn check(&mut self) {
        (self.activity, self.lock) = (self.process.is_some(), true);
    }

    /// Requests the session that blocks it.
    pub(super) fn find_blocker(&mut self) {
        self.blocker = true;
    }

    /// Cancels the session's statement on the server.
    pub(super) fn cancel(&mut self) {
        self.cancel = true;
    }

    /// The error if the lock is lost.
    pub(super) fn lock_lost(&self) -> Option<DatabaseError> {
        self.monitor.lost()
    }

    /// Waits for the next answer. Cancelling the wait loses nothing.
    pub(super) async fn next(&mut self) -> News {
        self.ask();
        if self.idle.is_some_and(|since| since.elapsed() >= IDLE) {
            return News::Lost(dead());
        }
        if self.answered.elapsed() >= UNREACHABLE {
            return News::Lost(silent());
        }
        match self.monitor.answer().await {
            Some(Answer::Activity(Ok(activity))) => self.note(activity),
            Some(Answer::Lock(Ok(()))) => self.answered = Instant::now(),
            Some(Answer::Blocker(Some(blocker))) => {
                self.answered = Instant::now();
                return News::Blocker(blocker);
            }
            _ => {}
        }
        News::None
    }

    /// Sends the most urgent request on each connection.
    fn ask(&mut self) {
        if self.cancel {
            self.cancel = !self.monitor.ask(Question::Cancel(self.process));
        } else if self.activity {
            self.activity = !self.monitor.ask(Question::Activity(self.process));
        } else if self.blocker {
            self.blocker = !self.monitor.ask(Question::Blocker(self.process));
        }
        if self.lock {
            self.lock = !self.monitor.ask_lock();
        }
    }

    fn note(&mut self, activity: Activity) {
        self.answered = Instant::now();
        self.shown |= matches!(activity, Activity::Busy | Activity::Idle);
        self.idle = match activity {
            Activity::Idle => self.idle.or(Some(self.answered)),
            Activity::Gone if self.shown => self.idle.or(Some(self.answered)),
            Activity::Gone | Activity::Busy | Activity::Unknown => None,
        };
    }
}
