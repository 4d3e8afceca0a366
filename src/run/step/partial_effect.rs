//! What remains of a non-atomic step that has failed.

use super::broken::Broken;
use super::class::{ends_transaction, is_about_rows, may_run_code};
use super::effect::{goes_with_its_note, may_leave_something};
use super::progress::AttemptProgress;
use super::written::remains;
use crate::database::{DatabaseError, ErrorKind, TransactionState};
use crate::migration::StatementKind;
use crate::plan::Step;
use crate::report::{PartialEffect, Stage};
use crate::run::engine::Engine;
use crate::script::Opening;

impl Engine<'_> {
    pub(super) fn may_leave_something(&self, step: &Step<'_>, index: usize, error: &DatabaseError) -> bool {
        let capabilities = self.session.capabilities();
        let kind = step.statements()[index].kind;
        match goes_with_its_note(step, index, capabilities) {
            // The rollback undoes the statement, unless the outcome of the transaction is unknown or a table is not transactional.
            true => error.kind == ErrorKind::Lost || self.statement.left,
            false => may_leave_something(kind, step.text(index), error, capabilities),
        }
    }

    /// Rolls back what can be rolled back, and determines what remains.
    pub(super) async fn broken(
        &mut self,
        step: &Step<'_>,
        index: usize,
        attempt: &AttemptProgress,
        error: DatabaseError,
    ) -> Broken {
        let sent = self.statement.sent && error.stage == Stage::Statement && index < step.statements().len();
        let ended = sent && self.ended(step, index, attempt, &error).await;
        let capabilities = self.session.capabilities();
        if error.kind != ErrorKind::Lost
            && (attempt.own.is_open()
                || matches!(error.stage, Stage::Record | Stage::Commit)
                || capabilities.session_locks)
        {
            self.roll_back().await;
        }
        let opening = Opening::of(step.text(index), capabilities.dialect);
        // If code that ends a transaction fails, it is unknown whether it committed or rolled back.
        let uncertain = attempt.own.is_uncertain() || ended && may_run_code(&opening, capabilities);
        let opened = attempt.own.since().filter(|_| !ended || uncertain);
        let effective = opened.unwrap_or(index);
        let running = sent && opened.is_none();
        let invalid_index = if running { self.invalid_index(step, index, &error).await } else { None };
        let left = invalid_index.as_ref().map(Option::is_some);
        // If a message was lost, it is unknown whether its statement took effect. Only the last one can have completed the migration.
        let lost = error.stage == Stage::Commit && error.kind == ErrorKind::Lost;
        let applied_perhaps = lost && (index >= step.statements().len() || self.is_recorded_with(step, index));
        let next_unknown = lost
            || uncertain
            || self.statement.left
            || running && left.unwrap_or_else(|| self.may_leave_something(step, index, &error));
        let remains = match applied_perhaps {
            true => PartialEffect::Unknown,
            false => remains(effective, next_unknown, attempt.trace),
        };
        let index = index.min(step.statements().len().saturating_sub(1));
        Broken { index, error, remains, invalid_index: invalid_index.flatten() }
    }

    /// Whether the records of the whole step are committed together with the statement at `index`.
    pub(super) fn is_recorded_with(&self, step: &Step<'_>, index: usize) -> bool {
        index + 1 == step.statements().len() && !self.renews_for_records(step)
    }

    /// Whether the failed statement committed the script's own transaction. On servers where DDL commits implicitly, it does so before it
    /// runs, and therefore also if it fails. A statement that only reads or writes rows can only have rolled the transaction back.
    async fn ended(&mut self, step: &Step<'_>, index: usize, attempt: &AttemptProgress, error: &DatabaseError) -> bool {
        let capabilities = self.session.capabilities();
        let rows = is_about_rows(&Opening::of(step.text(index), capabilities.dialect), capabilities);
        let control = matches!(step.statements()[index].kind, StatementKind::Commit | StatementKind::Rollback);
        let unclear =
            !control && attempt.own.is_open() && !attempt.own.is_ours() && !capabilities.transactional_ddl && !rows;
        unclear
            && error.kind != ErrorKind::Lost
            && matches!(self.session.transaction().await, Ok(TransactionState { open: false, .. }))
    }

    /// What remains of an attempt whose connection was lost, where the journal shows that `noted` statements have taken effect.
    pub(super) fn certain(
        &self,
        step: &Step<'_>,
        noted: usize,
        broken: &Broken,
        attempt: &AttemptProgress,
    ) -> PartialEffect {
        let capabilities = self.session.capabilities();
        // Progress is not recorded while tables are locked: more statements may have run than were recorded.
        let answered = match broken.remains {
            PartialEffect::HalfWay { done, .. } => done as usize,
            PartialEffect::Nothing | PartialEffect::Unknown => 0,
        };
        let effective = noted.max(answered);
        let failed_there = broken.index == effective && broken.error.stage == Stage::Statement;
        let ends = |index| ends_transaction(&Opening::of(step.text(index), capabilities.dialect), capabilities);
        let next_unknown = failed_there && !goes_with_its_note(step, effective, capabilities)
            || effective < broken.index && !capabilities.transactional_ddl && ends(broken.index);
        // If the server's answer was lost, the statement's text decides.
        let trace = attempt.trace.or_else(|| self.first_trace(step, effective));
        remains(effective, next_unknown, trace)
    }
}
