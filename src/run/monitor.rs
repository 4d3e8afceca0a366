//! The lock's connection while a run works: it says whether the lock is still held, what the working session is doing, and who is in
//! its way.
//!
//! One question at a time is on its way, and it is never abandoned: a driver that is cut off in the middle of an answer takes the rest
//! of it for the next one. A slow answer is waited for beside everything else. Where it does not come, another connection is made to
//! ask about the session, so that a statement whose server says that it is at work is waited for without limit.

use std::future::pending;
use std::pin::Pin;
use std::time::{Duration, Instant};

use crate::database::{Activity, Another, DatabaseError, ErrorKind, Holder, Keeper};

/// How long the lock's connection may be silent before another one asks in its place.
const SILENT: Duration = Duration::from_secs(4);
/// How long it may be silent before the lock counts as lost where something shall be begun under it.
const LOST: Duration = Duration::from_secs(12);
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// What the lock's connection can be asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Question {
    /// Whether the lock is held, and what the session with this process number is doing.
    State(Option<u64>),
    /// Who is in the way of that session.
    Blocker(Option<u64>),
    /// To cancel that session's statement.
    Cancel(Option<u64>),
}

/// What it answers.
pub(super) enum Answer {
    State {
        lock: Result<(), DatabaseError>,
        activity: Result<Activity, DatabaseError>,
    },
    Blocker(Option<Holder>),
    Cancelled,
    /// Another connection was made, or not.
    Connected,
}

type Asked = Pin<Box<dyn Future<Output = (Option<Box<dyn Keeper>>, Answer)> + Send>>;

/// A connection, and the question that it was asked last.
enum Line {
    /// There is none.
    Gone,
    Free(Box<dyn Keeper>),
    /// And how long its answer was waited for; while it is not waited for it may be there already.
    Asked(Asked, Duration),
}

/// Counts the time of a wait, also of one that is given up.
struct Listening<'l> {
    waited: &'l mut Duration,
    since: Instant,
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        *self.waited += self.since.elapsed();
    }
}

impl Line {
    /// Asks, where no other question is on its way.
    fn ask(&mut self, question: Question) -> bool {
        match std::mem::replace(self, Self::Gone) {
            Self::Free(keeper) => {
                *self = Self::Asked(Box::pin(ask(keeper, question)), Duration::ZERO);
                true
            }
            other => {
                *self = other;
                false
            }
        }
    }

    fn connect(&mut self, another: &Another) {
        let connecting = another();
        let connecting = async move {
            match connecting.await {
                Ok(keeper) => (Some(keeper), Answer::Connected),
                Err(_) => (None, Answer::Connected),
            }
        };
        *self = Self::Asked(Box::pin(connecting), Duration::ZERO);
    }

    /// Waits for the answer, for ever where nothing was asked. A wait that is given up loses nothing.
    async fn answer(&mut self) -> Answer {
        let Self::Asked(asked, waited) = self else { return pending().await };
        let listening = Listening { waited, since: Instant::now() };
        let (keeper, answer) = asked.as_mut().await;
        drop(listening);
        *self = keeper.map_or(Self::Gone, Self::Free);
        answer
    }

    /// How long it has been silent.
    fn silent_for(&self) -> Duration {
        match self {
            Self::Gone => Duration::MAX,
            Self::Free(_) => Duration::ZERO,
            Self::Asked(_, waited) => *waited,
        }
    }
}

async fn ask(mut keeper: Box<dyn Keeper>, question: Question) -> (Option<Box<dyn Keeper>>, Answer) {
    let answer = match question {
        Question::State(process) => {
            let lock = keeper.alive().await;
            let activity = keeper.activity(process).await;
            if [lock.as_ref().err(), activity.as_ref().err()].into_iter().flatten().any(is_lost) {
                return (None, Answer::State { lock, activity });
            }
            Answer::State { lock, activity }
        }
        Question::Blocker(process) => Answer::Blocker(keeper.blocker(process).await.ok().flatten()),
        Question::Cancel(process) => {
            // Where it cannot be cancelled it runs to its end, and the run stops there.
            let _ = keeper.cancel(process).await;
            Answer::Cancelled
        }
    };
    (Some(keeper), answer)
}

fn is_lost(error: &DatabaseError) -> bool {
    error.kind == ErrorKind::Lost
}

/// The connection that holds the lock, and the one that stands in for it while it is silent.
pub(super) struct Monitor {
    another: Another,
    lock: Line,
    other: Line,
    /// When the lock was last seen to be ours; `None` where it has to be looked at before anything else is run.
    pub(super) lock_seen: Option<Instant>,
    /// Why it is not ours any more.
    lost: Option<String>,
}

impl Monitor {
    pub(super) fn new(keeper: Box<dyn Keeper>) -> Self {
        let (another, lock, other) = (keeper.another(), Line::Free(keeper), Line::Gone);
        Self { another, lock, other, lock_seen: Some(Instant::now()), lost: None }
    }

    /// Asks the lock's connection, or the one that stands in for it; false where that has another question to answer first.
    pub(super) fn ask(&mut self, question: Question) -> bool {
        if self.lock.silent_for() < SILENT {
            return self.lock.ask(question);
        }
        if matches!(self.other, Line::Gone) {
            self.other.connect(&self.another);
            return true;
        }
        if self.other.silent_for() > LOST {
            // The server may answer a new one.
            self.other = Line::Gone;
            return true;
        }
        self.other.ask(question)
    }

    /// Whether a question is on its way.
    pub(super) fn is_asked(&self) -> bool {
        matches!(self.lock, Line::Asked(..)) || matches!(self.other, Line::Asked(..))
    }

    /// The next answer of either.
    pub(super) async fn answer(&mut self) -> Answer {
        tokio::select! {
            biased;
            answer = self.lock.answer() => {
                if let Answer::State { lock, .. } = &answer {
                    self.lock_seen = lock.is_ok().then(Instant::now);
                    self.lost = lock.as_ref().err().map(|error| error.message.clone());
                }
                answer
            }
            answer = self.other.answer() => match answer {
                // The lock is not this connection's.
                Answer::State { activity, .. } => Answer::State { lock: Ok(()), activity },
                answer => answer,
            },
        }
    }

    /// Whether the lock is lost, as far as is known without asking; why, then.
    pub(super) fn lost(&self) -> Option<DatabaseError> {
        let silent = || (self.lock.silent_for() >= LOST).then(|| "it does not answer".to_owned());
        let why = self.lost.clone().or_else(silent)?;
        Some(DatabaseError::new(ErrorKind::LockLost, format!("the connection that holds the lock is gone: {why}")))
    }

    /// Asks whether the lock is still ours, and waits for the answer.
    ///
    /// # Errors
    /// When it is not, or when there is no answer for long.
    pub(super) async fn check_lock(&mut self) -> Result<(), DatabaseError> {
        let started = Instant::now();
        loop {
            if let Some(error) = self.lost() {
                return Err(error);
            }
            // A question that is on its way already is answered first.
            self.lock.ask(Question::State(None));
            let left = LOST.saturating_sub(self.lock.silent_for());
            let _ = tokio::time::timeout(left, self.answer()).await;
            if self.lock_seen.is_some_and(|seen| seen >= started) {
                return Ok(());
            }
        }
    }

    /// Gives the lock back and ends the connection, as far as it answers.
    pub(super) async fn unlock(self) -> Result<(), DatabaseError> {
        let unlocking = async {
            let keeper = match self.lock {
                Line::Free(keeper) => Some(keeper),
                Line::Asked(asked, waited) if waited < SILENT => asked.await.0,
                Line::Asked(..) | Line::Gone => None,
            };
            match keeper {
                Some(keeper) => keeper.unlock().await,
                None => Err(DatabaseError::new(ErrorKind::Lost, "the connection that held the lock is gone")),
            }
        };
        let late = || DatabaseError::new(ErrorKind::Lost, "the connection that held the lock does not answer");
        tokio::time::timeout(GOODBYE, unlocking).await.unwrap_or_else(|_| Err(late()))
    }
}
