//! Replaces a lost session.

use std::time::{Duration, Instant};

use super::engine::Engine;
use super::job::Job;
use crate::database::{Access, Connector, Session, Sharing, has_ended};
use crate::ledger;

/// How long to wait until a server that broke a connection accepts a new one and has ended the old session.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The same if only a record has to be written.
const TIMEOUT_FOR_RECORD: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(100);

impl Engine<'_> {
    /// Replaces the lost session, and waits until the server has ended it; `None` if that takes too long.
    pub(super) async fn reconnect(&mut self) -> Option<()> {
        let (process, own_session) = (self.session.server_info().process, self.session.capabilities().own_session);
        let deadline = Instant::now() + TIMEOUT;
        let session = reconnect(self.job.connector, self.session.sql().home(), deadline).await?;
        *self.session = session;
        // The lock may be lost as well.
        self.monitor.lock_seen = None;
        self.session.share(if own_session { Sharing::Own } else { Sharing::Pooled }).await.ok()?;
        if let Some(process) = process {
            ended(&mut **self.session, process, deadline).await?;
        }
        if ledger::untrusted(&mut **self.session, self.job.options.tables()).await.ok()?.is_some() {
            return None;
        }
        let ledger = self.ledger.table(self.session.sql());
        self.session.claim(&ledger).await.ok()?;
        Some(())
    }
}

/// Replaces a lost session only to write records; `None` if the server does not answer in time.
pub(super) async fn replace(session: &mut Box<dyn Session>, job: &Job<'_>) -> Option<()> {
    if job.stop.has_given_up() {
        return None;
    }
    let mut new = reconnect(job.connector, session.sql().home(), Instant::now() + TIMEOUT_FOR_RECORD).await?;
    if ledger::untrusted(&mut *new, job.options.tables()).await.ok()?.is_some() {
        return None;
    }
    *session = new;
    Some(())
}

async fn reconnect(connector: &dyn Connector, home: Option<&str>, deadline: Instant) -> Option<Box<dyn Session>> {
    loop {
        let left = deadline.checked_duration_since(Instant::now())?;
        if let Ok(Ok(session)) = tokio::time::timeout(left, connector.session(Access::Write, home)).await {
            return Some(session);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until the old session has ended; `None` if that takes too long. An idle session is terminated.
async fn ended(session: &mut dyn Session, process: u64, deadline: Instant) -> Option<()> {
    while !has_ended(session, process).await.ok()? {
        deadline.checked_duration_since(Instant::now())?;
        tokio::time::sleep(PAUSE).await;
    }
    Some(())
}
