//! Waiting for a server, with an end to it.
//!
//! A connection that a firewall or a load balancer has dropped without a word looks like one whose server is busy. Another
//! connection can tell the two apart: it asks the server what the session is doing.

use std::pin::pin;
use std::time::{Duration, Instant};

use super::activity::{dead, silent};
use super::{Activity, DatabaseError};

/// How long the server may be silent before another connection asks about the session.
const SILENCE: Duration = Duration::from_secs(5);
/// How long asking may take, connection included.
pub(super) const ASKING: Duration = Duration::from_secs(6);
/// The pause before a session that had nothing to do, or could not be asked about, is asked about once more.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// The pause before a session that is at work is asked about once more.
const BUSY: Duration = Duration::from_secs(10);
/// How long is waited in all where the server does not say what the session is doing.
const UNKNOWN: Duration = Duration::from_secs(20);
/// How long is waited in all where there is no connection to ask on.
const UNREACHABLE: Duration = Duration::from_secs(10);
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// How long what we ask about our own tables, or write to them outside of a migration, may wait for a lock of another session.
pub(super) const LOCKED: Duration = Duration::from_secs(10);

/// Waits for the answer to a short query of ours; an error of kind [`ErrorKind::Lost`] where it will not come.
///
/// `ask` makes another connection and asks it what the session is doing. One that is at work is waited for without limit.
pub(super) async fn answered<T, A>(answer: impl Future<Output = T>, ask: impl Fn() -> A) -> Result<T, DatabaseError>
where
    A: Future<Output = Option<Activity>>,
{
    let mut answer = pin!(answer);
    let started = Instant::now();
    let (mut pause, mut waited_for_us) = (SILENCE, false);
    loop {
        if let Ok(answer) = tokio::time::timeout(pause, answer.as_mut()).await {
            return Ok(answer);
        }
        let activity = tokio::select! {
            biased;
            answer = answer.as_mut() => return Ok(answer),
            asked = tokio::time::timeout(ASKING, ask()) => asked.ok().flatten(),
        };
        (pause, waited_for_us) = match activity {
            Some(Activity::Busy) => (BUSY, false),
            Some(Activity::Idle | Activity::Gone) if waited_for_us => return Err(dead()),
            Some(Activity::Idle | Activity::Gone) => (ASK_AGAIN, true),
            Some(Activity::Unknown) if started.elapsed() >= UNKNOWN => return Err(silent()),
            None if started.elapsed() >= UNREACHABLE => return Err(silent()),
            Some(Activity::Unknown) | None => (ASK_AGAIN, false),
        };
    }
}

/// A goodbye changes nothing: the session ends with its socket at the latest.
pub(super) async fn goodbye(closing: impl Future<Output = Result<(), sqlx::Error>>) {
    let _ = tokio::time::timeout(GOODBYE, closing).await;
}
