//! A transaction that the script itself has opened, as the server reports it.

use super::class::{begins_nothing, is_about_rows, may_run_code};
use crate::database::{Capabilities, DatabaseError, Session, TransactionState};
use crate::migration::StatementKind;
use crate::plan::Step;
use crate::script::Opening;

/// The transaction that is open between two statements of a non-atomic step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ScriptTransaction {
    /// The first statement that a rollback would undo; `None` if no transaction is open.
    since: Option<usize>,
    /// Whether the runner opened it, around several statements.
    ours: bool,
    /// Whether code that ran in it may have committed a part of it.
    uncertain: bool,
    /// Whether autocommit is on.
    autocommit: bool,
}

impl ScriptTransaction {
    /// No transaction is open.
    pub(super) fn none() -> Self {
        Self { since: None, ours: false, uncertain: false, autocommit: true }
    }

    /// The first statement that a rollback would undo; `None` if no transaction is open.
    pub(super) fn since(&self) -> Option<usize> {
        self.since
    }

    /// Whether a transaction is open.
    pub(super) fn is_open(&self) -> bool {
        self.since.is_some()
    }

    /// Whether the runner has opened it, around several statements.
    pub(super) fn is_ours(&self) -> bool {
        self.ours
    }

    /// Whether a part of it may be committed although it is still open.
    pub(super) fn is_uncertain(&self) -> bool {
        self.uncertain
    }

    /// Whether the runner can open a transaction around the next statement without a difference for the script.
    pub(super) fn leaves_room(&self) -> bool {
        self.since.is_none() && self.autocommit
    }

    /// The runner has opened a transaction around the statement at `index` and those that follow.
    pub(super) fn goes_around(&mut self, index: usize) {
        (self.since, self.ours) = (Some(index), true);
    }

    /// The transaction has ended.
    pub(super) fn committed(&mut self) {
        (self.since, self.ours, self.uncertain) = (None, false, false);
    }

    /// Reads the transaction state after the restored session settings, before the statement at `index`.
    ///
    /// # Errors
    /// If the server cannot be queried.
    pub(super) async fn begin(&mut self, session: &mut dyn Session, index: usize) -> Result<(), DatabaseError> {
        let TransactionState { open, autocommit } = session.transaction().await?;
        self.autocommit = autocommit;
        self.since = open.then_some(index);
        Ok(())
    }

    /// Reads the transaction state after the statement at `index`, which ran without its progress record.
    ///
    /// # Errors
    /// If the server cannot be queried.
    pub(super) async fn look(
        &mut self,
        session: &mut dyn Session,
        step: &Step<'_>,
        index: usize,
    ) -> Result<(), DatabaseError> {
        let capabilities = session.capabilities();
        let opening = Opening::of(step.text(index), capabilities.dialect);
        let kind = step.statements()[index].kind;
        if self.must_query(kind, &opening, capabilities) {
            let TransactionState { open, autocommit } = session.transaction().await?;
            self.autocommit = autocommit;
            self.update(open, kind, index, may_run_code(&opening, capabilities));
        } else if matches!(kind, StatementKind::Begin { .. }) {
            // A second BEGIN commits the first transaction, except on PostgreSQL, which ignores it.
            self.since = if capabilities.transactional_ddl { self.since.or(Some(index)) } else { Some(index) };
            self.uncertain = false;
        }
        Ok(())
    }

    /// Whether the server must be queried; in all other cases its answer is known in advance.
    fn must_query(&self, kind: StatementKind, opening: &Opening<'_>, capabilities: Capabilities) -> bool {
        match kind {
            StatementKind::Begin { .. } => false,
            // Neither of them can run inside a transaction.
            StatementKind::ConcurrentIndex | StatementKind::NoTransaction { .. } if capabilities.transactional_ddl => {
                self.is_open()
            }
            StatementKind::Commit | StatementKind::Rollback => true,
            _ if self.leaves_room() => !begins_nothing(opening, capabilities),
            _ => !self.is_open() || !is_about_rows(opening, capabilities),
        }
    }

    fn update(&mut self, open: bool, kind: StatementKind, index: usize, may_run_code: bool) {
        if !open {
            return self.committed();
        }
        match kind {
            // AND CHAIN: the next transaction is open already.
            StatementKind::Commit | StatementKind::Rollback => (self.since, self.uncertain) = (Some(index), false),
            _ => {
                self.uncertain |= self.since.is_some() && may_run_code;
                self.since = self.since.or(Some(index));
            }
        }
    }
}
