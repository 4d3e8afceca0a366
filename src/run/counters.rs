//! The journal's counters: read and reported for exporters.

use std::time::Duration;

use super::job::Job;
use super::options::Options;
use super::running::{self, Worker};
use crate::database::{Access, Connector, DatabaseError, Session};
use crate::event::{Event, Observer};
use crate::journal::{self, Counters, Executing, JournalCounters, Steps};

/// How long a run waits for an optional record or query.
pub(super) const TIMEOUT: Duration = Duration::from_secs(2);

/// Who holds the lock while the journal is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LockOwner {
    /// This run: no other one is executing.
    Us,
    /// Perhaps another run.
    Unknown,
}

/// Reports the journal's counters if the options request them; if they cannot be read in time, nothing is reported.
pub(super) async fn report(job: &Job<'_>, session: &mut dyn Session, lock: LockOwner, observer: &mut dyn Observer) {
    if job.options.journal_counters == JournalCounters::Skip {
        return;
    }
    let reading = read(job.connector, job.options, session, lock, Some(&job.context.run_id));
    let read = match lock {
        // The session is still needed, and a query that is dropped half-way would break the next one.
        LockOwner::Us => reading.await.ok(),
        LockOwner::Unknown => tokio::time::timeout(TIMEOUT, reading).await.ok().and_then(Result::ok),
    };
    if let Some(totals) = read {
        observer.observe(&Event::JournalRead { counters: &totals });
    }
}

/// The journal's counters, read on a separate connection while the run's session is busy; `None` if that takes too long.
pub(super) async fn beside(job: &Job<'_>, home: Option<String>) -> Option<Counters> {
    let reading = async {
        let mut session = job.connector.session(Access::Watch, home.as_deref()).await.ok()?;
        let own = Some(job.context.run_id.as_str());
        let read = read(job.connector, job.options, &mut *session, LockOwner::Us, own).await.ok();
        session.close().await;
        read
    };
    tokio::time::timeout(TIMEOUT, reading).await.ok().flatten()
}

/// The journal's counters, read from outside any run; zeros without a journal.
pub(crate) async fn totals(
    connector: &dyn Connector,
    options: &Options,
    session: &mut dyn Session,
) -> Result<Counters, DatabaseError> {
    read(connector, options, session, LockOwner::Unknown, None).await
}

/// Reads the counters. `own` is the run of this process, which knows more about itself than the journal.
async fn read(
    connector: &dyn Connector,
    options: &Options,
    session: &mut dyn Session,
    lock: LockOwner,
    own: Option<&str>,
) -> Result<Counters, DatabaseError> {
    let name = &options.journal_table;
    let Some(mut totals) = journal::read_counters(session, name).await? else {
        return Ok(Counters::default());
    };
    let mut open = journal::executing(session, name).await?;
    if open.is_empty() {
        return Ok(totals);
    }
    let mut lock_held = Some(true);
    let living = match lock {
        // Every other run was marked as vanished when this run acquired the lock.
        LockOwner::Us => open.iter().rfind(|one| one.is_run).cloned(),
        LockOwner::Unknown => {
            let ledger = options.ledger().table(session.sql());
            let worker = Worker::of(connector, session.server_info(), &ledger).await?;
            // A run that ended between the two queries held the lock until then; one that has not ended and holds no lock is dead.
            let known = |now: &Executing| open.iter().any(|before| before.id == now.id);
            open = journal::executing(session, name).await?.into_iter().filter(known).collect();
            totals = journal::read_counters(session, name).await?.unwrap_or_default();
            lock_held = worker.lock_held();
            match &worker {
                Worker::Running(holder) => running::held_by(&open, holder).cloned(),
                // The run has lost its lock or its process has died, and its statement is still executing.
                Worker::Claimed(holder) => running::held_by(&open, holder).cloned(),
                Worker::Unseen => running::newest(&open).cloned(),
                Worker::None => None,
            }
        }
    };
    for lost in &open {
        let alive = living.as_ref().is_some_and(|living| living.run_id == lost.run_id);
        // Our own run is not lost: if its end could not be recorded, this process reports it.
        if alive || own == Some(lost.run_id.as_str()) {
            continue;
        }
        let (steps, alive_at) = match lost.is_run {
            true => {
                let steps = journal::steps(session, name, &lost.run_id).await?;
                (steps, journal::last_sign(session, name, &lost.run_id).await?)
            }
            false => (Steps::default(), None),
        };
        match options.unrecorded.iter().find(|end| lost.is_run && end.run_id == lost.run_id) {
            Some(end) => totals.ended(lost, end, steps),
            None => totals.lose(lost, steps, alive_at),
        }
    }
    let running = match &living {
        Some(run) => {
            let steps = journal::steps(session, name, &run.run_id).await?;
            let attempt = open.iter().find(|one| !one.is_run && one.run_id == run.run_id);
            Some(run.counted(attempt, steps, lock_held))
        }
        None => None,
    };
    totals.going_on(running);
    Ok(totals)
}
