//! Whether a run that the journal shows as begun is still going on.
//!
//! The process that runs holds the lock, and its working session the claim of the work. So a row without an end is looked at twice,
//! with a look at the lock in between: what ended meanwhile is read as ended, and what has not ended is alive only if the lock is held.

use std::time::Duration;

use super::{Options, read_history};
use crate::database::{Connector, DatabaseError, ErrorKind, Holder, Session};
use crate::error::Error;
use crate::history::History;
use crate::journal::{self, Executing};
use crate::ledger::Depth;

/// How long a look at the lock may take: without an answer it is not known whether the run lives.
const PATIENCE: Duration = Duration::from_secs(2);

/// Who works on a ledger, as it is seen from outside.
pub(super) enum Worker {
    /// No other process.
    Nobody,
    /// A process that holds the lock.
    Running(Holder),
    /// The lock is free, but a session of the server has claimed the work: its statement has not ended, though its process may be dead.
    Claimed(Holder),
    /// That cannot be seen here: a standby shows the rows of its primary, and none of its locks.
    Unseen,
}

impl Worker {
    /// Looks at the lock, on a connection of its own, and at the claim.
    pub(super) async fn of(
        connector: &dyn Connector,
        session: &mut dyn Session,
        ledger: &str,
    ) -> Result<Self, DatabaseError> {
        let held = async { connector.keeper(ledger).await?.holder().await };
        let silent = || DatabaseError::new(ErrorKind::Lost, "no answer in time");
        if let Some(holder) = tokio::time::timeout(PATIENCE, held).await.map_err(|_| silent())?? {
            return Ok(Self::Running(holder));
        }
        let free = if session.identity().read_only.is_some() { Self::Unseen } else { Self::Nobody };
        Ok(session.claimant(ledger).await?.map_or(free, Self::Claimed))
    }

    /// Whether the lock is held, as far as that can be seen.
    pub(super) fn lock_held(&self) -> Option<bool> {
        match self {
            Self::Running(_) => Some(true),
            Self::Claimed(_) | Self::Nobody => Some(false),
            Self::Unseen => None,
        }
    }
}

/// The run that is going on, and whether that is certain.
fn living<'o>(open: &'o [Executing], worker: &Result<Worker, DatabaseError>) -> Option<(&'o Executing, bool)> {
    match worker {
        Ok(Worker::Nobody) => None,
        Ok(Worker::Running(holder)) => held_by(open, holder).map(|run| (run, true)),
        Ok(Worker::Claimed(holder)) => held_by(open, holder).map(|run| (run, false)),
        Ok(Worker::Unseen) | Err(_) => newest(open).map(|run| (run, false)),
    }
}

/// The run that has the lock: by the id in its application name, where the server shows that; otherwise the newest.
pub(super) fn held_by<'o>(open: &'o [Executing], holder: &Holder) -> Option<&'o Executing> {
    let id = holder.application.as_deref().and_then(|name| name.strip_prefix("migrascope/"));
    match id.filter(|id| uuid::Uuid::try_parse(id).is_ok()) {
        Some(run_id) => open.iter().find(|one| one.is_run && one.run_id == run_id),
        None => newest(open),
    }
}

/// Of several, only the newest can be going on: each marks those before it.
pub(super) fn newest(open: &[Executing]) -> Option<&Executing> {
    open.iter().rfind(|one| one.is_run)
}

/// The history as a reader without the lock sees it: with the run that is going on, whose attempt is not half-way.
pub(super) async fn read(
    connector: &dyn Connector,
    session: &mut dyn Session,
    options: &Options,
    depth: Depth,
) -> Result<History, Error> {
    let ledger = options.ledger();
    let history = read_history(session, &*ledger, options, depth).await?;
    if !history.recorded || journal::executing(session, &options.journal_table).await.map_err(unreadable)?.is_empty() {
        return Ok(history);
    }
    let table = ledger.table(session);
    let worker = Worker::of(connector, session, &table).await;
    let mut history = read_history(session, &*ledger, options, depth).await?;
    let open = journal::executing(session, &options.journal_table).await.map_err(unreadable)?;
    let Some((run, certain)) = living(&open, &worker) else { return Ok(history) };
    let steps = journal::steps(session, &options.journal_table, &run.run_id).await.map_err(unreadable)?;
    let attempt = open.iter().find(|one| !one.is_run && one.run_id == run.run_id);
    history.unsettled.retain(|left| open.iter().all(|one| one.run_id != run.run_id || one.id != left.id));
    history.running = Some(run.running(attempt, &steps, certain));
    Ok(history)
}

fn unreadable(source: DatabaseError) -> Error {
    Error::Own { what: "cannot read the history of migrations", source: Box::new(source) }
}
