//! Acquires the lock by polling. Waiting inside the database would hold a snapshot, which deadlocks another runner's `CREATE INDEX
//! CONCURRENTLY`.

use std::time::{Duration, Instant};

use super::connect::cannot_connect;
use super::current::CurrentRun;
use super::job::Job;
use super::timeouts::LockWait;
use crate::database::{
    DatabaseError, ErrorKind, Holder, LockConnection, ServerInfo, Session, Sharing, ToolLock, is_locked_out, process,
};
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::ledger::Ledger;

/// The first pause between two attempts. Each pause is 1.5 times as long as the one before, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// How often the sessions are compared: a busy pooler may assign the same two a few times in a row.
const POOLER_CHECKS: usize = 5;
/// How often waiting is reported.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Acquires the lock, and reports its holder meanwhile. Then acquires the worker lock for `session`, which the session of a dead runner may
/// still hold.
///
/// # Errors
/// [`Error::Lock`] on timeout, and [`Error::Interrupted`] if the run is asked to stop.
pub(super) async fn acquire(
    run: &mut CurrentRun<'_>,
    session: &mut dyn Session,
    ledger: &dyn Ledger,
) -> Result<Box<dyn LockConnection>, Error> {
    let (job, observer, state) = (run.job, &mut *run.observer, &mut run.state);
    let started = Instant::now();
    let tools = ledger.tool_locks(session.sql());
    let ledger = &ledger.table(session.sql());
    observer.observe(&Event::LockStarted { ledger });
    let connected = tokio::select! {
        connected = job.connector.lock(ledger) => connected.map_err(|error| cannot_connect(job.connector, error)),
        () = job.stop.requested() => Err(Error::Interrupted { failure: None }),
    };
    let result = match connected {
        Ok(mut lock) => {
            let mut poll = Poll {
                job,
                ledger,
                tools: &tools,
                started,
                observer,
                lock: &mut *lock,
                session,
                locked: false,
                claimed: false,
            };
            let polled = poll.until_acquired(&mut state.lock_retries).await;
            match (polled, poll.locked) {
                (Ok(()), _) => Ok(lock),
                (Err(error), true) => {
                    let _ = lock.unlock().await;
                    Err(error)
                }
                (Err(error), false) => Err(error),
            }
        }
        Err(error) => Err(error),
    };
    let waited = started.elapsed();
    state.stages.lock = waited;
    let (error, retries) = (result.as_ref().err(), state.lock_retries);
    observer.observe(&Event::LockFinished { error, acquired: result.is_ok(), waited, retries });
    result
}

struct Poll<'p> {
    job: &'p Job<'p>,
    ledger: &'p str,
    /// The locks of the tool that owns the history format, as far as they have not been acquired yet.
    tools: &'p [ToolLock],
    started: Instant,
    observer: &'p mut dyn Observer,
    lock: &'p mut dyn LockConnection,
    session: &'p mut dyn Session,
    /// Whether this run holds the lock, though perhaps not the worker lock yet.
    locked: bool,
    /// Whether it holds the worker lock too.
    claimed: bool,
}

impl Poll<'_> {
    async fn until_acquired(&mut self, retries: &mut u32) -> Result<(), Error> {
        let limit = match self.job.options.wait {
            LockWait::No => Duration::ZERO,
            LockWait::For(limit) => limit,
        };
        let mut pause = FIRST_PAUSE;
        let mut reported: Option<Instant> = None;
        let sharing = self.sharing().await.map_err(own)?;
        self.session.share(sharing).await.map_err(|error| match error.kind {
            ErrorKind::Pooled => Error::Pooled { why: error.message },
            _ => own(error),
        })?;
        self.lock.share(sharing).await.map_err(own)?;
        loop {
            if self.try_once().await.map_err(own)? {
                return Ok(());
            }
            let waited = self.started.elapsed();
            if waited >= limit {
                let holder = self.holder().await.map(Box::new);
                return Err(Error::Lock { waited, holder });
            }
            if reported.is_none_or(|reported| reported.elapsed() >= REPORT_EVERY) {
                reported = Some(Instant::now());
                let holder = self.holder().await;
                self.observer.observe(&Event::LockWaited { holder: holder.as_ref(), waited });
            }
            tokio::select! {
                () = tokio::time::sleep(pause.min(limit.saturating_sub(waited))) => {}
                () = self.job.stop.requested() => return Err(Error::Interrupted { failure: None }),
            }
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
            *retries += 1;
        }
    }

    /// Detects a pooler in transaction mode: there, one server session may answer on both connections, or two on one of them.
    async fn sharing(&mut self) -> Result<Sharing, DatabaseError> {
        let working = self.session.server_info().process;
        let Some(locking) = self.lock.process().await? else { return Ok(Sharing::Own) };
        for _ in 0..POOLER_CHECKS {
            let now = process(self.session).await?;
            if now != working || now == Some(locking) || self.lock.process().await? != Some(locking) {
                return Ok(Sharing::Pooled);
            }
        }
        Ok(Sharing::Own)
    }

    async fn try_once(&mut self) -> Result<bool, DatabaseError> {
        if !self.locked {
            self.locked = self.lock.try_lock().await?;
            if self.locked && !is_locked_out(self.session, self.ledger).await? {
                return Err(no_lock(self.session));
            }
        }
        if self.locked && !self.claimed {
            self.claimed = self.session.claim(self.ledger).await?;
        }
        if !self.claimed {
            return Ok(false);
        }
        while let [next, behind @ ..] = self.tools {
            if !self.lock.try_tool_lock(next).await? {
                return Ok(false);
            }
            self.tools = behind;
        }
        Ok(true)
    }

    /// The holder, if the server reports it. An error is ignored.
    async fn holder(&mut self) -> Option<Holder> {
        if !self.locked {
            return self.lock.holder().await.ok().flatten();
        }
        let holder = match self.tools {
            [next, ..] if self.claimed => self.lock.tool_holder(next).await,
            _ => self.lock.worker().await,
        };
        holder.ok().flatten()
    }
}

/// The error for a server that grants the lock to every session, so that two runners would work at the same time.
fn no_lock(session: &dyn Session) -> DatabaseError {
    let ServerInfo { system, version, .. } = session.server_info();
    let message = format!(
        "the lock excludes no one: {system} {version} gave the same lock to two sessions, so that two runners would work at once"
    );
    DatabaseError::new(ErrorKind::Unsupported, message)
}

fn own(source: DatabaseError) -> Error {
    Error::Own { what: "cannot acquire the lock", source: Box::new(source) }
}
