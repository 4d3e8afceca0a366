//! A connection that answers one question at a time.

use std::future::pending;
use std::pin::Pin;
use std::time::{Duration, Instant};

/// A connection, and the answer that it still owes.
///
/// A question is never abandoned: a driver that is dropped in the middle of an answer would take the rest of it for the next one.
pub(super) enum Line<C: ?Sized, A> {
    /// There is no connection.
    Gone,
    Free(Box<C>),
    /// With the time that its answer was waited for; while no one waits, it may have arrived already.
    Asked(Asking<C, A>, Duration),
}

/// What a question becomes: the connection, unless it is lost, and its answer.
pub(super) type Asking<C, A> = Pin<Box<dyn Future<Output = (Option<Box<C>>, A)> + Send>>;

/// Counts the time of a wait, also of one that is cancelled.
struct Waiting<'l> {
    waited: &'l mut Duration,
    since: Instant,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        *self.waited += self.since.elapsed();
    }
}

impl<C: ?Sized, A> Line<C, A> {
    /// Asks a question; false if another one has to be answered first, or if there is no connection.
    pub(super) fn ask(&mut self, question: impl FnOnce(Box<C>) -> Asking<C, A>) -> bool {
        match std::mem::replace(self, Self::Gone) {
            Self::Free(connection) => {
                *self = Self::Asked(question(connection), Duration::ZERO);
                true
            }
            other => {
                *self = other;
                false
            }
        }
    }

    /// Makes the connection, in place of any that it has.
    pub(super) fn connect(&mut self, connecting: Asking<C, A>) {
        *self = Self::Asked(connecting, Duration::ZERO);
    }

    /// Waits for the answer, for ever if there is no question. Cancelling the wait loses nothing.
    pub(super) async fn answer(&mut self) -> A {
        let Self::Asked(asked, waited) = self else { return pending().await };
        let waiting = Waiting { waited, since: Instant::now() };
        let (connection, answer) = asked.as_mut().await;
        drop(waiting);
        *self = connection.map_or(Self::Gone, Self::Free);
        answer
    }

    pub(super) fn is_asked(&self) -> bool {
        matches!(self, Self::Asked(..))
    }

    /// How long an answer has been waited for.
    pub(super) fn silent_for(&self) -> Duration {
        match self {
            Self::Gone => Duration::MAX,
            Self::Free(_) => Duration::ZERO,
            Self::Asked(_, waited) => *waited,
        }
    }
}
