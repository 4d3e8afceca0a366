//! Statements that the server refuses inside a transaction, although their text did not reveal it.

use super::effect::goes_with_its_note;
use super::progress::AttemptProgress;
use crate::database::{DatabaseError, ErrorKind, Urgency};
use crate::event::Event;
use crate::migration::StatementKind;
use crate::plan::Step;
use crate::report::Stage;
use crate::run::engine::Engine;

/// Keywords of statements that run code: the refused statement is inside of that code, and would be refused again.
const CODE: [&str; 12] =
    ["CALL", "DELETE", "DO", "EXECUTE", "EXPLAIN", "INSERT", "MERGE", "SELECT", "SET", "TABLE", "UPDATE", "WITH"];

/// Keywords of statements that have no effect, or fail, without the transaction around them.
const BOUND: [&str; 6] = ["DECLARE", "FETCH", "LOCK", "RELEASE", "ROLLBACK", "SAVEPOINT"];

impl Engine<'_> {
    /// The step to run instead, statement by statement, after its transaction was rolled back because of this error at `index`. `None` if
    /// that would not be equivalent.
    pub(super) async fn without_transaction<'s>(
        &mut self,
        step: &Step<'s>,
        index: usize,
        error: &DatabaseError,
    ) -> Option<Step<'s>> {
        if !can_be_split(step, index, error) {
            return None;
        }
        let statement = step.statements().get(index)?;
        let why = format!("line {}: {} is refused in a transaction", statement.line, statement.summary);
        let step = step.clone().stepwise(&why, index);
        self.observer.observe(&Event::TransactionRefused { step: &step, index, error });
        if step.changes_session() {
            // Some session settings survive a rollback.
            self.session.reset().await.ok()?;
        }
        Some(step)
    }
}

impl Engine<'_> {
    /// Whether a statement of a non-atomic step is retried alone, after it was refused together with its progress record.
    pub(super) fn goes_alone_instead(&mut self, step: &Step<'_>, index: usize, error: &DatabaseError) -> bool {
        let refused = is_refused(step, index, error) && goes_with_its_note(step, index, self.session.capabilities());
        if refused {
            self.observer.observe(&Event::TransactionRefused { step, index, error });
        }
        refused
    }

    /// Records in the journal that the statement at `index` runs alone: if the runner dies after it, it is unknown whether it took effect.
    pub(super) async fn note_alone(&mut self, index: usize, attempt: &AttemptProgress) -> Result<(), DatabaseError> {
        let note = self.journal.attempt_alone(self.session.sql(), &attempt.id, index);
        self.session.note(&[note], Urgency::Needed).await.map_err(|error| error.at(Stage::Record))
    }
}

/// Whether this statement is refused only because of the transaction around it.
fn is_refused(step: &Step<'_>, index: usize, error: &DatabaseError) -> bool {
    error.kind == ErrorKind::InTransaction && error.stage == Stage::Statement && !begins(step, index, &CODE)
}

/// Whether that is the case, and every other statement of the step is independent of a common transaction.
fn can_be_split(step: &Step<'_>, index: usize, error: &DatabaseError) -> bool {
    let own = step.has_own_transaction_left_out();
    let ordinary = step.statements().iter().all(|statement| statement.kind == StatementKind::Ordinary);
    let bound = |index| begins(step, index, &BOUND) || is_local(step.text(index));
    is_refused(step, index, error)
        && !own
        && ordinary
        && step.foreign_keys.is_none()
        && !(0..step.statements().len()).any(bound)
}

fn begins(step: &Step<'_>, index: usize, words: &[&str]) -> bool {
    let first = step.text(index).split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    words.iter().any(|word| word.eq_ignore_ascii_case(first))
}

/// `SET LOCAL` and `SET CONSTRAINTS` end with their transaction.
fn is_local(sql: &str) -> bool {
    let mut words = sql.split_ascii_whitespace();
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("SET"))
        && words
            .next()
            .is_some_and(|word| ["LOCAL", "CONSTRAINTS"].iter().any(|local| word.eq_ignore_ascii_case(local)))
}
