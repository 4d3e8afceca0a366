//! Determines whether a run that the journal shows as executing is alive.
//!
//! The process of a run holds the lock, and its working session holds the worker lock. The row is read twice, and the lock is checked in
//! between: so a run that ends meanwhile is seen as ended, and one that has not ended is alive only if the lock is held.

use std::time::Duration;

use super::history::read_history;
use super::options::Options;
use crate::database::{Connector, DatabaseError, ErrorKind, Holder, ServerInfo, Session};
use crate::error::Error;
use crate::history::History;
use crate::journal::{self, Executing};
use crate::ledger::Depth;
use crate::migration::MigrationSet;

/// How long checking the lock may take. Without an answer it is unknown whether the run is alive.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Who executes migrations of a ledger, as seen from another process.
pub(super) enum Worker {
    /// No process.
    None,
    /// A process that holds the lock.
    Running(Holder),
    /// The lock is free, but a server session holds the worker lock: its statement has not ended, though its process may be dead.
    Claimed(Holder),
    /// Unknown: a standby shows the rows of its primary, but not its locks.
    Unseen,
}

impl Worker {
    /// Checks the lock and the worker lock, on a separate connection.
    pub(super) async fn of(
        connector: &dyn Connector,
        server: &ServerInfo,
        ledger: &str,
    ) -> Result<Self, DatabaseError> {
        let checking = async {
            let mut lock = connector.lock(ledger).await?;
            match lock.holder().await? {
                Some(holder) => Ok(Some(Self::Running(holder))),
                None => Ok(lock.worker().await?.map(Self::Claimed)),
            }
        };
        let silent = || DatabaseError::new(ErrorKind::Lost, "no answer in time");
        let worker = tokio::time::timeout(TIMEOUT, checking).await.map_err(|_| silent())??;
        let free = if server.read_only.is_some() { Self::Unseen } else { Self::None };
        Ok(worker.unwrap_or(free))
    }

    /// Whether the lock is held, if that is known.
    pub(super) fn lock_held(&self) -> Option<bool> {
        match self {
            Self::Running(_) => Some(true),
            Self::Claimed(_) | Self::None => Some(false),
            Self::Unseen => None,
        }
    }
}

/// The run that is alive, and whether that is certain.
fn alive<'o>(open: &'o [Executing], worker: &Result<Worker, DatabaseError>) -> Option<(&'o Executing, bool)> {
    match worker {
        Ok(Worker::None) => None,
        Ok(Worker::Running(holder)) => held_by(open, holder).map(|run| (run, true)),
        Ok(Worker::Claimed(holder)) => held_by(open, holder).map(|run| (run, false)),
        Ok(Worker::Unseen) | Err(_) => newest(open).map(|run| (run, false)),
    }
}

/// The run that holds the lock: identified by the id in its application name if the server shows that, and otherwise the newest.
pub(super) fn held_by<'o>(open: &'o [Executing], holder: &Holder) -> Option<&'o Executing> {
    let id = holder.application.as_deref().and_then(|name| name.strip_prefix("migrascope/"));
    match id.filter(|id| uuid::Uuid::try_parse(id).is_ok()) {
        Some(run_id) => open.iter().find(|one| one.is_run && one.run_id == run_id),
        None => newest(open),
    }
}

/// Only the newest can be alive: each run marks those before it as vanished.
pub(super) fn newest(open: &[Executing]) -> Option<&Executing> {
    open.iter().rfind(|one| one.is_run)
}

/// The history as a reader without the lock sees it: with the run that is alive, whose attempt does not count as half-way.
pub(super) async fn read(
    connector: &dyn Connector,
    session: &mut dyn Session,
    options: &Options,
    set: &MigrationSet,
    depth: Depth,
) -> Result<History, Error> {
    let ledger = options.ledger_of(set);
    let history = read_history(session, &*ledger, options, set, depth).await?;
    if !history.recorded || journal::executing(session, &options.journal_table).await.map_err(unreadable)?.is_empty() {
        return Ok(history);
    }
    let table = ledger.table(session.sql());
    let worker = Worker::of(connector, session.server_info(), &table).await;
    let mut history = read_history(session, &*ledger, options, set, depth).await?;
    let open = journal::executing(session, &options.journal_table).await.map_err(unreadable)?;
    let Some((run, certain)) = alive(&open, &worker) else { return Ok(history) };
    let steps = journal::steps(session, &options.journal_table, &run.run_id).await.map_err(unreadable)?;
    let attempt = open.iter().find(|one| !one.is_run && one.run_id == run.run_id);
    history.unsettled.retain(|left| open.iter().all(|one| one.run_id != run.run_id || one.id != left.id));
    history.running = Some(run.running(attempt, &steps, certain));
    Ok(history)
}

pub(super) fn unreadable(source: DatabaseError) -> Error {
    Error::Own { what: "cannot read the history of migrations", source: Box::new(source) }
}
