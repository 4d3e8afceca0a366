//! A connection that answers one question at a time.

use std::future::pending;
use std::pin::Pin;
use std::time::{Duration, Instant};

/// A connection, and the request that it has not answered yet.
///
/// A request is never abandoned: a driver that is dropped while it reads an answer would take the rest of it for the next one.
pub(super) enum Line<C: ?Sized, A> {
    /// The connection is lost or closed.
    Gone,
    Free(Box<C>),
    /// With the time spent waiting for the answer. While no one waits, it may have arrived already.
    Asked(Asking<C, A>, Duration),
}

/// A request in progress: it returns the connection, unless that is lost, and the answer.
pub(super) type Asking<C, A> = Pin<Box<dyn Future<Output = (Option<Box<C>>, A)> + Send>>;

/// Adds up the time spent waiting, even if the wait is cancelled.
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
    /// Sends a request; false if an earlier one has not been answered yet, or if there is no connection.
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

    /// Opens the connection, in place of the present one.
    pub(super) fn connect(&mut self, connecting: Asking<C, A>) {
        *self = Self::Asked(connecting, Duration::ZERO);
    }

    /// Waits for the answer; never returns without a request. Cancelling the wait loses nothing.
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

    /// How long an answer has been awaited.
    pub(super) fn silent_for(&self) -> Duration {
        match self {
            Self::Gone => Duration::MAX,
            Self::Free(_) => Duration::ZERO,
            Self::Asked(_, waited) => *waited,
        }
    }
}
