//! Getting the lock: polled, never waited for inside the database.

use std::time::{Duration, Instant};

use super::tally::Tally;
use super::{Job, Wait};
use crate::database::{DatabaseError, Holder, Keeper};
use crate::error::Error;
use crate::event::{Event, Observer};

/// The first pause between two tries; each is half as long again, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// How often waiting is told.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Tries until it has the lock, and since when; tells who has it meanwhile.
pub(super) async fn acquire(
    job: &Job<'_>,
    ledger: &str,
    observer: &mut dyn Observer,
    tally: &mut Tally,
) -> Result<(Box<dyn Keeper>, Instant), Error> {
    let started = Instant::now();
    observer.observe(&Event::LockStarted { ledger });
    let connected = tokio::select! {
        connected = job.connector.keeper(ledger) => connected.map_err(|error| super::cannot_connect(job.connector, error)),
        () = job.stop.requested() => Err(Error::Interrupted { failure: None }),
    };
    let result = match connected {
        Ok(keeper) => poll(job, keeper, started, observer, &mut tally.lock_retries).await,
        Err(error) => Err(error),
    };
    let waited = started.elapsed();
    tally.stages.lock = waited;
    let (error, retries) = (result.as_ref().err(), tally.lock_retries);
    observer.observe(&Event::LockFinished { error, acquired: result.is_ok(), waited, retries });
    result.map(|keeper| (keeper, Instant::now()))
}

async fn poll(
    job: &Job<'_>,
    mut keeper: Box<dyn Keeper>,
    started: Instant,
    observer: &mut dyn Observer,
    retries: &mut u32,
) -> Result<Box<dyn Keeper>, Error> {
    let limit = match job.options.wait {
        Wait::No => Duration::ZERO,
        Wait::For(limit) => limit,
    };
    let mut pause = FIRST_PAUSE;
    let mut told: Option<Instant> = None;
    loop {
        if keeper.try_lock().await.map_err(own)? {
            return Ok(keeper);
        }
        let waited = started.elapsed();
        if waited >= limit {
            let holder = holder(&mut *keeper).await.map(Box::new);
            return Err(Error::Lock { waited, holder });
        }
        if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            told = Some(Instant::now());
            let holder = holder(&mut *keeper).await;
            observer.observe(&Event::LockWaited { holder: holder.as_ref(), waited });
        }
        tokio::select! {
            () = tokio::time::sleep(pause.min(limit.saturating_sub(waited))) => {}
            () = job.stop.requested() => return Err(Error::Interrupted { failure: None }),
        }
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        *retries += 1;
    }
}

/// Who has the lock is worth knowing, but not worth failing for.
async fn holder(keeper: &mut dyn Keeper) -> Option<Holder> {
    keeper.holder().await.ok().flatten()
}

fn own(source: DatabaseError) -> Error {
    Error::Own { what: "cannot ask for the lock", source: Box::new(source) }
}
