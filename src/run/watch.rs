//! The watch over a session at work: what the server reports about it, and when its answer will not come.

use std::time::{Duration, Instant};

use super::monitor::{Answer, Monitor, Question};
use crate::database::{Activity, DatabaseError, Holder, dead, silent};

/// How long the server may report the session as idle while we wait for its answer.
const IDLE: Duration = Duration::from_secs(8);
/// How long no connection at all may have an answer.
const UNREACHABLE: Duration = Duration::from_secs(16);

/// What is new about a session at work.
pub(super) enum News {
    /// Nothing.
    None,
    /// This session blocks it.
    Blocker(Holder),
    /// Its answer will not come.
    Lost(DatabaseError),
}

/// A session at work, as the other connections see it.
pub(super) struct Watch<'w> {
    monitor: &'w mut Monitor,
    process: Option<u64>,
    /// What is asked as soon as a connection is free.
    cancel: bool,
    activity: bool,
    blocker: bool,
    lock: bool,
    /// Whether a question of an earlier watch has not been answered yet.
    stale: bool,
    /// Since when the session is idle.
    idle: Option<Instant>,
    /// Whether the server has shown the session: one that it hides from us is not gone.
    shown: bool,
    /// When the server last answered anything.
    answered: Instant,
}

impl<'w> Watch<'w> {
    pub(super) fn over(monitor: &'w mut Monitor, process: Option<u64>) -> Self {
        let (stale, answered) = (monitor.is_asked(), Instant::now());
        Self {
            monitor,
            process,
            cancel: false,
            activity: false,
            blocker: false,
            lock: false,
            stale,
            idle: None,
            shown: false,
            answered,
        }
    }

    /// Asks what the session is doing, and whether the lock is still held.
    pub(super) fn check(&mut self) {
        (self.activity, self.lock) = (true, true);
    }

    /// Asks which session blocks it.
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
        let answer = self.monitor.answer().await;
        if std::mem::take(&mut self.stale) {
            return News::None;
        }
        match answer {
            Answer::Activity(Ok(activity)) => self.note(activity),
            Answer::Blocker(Some(blocker)) => {
                self.answered = Instant::now();
                return News::Blocker(blocker);
            }
            Answer::Blocker(None)
            | Answer::Cancelled
            | Answer::Activity(Err(_))
            | Answer::Lock(_)
            | Answer::Connected(_) => {}
        }
        News::None
    }

    /// Asks the most urgent question of each connection.
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
