//! The watch over a session while it works: what the server says of it, and when its answer is not to be waited for any more.

use std::time::{Duration, Instant};

use super::monitor::{Answer, Monitor, Question};
use crate::database::{Activity, DatabaseError, Holder, dead, silent};

/// How long the server may say that the session waits for us, while we wait for the session.
const WAITS_FOR_US: Duration = Duration::from_secs(8);
/// How long no connection at all may have an answer.
const UNREACHABLE: Duration = Duration::from_secs(16);

/// What was heard of a session at work.
pub(super) enum Heard {
    /// Nothing that anybody has to know.
    Nothing,
    /// This one is in its way.
    Blocker(Holder),
    /// Its answer will not come.
    Lost(DatabaseError),
}

/// A session at work, seen through the lock's connection.
pub(super) struct Watch<'w> {
    monitor: &'w mut Monitor,
    process: Option<u64>,
    /// What is to be asked as soon as the connection is free.
    cancel: bool,
    state: bool,
    blocker: bool,
    /// Whether a question of the watch before this one is still on its way.
    stale: bool,
    /// Since when the session waits for us.
    waits: Option<Instant>,
    /// Whether the server has shown the session to us: one that it does not show has not ended for that.
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
            state: false,
            blocker: false,
            stale,
            waits: None,
            shown: false,
            answered,
        }
    }

    /// Asks what the session is doing, and whether the lock is still ours.
    pub(super) fn look(&mut self) {
        self.state = true;
    }

    /// Asks who is in the session's way.
    pub(super) fn look_for_blocker(&mut self) {
        self.blocker = true;
    }

    /// Cancels the session's statement on the server.
    pub(super) fn cancel(&mut self) {
        self.cancel = true;
    }

    /// Why the lock is not ours any more.
    pub(super) fn lock_lost(&self) -> Option<DatabaseError> {
        self.monitor.lost()
    }

    /// Waits for the next answer. A wait that is given up loses nothing.
    pub(super) async fn next(&mut self) -> Heard {
        self.ask();
        if self.waits.is_some_and(|since| since.elapsed() >= WAITS_FOR_US) {
            return Heard::Lost(dead());
        }
        if self.answered.elapsed() >= UNREACHABLE {
            return Heard::Lost(silent());
        }
        let answer = self.monitor.answer().await;
        if std::mem::take(&mut self.stale) {
            return Heard::Nothing;
        }
        match answer {
            Answer::State { activity: Ok(activity), .. } => self.hear(activity),
            Answer::Blocker(Some(blocker)) => {
                self.answered = Instant::now();
                return Heard::Blocker(blocker);
            }
            Answer::Blocker(None) | Answer::Cancelled | Answer::State { .. } | Answer::Connected => {}
        }
        Heard::Nothing
    }

    /// Sends the most urgent question.
    fn ask(&mut self) {
        if self.cancel {
            self.cancel = !self.monitor.ask(Question::Cancel(self.process));
        } else if self.state {
            self.state = !self.monitor.ask(Question::State(self.process));
        } else if self.blocker {
            self.blocker = !self.monitor.ask(Question::Blocker(self.process));
        }
    }

    fn hear(&mut self, activity: Activity) {
        self.answered = Instant::now();
        self.shown |= matches!(activity, Activity::Busy | Activity::Idle);
        self.waits = match activity {
            Activity::Idle => self.waits.or(Some(self.answered)),
            Activity::Gone if self.shown => self.waits.or(Some(self.answered)),
            Activity::Gone | Activity::Busy | Activity::Unknown => None,
        };
    }
}
