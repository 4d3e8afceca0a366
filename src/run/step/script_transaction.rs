//! A transaction that a script opens itself, as the server says that it stands.

use super::class::{begins_nothing, is_about_rows, may_run_code};
use crate::database::{Capabilities, DatabaseError, Session, TransactionState};
use crate::migration::StatementKind;
use crate::plan::Step;
use crate::script::Opening;

/// What is open between the statements of a step that is not atomic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ScriptTransaction {
    /// The first statement that is undone with it, where one is open.
    since: Option<usize>,
    /// Whether it is one of ours, which goes around several statements.
    ours: bool,
    /// Whether code that ran in it may have committed a part of it.
    uncertain: bool,
    /// Whether a statement outside of a transaction commits by itself.
    autocommit: bool,
}

impl ScriptTransaction {
    /// Nothing is open.
    pub(super) fn none() -> Self {
        Self { since: None, ours: false, uncertain: false, autocommit: true }
    }

    /// The first statement that is undone with it, where one is open.
    pub(super) fn since(&self) -> Option<usize> {
        self.since
    }

    /// Whether one is open.
    pub(super) fn is_open(&self) -> bool {
        self.since.is_some()
    }

    /// Whether one of ours is open, around several statements.
    pub(super) fn is_ours(&self) -> bool {
        self.ours
    }

    /// Whether a part of it may be committed although it is open.
    pub(super) fn is_uncertain(&self) -> bool {
        self.uncertain
    }

    /// Whether a transaction of ours can go around the next statement without a difference for the script.
    pub(super) fn leaves_room(&self) -> bool {
        self.since.is_none() && self.autocommit
    }

    /// One of ours goes around the statement at `index` and those that follow.
    pub(super) fn goes_around(&mut self, index: usize) {
        (self.since, self.ours) = (Some(index), true);
    }

    /// Nothing is open any more: ours was committed.
    pub(super) fn committed(&mut self) {
        (self.since, self.ours, self.uncertain) = (None, false, false);
    }

    /// Finds out what the settings that were made before the statement at `index` have made of it.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub(super) async fn begin(&mut self, session: &mut dyn Session, index: usize) -> Result<(), DatabaseError> {
        let TransactionState { open, autocommit } = session.transaction().await?;
        self.autocommit = autocommit;
        self.since = open.then_some(index);
        Ok(())
    }

    /// Finds out what the statement at `index`, which went out alone, has made of it.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub(super) async fn look(
        &mut self,
        session: &mut dyn Session,
        step: &Step<'_>,
        index: usize,
    ) -> Result<(), DatabaseError> {
        let capabilities = session.capabilities();
        let opening = Opening::of(step.text(index), capabilities.dialect);
        let kind = step.statements()[index].kind;
        if self.must_ask(kind, &opening, capabilities) {
            let TransactionState { open, autocommit } = session.transaction().await?;
            self.autocommit = autocommit;
            self.saw(open, kind, index, may_run_code(&opening, capabilities));
        } else if matches!(kind, StatementKind::Begin { .. }) {
            // Where a second BEGIN is no error it has committed the first one's, but for PostgreSQL, which passes over it.
            self.since = if capabilities.transactional_ddl { self.since.or(Some(index)) } else { Some(index) };
            self.uncertain = false;
        }
        Ok(())
    }

    /// Of the rest the server would say what is known.
    fn must_ask(&self, kind: StatementKind, opening: &Opening<'_>, capabilities: Capabilities) -> bool {
        match kind {
            StatementKind::Begin { .. } => false,
            // Neither can run inside of a transaction.
            StatementKind::ConcurrentIndex | StatementKind::NoTransaction { .. } if capabilities.transactional_ddl => {
                self.is_open()
            }
            StatementKind::Commit | StatementKind::Rollback => true,
            _ if self.leaves_room() => !begins_nothing(opening, capabilities),
            _ => !self.is_open() || !is_about_rows(opening, capabilities),
        }
    }

    fn saw(&mut self, open: bool, kind: StatementKind, index: usize, may_run_code: bool) {
        if !open {
            return self.committed();
        }
        match kind {
            // The next one is open already: AND CHAIN.
            StatementKind::Commit | StatementKind::Rollback => (self.since, self.uncertain) = (Some(index), false),
            _ => {
                self.uncertain |= self.since.is_some() && may_run_code;
                self.since = self.since.or(Some(index));
            }
        }
    }
}
