//! Finds out whether a transaction was committed when its connection broke before the server answered.
//!
//! The attempt's row in the journal is part of the transaction. So once the server has ended the old session, the row exists if and only if
//! the transaction was committed. PostgreSQL's `pg_xact_status` would need a transaction id in every migration, and could not answer after
//! a failover to a server that never saw the transaction.

use crate::database::Query;
use crate::report::Outcome;
use crate::run::engine::Engine;

/// The state of an attempt, as the journal shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommitOutcome {
    /// It has succeeded and is recorded.
    Success,
    /// It has not finished; this many statements have taken effect.
    Unfinished(usize),
    /// The journal has no row for it.
    Unknown,
}

impl Engine<'_> {
    /// Looks up an attempt on a new connection, which replaces the lost one; `None` if the server does not answer.
    pub(super) async fn look_up(&mut self, id: &str) -> Option<CommitOutcome> {
        if self.job.stop.has_given_up() {
            return None;
        }
        let own_session = self.session.capabilities().own_session;
        self.reconnect().await?;
        let sql = self.journal.outcome_of(self.session.sql(), id);
        let row = self.session.query(Query::Own(&sql)).await.ok()?.pop();
        // Behind a pooler, the old session may still be open: a missing row may still be committed.
        let Some(mut columns) = row.map(Vec::into_iter) else { return own_session.then_some(CommitOutcome::Unknown) };
        let mut next = || columns.next().flatten().unwrap_or_default();
        let (outcome, done) = (next(), next());
        let succeeded = outcome == Outcome::Success.word();
        Some(if succeeded {
            CommitOutcome::Success
        } else {
            CommitOutcome::Unfinished(done.parse().unwrap_or_default())
        })
    }
}
