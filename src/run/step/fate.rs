//! What became of a transaction whose connection broke before the server could say.
//!
//! The attempt's row in the journal is part of the transaction, so it stands there exactly when the transaction was committed,
//! once the server's session has ended. PostgreSQL's `pg_xact_status` would tell the same for the price of a transaction number
//! in every migration, and nothing after a failover to a server that never saw the transaction.

use std::time::{Duration, Instant};

use super::super::Job;
use super::Engine;
use crate::database::{Access, Connector, Session};
use crate::ledger;
use crate::report::Outcome;

/// How long a server that broke a connection may take until it answers again, and until its old session is gone.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it may take where nothing but a record is at stake.
const PATIENCE_FOR_RECORD: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(100);

/// How an attempt stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It has succeeded, and is recorded.
    Success,
    /// So many statements have taken effect.
    Unfinished(usize),
    /// It is not there.
    Unknown,
}

impl Engine<'_> {
    /// Looks for an attempt on a new connection, which takes the place of the broken one; `None` where the server does not say.
    pub(super) async fn look_up(&mut self, id: &str) -> Option<Fate> {
        if self.job.stop.has_given_up() {
            return None;
        }
        let own_session = self.session.abilities().own_session;
        self.reconnect().await?;
        let sql = self.journal.fate(&**self.session, id);
        let row = self.session.query(&sql).await.ok()?.pop();
        // Behind a pooler it is not known whether the old session has ended, so that a row which is not there may still come.
        let Some(mut columns) = row.map(Vec::into_iter) else { return own_session.then_some(Fate::Unknown) };
        let mut next = || columns.next().flatten().unwrap_or_default();
        let (outcome, done) = (next(), next());
        let succeeded = outcome == Outcome::Success.word();
        Some(if succeeded { Fate::Success } else { Fate::Unfinished(done.parse().unwrap_or_default()) })
    }

    /// Puts a new session in the place of the broken one, and waits until the server has ended that; `None` where it does not.
    pub(in crate::run) async fn reconnect(&mut self) -> Option<()> {
        let (process, own_session) = (self.session.identity().process, self.session.abilities().own_session);
        let deadline = Instant::now() + PATIENCE;
        let mut session = reconnect(self.job.connector, deadline).await?;
        // A migration may have set another search path for new sessions.
        self.session.home().into_iter().for_each(|home| session.keep_home(home));
        *self.session = session;
        // The lock may be gone as well.
        self.monitor.lock_seen = None;
        if own_session {
            self.session.unshared().await.ok()?;
        } else {
            self.session.pooled().ok()?;
        }
        if let Some(process) = process {
            ended(&mut **self.session, process, deadline).await?;
        }
        let names = (self.job.options.ledger_table.as_str(), self.job.options.journal_table.as_str());
        if ledger::untrusted(&mut **self.session, names).await.ok()?.is_some() {
            return None;
        }
        let ledger = self.ledger.table(&**self.session);
        self.session.claim(&ledger).await.ok()?;
        Some(())
    }
}

/// Puts a new session in the place of one that is gone, for records alone; `None` where the server does not answer in time.
pub(in crate::run) async fn replace(session: &mut Box<dyn Session>, job: &Job<'_>) -> Option<()> {
    if job.stop.has_given_up() {
        return None;
    }
    let mut new = reconnect(job.connector, Instant::now() + PATIENCE_FOR_RECORD).await?;
    session.home().into_iter().for_each(|home| new.keep_home(home));
    let names = (job.options.ledger_table.as_str(), job.options.journal_table.as_str());
    if ledger::untrusted(&mut *new, names).await.ok()?.is_some() {
        return None;
    }
    *session = new;
    Some(())
}

async fn reconnect(connector: &dyn Connector, deadline: Instant) -> Option<Box<dyn Session>> {
    loop {
        let left = deadline.checked_duration_since(Instant::now())?;
        if let Ok(Ok(session)) = tokio::time::timeout(left, connector.session(Access::Write)).await {
            return Some(session);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until the old session has ended, and ends it where it waits for us; `None` where it does not end in time.
async fn ended(session: &mut dyn Session, process: u64, deadline: Instant) -> Option<()> {
    while !session.ended(process).await.ok()? {
        deadline.checked_duration_since(Instant::now())?;
        tokio::time::sleep(PAUSE).await;
    }
    Some(())
}
