//! A migration whose statement is refused inside a transaction, though its text did not tell.

use super::effect::goes_with_its_note;
use super::progress::AttemptProgress;
use crate::database::{DatabaseError, ErrorKind, Urgency};
use crate::event::Event;
use crate::migration::StatementKind;
use crate::plan::Step;
use crate::report::Stage;
use crate::run::engine::Engine;

/// Words that begin statements which run code: what is refused then is something inside of it, and would be refused again.
const CODE: [&str; 12] =
    ["CALL", "DELETE", "DO", "EXECUTE", "EXPLAIN", "INSERT", "MERGE", "SELECT", "SET", "TABLE", "UPDATE", "WITH"];

/// Words that begin statements which mean nothing, or fail, without the transaction around them.
const BOUND: [&str; 6] = ["DECLARE", "FETCH", "LOCK", "RELEASE", "ROLLBACK", "SAVEPOINT"];

impl Engine<'_> {
    /// The step as it is taken instead, statement by statement, where its transaction was rolled back for this error at `index`; `None`
    /// where that would not be the same.
    pub(super) async fn without_transaction<'s>(
        &mut self,
        step: &Step<'s>,
        index: usize,
        error: &DatabaseError,
    ) -> Option<Step<'s>> {
        if !can_be_apart(step, index, error) {
            return None;
        }
        let statement = step.statements().get(index)?;
        let why = format!("line {}: {} is refused in a transaction", statement.line, statement.summary);
        let step = step.clone().stepwise(&why, index);
        self.observer.observe(&Event::TransactionRefused { step: &step, index, error });
        if step.changes_session() {
            // Not everything that a script sets for its session ends with a rollback.
            self.session.reset().await.ok()?;
        }
        Some(step)
    }
}

impl Engine<'_> {
    /// Whether a statement of a step that is not atomic is tried once more alone, after it was refused together with its note.
    pub(super) fn goes_alone_instead(&mut self, step: &Step<'_>, index: usize, error: &DatabaseError) -> bool {
        let refused = is_refused(step, index, error) && goes_with_its_note(step, index, self.session.capabilities());
        if refused {
            self.observer.observe(&Event::TransactionRefused { step, index, error });
        }
        refused
    }

    /// Says in the journal that the statement at `index` goes out alone: a runner that dies behind it leaves a doubt about it.
    pub(super) async fn note_alone(&mut self, index: usize, attempt: &AttemptProgress) -> Result<(), DatabaseError> {
        let note = self.journal.attempt_alone(self.session.sql(), &attempt.id, index);
        self.session.note(&[note], Urgency::Needed).await.map_err(|error| error.at(Stage::Record))
    }
}

/// Whether nothing but the transaction around it keeps this statement from running.
fn is_refused(step: &Step<'_>, index: usize, error: &DatabaseError) -> bool {
    error.kind == ErrorKind::InTransaction && error.stage == Stage::Statement && !begins(step, index, &CODE)
}

/// Whether that is so, and every other statement of the step can do without one transaction around all of them.
fn can_be_apart(step: &Step<'_>, index: usize, error: &DatabaseError) -> bool {
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
