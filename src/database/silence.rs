//! Waits for an answer of the server, but not forever.
//!
//! A connection that a firewall or a load balancer has dropped silently looks like a busy server. A second connection distinguishes the
//! two: it queries what the session is doing.

use std::pin::pin;
use std::time::{Duration, Instant};

use super::activity::{dead, silent};
use super::{Activity, DatabaseError};

/// How long to wait for an answer before a second connection queries the session's activity.
const SILENCE: Duration = Duration::from_secs(5);
/// The time limit for that query, including the connection.
pub(super) const ASKING: Duration = Duration::from_secs(6);
/// The pause before the next query if the session was idle or its activity is unknown.
const RETRY_PAUSE: Duration = Duration::from_secs(2);
/// The pause before the next query if the session was busy.
const BUSY_PAUSE: Duration = Duration::from_secs(10);
/// The total time to wait if the server does not report the session's activity.
const UNKNOWN: Duration = Duration::from_secs(20);
/// The total time to wait if no second connection can be opened.
const UNREACHABLE: Duration = Duration::from_secs(10);
/// The time limit for closing a connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long queries of the runner's own tables, and writes to them outside of a migration, may wait for another session's lock.
pub(super) const LOCKED: Duration = Duration::from_secs(10);

/// Waits for the answer to a short query of the runner; fails with [`ErrorKind::Lost`] if it will not arrive.
///
/// `ask` opens a second connection and queries what the session is doing. A busy session is awaited without limit.
pub(super) async fn answered<T, A>(answer: impl Future<Output = T>, ask: impl Fn() -> A) -> Result<T, DatabaseError>
where
    A: Future<Output = Option<Activity>>,
{
    let mut answer = pin!(answer);
    let started = Instant::now();
    let (mut pause, mut was_idle) = (SILENCE, false);
    loop {
        if let Ok(answer) = tokio::time::timeout(pause, answer.as_mut()).await {
            return Ok(answer);
        }
        let activity = tokio::select! {
            biased;
            answer = answer.as_mut() => return Ok(answer),
            asked = tokio::time::timeout(ASKING, ask()) => asked.ok().flatten(),
        };
        (pause, was_idle) = match activity {
            Some(Activity::Busy) => (BUSY_PAUSE, false),
            Some(Activity::Idle | Activity::Gone) if was_idle => return Err(dead()),
            Some(Activity::Idle | Activity::Gone) => (RETRY_PAUSE, true),
            Some(Activity::Unknown) if started.elapsed() >= UNKNOWN => return Err(silent()),
            None if started.elapsed() >= UNREACHABLE => return Err(silent()),
            Some(Activity::Unknown) | None => (RETRY_PAUSE, false),
        };
    }
}

/// Closes a connection, and ignores errors: the session ends with its socket at the latest.
pub(super) async fn goodbye(closing: impl Future<Output = Result<(), sqlx::Error>>) {
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, closing).await;
}
