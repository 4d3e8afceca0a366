//! Getting the lock: polled, never waited for inside the database.

use std::time::{Duration, Instant};

use super::tally::Tally;
use super::{Job, Wait};
use crate::database::{DatabaseError, ErrorKind, Holder, Identity, Keeper, Session, ToolLock};
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::ledger::Ledger;

/// The first pause between two tries; each is half as long again, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// How often the sessions are compared: while others use a pool, one may give us the same two a few times in a row.
const LOOKS_FOR_POOLER: usize = 5;
/// How often waiting is told.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Tries until it has the lock, and since when; tells who has it meanwhile.
///
/// Then it claims the work for `session`: one whose runner is dead may still be at it.
pub(super) async fn acquire(
    job: &Job<'_>,
    session: &mut dyn Session,
    ledger: &dyn Ledger,
    observer: &mut dyn Observer,
    tally: &mut Tally,
) -> Result<(Box<dyn Keeper>, Instant), Error> {
    let started = Instant::now();
    let tools = ledger.tool_locks(session.identity());
    let ledger = &ledger.table(session);
    observer.observe(&Event::LockStarted { ledger });
    let connected = tokio::select! {
        connected = job.connector.keeper(ledger) => connected.map_err(|error| super::cannot_connect(job.connector, error)),
        () = job.stop.requested() => Err(Error::Interrupted { failure: None }),
    };
    let result = match connected {
        Ok(mut keeper) => {
            let mut poll =
                Poll { job, ledger, tools: &tools, started, observer, keeper: &mut *keeper, session, ours: false };
            let polled = poll.until_ours(&mut tally.lock_retries).await;
            match (polled, poll.ours) {
                (Ok(()), _) => Ok(keeper),
                (Err(error), true) => {
                    let _ = keeper.unlock().await;
                    Err(error)
                }
                (Err(error), false) => Err(error),
            }
        }
        Err(error) => Err(error),
    };
    let waited = started.elapsed();
    tally.stages.lock = waited;
    let (error, retries) = (result.as_ref().err(), tally.lock_retries);
    observer.observe(&Event::LockFinished { error, acquired: result.is_ok(), waited, retries });
    result.map(|keeper| (keeper, Instant::now()))
}

struct Poll<'p> {
    job: &'p Job<'p>,
    ledger: &'p str,
    /// The locks of the table's own tool that are not ours yet.
    tools: &'p [ToolLock],
    started: Instant,
    observer: &'p mut dyn Observer,
    keeper: &'p mut dyn Keeper,
    session: &'p mut dyn Session,
    /// Whether the lock is ours, though the work may not be yet.
    ours: bool,
}

impl Poll<'_> {
    async fn until_ours(&mut self, retries: &mut u32) -> Result<(), Error> {
        let limit = match self.job.options.wait {
            Wait::No => Duration::ZERO,
            Wait::For(limit) => limit,
        };
        let mut pause = FIRST_PAUSE;
        let mut told: Option<Instant> = None;
        if self.is_pooled().await.map_err(own)? {
            self.keeper.pooled();
            self.session.pooled().map_err(|source| Error::Pooled { why: source.message })?;
        } else {
            self.session.unshared().await.map_err(own)?;
            self.keeper.unshared().await.map_err(own)?;
        }
        loop {
            if self.once().await.map_err(own)? {
                return Ok(());
            }
            let waited = self.started.elapsed();
            if waited >= limit {
                let holder = self.holder().await.map(Box::new);
                return Err(Error::Lock { waited, holder });
            }
            if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
                told = Some(Instant::now());
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

    /// Whether a pooler stands between us and the server that gives each transaction whatever session is free: then one session
    /// of the server answers on both connections, or two of them on one.
    async fn is_pooled(&mut self) -> Result<bool, DatabaseError> {
        let working = self.session.identity().process;
        let Some(keeping) = self.keeper.process().await? else { return Ok(false) };
        for _ in 0..LOOKS_FOR_POOLER {
            let now = self.session.process().await?;
            if now != working || now == Some(keeping) || self.keeper.process().await? != Some(keeping) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn once(&mut self) -> Result<bool, DatabaseError> {
        if !self.ours {
            self.ours = self.keeper.try_lock().await?;
            if self.ours && !self.session.is_locked_out(self.ledger).await? {
                return Err(no_lock(self.session));
            }
        }
        if !self.ours || !self.session.claim(self.ledger).await? {
            return Ok(false);
        }
        while let [next, behind @ ..] = self.tools {
            if !self.keeper.try_tool_lock(next).await? {
                return Ok(false);
            }
            self.tools = behind;
        }
        Ok(true)
    }

    /// Who has it is worth knowing, but not worth failing for.
    async fn holder(&mut self) -> Option<Holder> {
        if !self.ours {
            return self.keeper.holder().await.ok().flatten();
        }
        match (self.session.claimant(self.ledger).await.ok().flatten(), self.tools) {
            (None, [next, ..]) => self.keeper.tool_holder(next).await.ok().flatten(),
            (holder, _) => holder,
        }
    }
}

/// A lock that everyone gets would let two runners work at once.
fn no_lock(session: &dyn Session) -> DatabaseError {
    let Identity { system, version, .. } = session.identity();
    let message = format!(
        "the lock excludes no one: {system} {version} gave the same lock to two sessions, so that two runners would work at once"
    );
    DatabaseError::new(ErrorKind::Unsupported, message)
}

fn own(source: DatabaseError) -> Error {
    Error::Own { what: "cannot ask for the lock", source: Box::new(source) }
}
