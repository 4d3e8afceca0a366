//! What a plan requires from the journal.

use super::kind::{EXECUTING, FORM, word};
use crate::database::{DatabaseError, Row, Session, Value};
use crate::history::{Attempt, AttemptState, Direction, Reached};
use crate::ledger::{qualified, rows_if_table};
use crate::migration::{Checksum, Key};
use crate::report::Outcome;

/// What a plan requires from the journal.
pub(crate) struct Left {
    /// The form of the table.
    pub(crate) form: u32,
    /// Attempts that left something behind and have not been settled since, oldest first.
    pub(crate) unsettled: Vec<Attempt>,
}

/// Reads what a plan requires from the journal; `None` without a table.
pub(crate) async fn left(session: &mut dyn Session, name: &str) -> Result<Option<Left>, DatabaseError> {
    let table = qualified(session.sql(), name);
    let columns = format!(
        "id, run_id, version, name, direction, outcome, statements_done, statements_total, error_code, error_text, {started}, \
         done_checksum, reason",
        started = session.sql().timestamp_text("started_at"),
    );
    let form = session.sql().literal(&Value::Text(FORM.to_owned()));
    let sql = format!(
        "SELECT {columns} FROM {table} WHERE half_way UNION ALL SELECT {columns} FROM {table} WHERE id = {form}"
    );
    let Some(rows) = rows_if_table(session, &table, &sql).await? else { return Ok(None) };
    let mut left = Left { form: super::form::FIRST_FORM, unsettled: Vec::new() };
    for attempt in rows.into_iter().map(attempt) {
        match attempt.id == FORM {
            true => left.form = attempt.total,
            false => left.unsettled.push(attempt),
        }
    }
    left.unsettled.sort_by(|a, b| (&a.started_at, &a.id).cmp(&(&b.started_at, &b.id)));
    Ok(Some(left))
}

pub(super) fn attempt(row: Row) -> Attempt {
    let mut columns = row.into_iter();
    let mut next = || columns.next().flatten();
    let number = |text: Option<String>| text.and_then(|text| text.parse().ok()).unwrap_or_default();
    let id = next().unwrap_or_default();
    let run_id = next().unwrap_or_default();
    let key = Key::from_history(&next().unwrap_or_default());
    let name = next().unwrap_or_default();
    let direction = Direction::of(next().as_deref().unwrap_or_default());
    let outcome = next();
    let unfinished = outcome.is_some_and(|outcome| outcome == EXECUTING || outcome == word(Outcome::Vanished));
    let done = number(next());
    let total = number(next());
    let state = if unfinished { AttemptState::Unfinished } else { AttemptState::Failed { statement: done + 1 } };
    let mut attempt = Attempt {
        id,
        run_id,
        key,
        name,
        direction,
        state,
        done,
        last: (done + 1).min(total),
        total,
        reached: Reached::Unrecorded,
        error_code: next(),
        error_text: next(),
        started_at: next().unwrap_or_default(),
        done_checksum: next().map(Checksum::from_history),
    };
    if !unfinished {
        attempt.reached = super::reached::read(next().as_deref(), done);
    }
    attempt
}
