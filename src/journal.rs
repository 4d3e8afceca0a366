//! Our record of every run and every attempt of a migration: the evidence after a crash and the source of durable counters.
//!
//! Rows are added, and removed when they are over and old; their counts stay. The row of a non-atomic attempt is advanced while the attempt runs; once it has
//! finished nobody touches it, but for a person who settles a half-way migration by setting `half_way` to false. Whoever
//! holds the lock next marks what a dead process has left unfinished as `vanished`.

mod begun;
mod counted;
mod executing;
mod failed;
mod fold;
mod form;
mod last_run;
mod reached;
mod record;
mod repair;
mod retries;
mod totals;
mod unrecorded;

use std::time::SystemTime;

pub(crate) use self::begun::has_begun;
pub(crate) use self::executing::{Executing, executing};
pub use self::failed::LastFailure;
pub(crate) use self::failed::{failure, last_failures};
pub(crate) use self::form::PRESENT_FORM;
pub use self::last_run::{LastRun, Steps};
pub(crate) use self::record::Ending;
pub(crate) use self::retries::Retried;
pub use self::totals::{CHECK_BOUNDS, DURATION_BOUNDS, Running, Spread, Spreads, Totals, WAIT_BOUNDS};
pub(crate) use self::totals::{read_totals, results};
pub use self::unrecorded::UnrecordedEnd;
use crate::database::{DatabaseError, Row, Session, Value};
use crate::event::RunContext;
use crate::history::{Attempt, Direction, Reached, State};
use crate::ledger::{Creation, qualified, rows_if_table};
use crate::migration::{Checksum, Version};
use crate::report::Outcome;

/// The word in `outcome` for what has not ended yet.
const EXECUTING: &str = "executing";
/// The word in `kind` for the row of a run.
const RUN: &str = "run";
/// The word in `kind` for the row of an attempt.
const MIGRATION: &str = "migration";
/// The word in `kind` for the row of a health check; its outcome is that of the check.
const CHECK: &str = "check";
/// The word in `kind` for the row of an attempt that was followed by another one; its outcome is the reason.
const RETRY: &str = "retry";

/// The word in `kind` for the row of a change of history that a person has asked for; its outcome says which.
const REPAIR: &str = "repair";

/// The word in `kind` for the row of what was folded; see [`fold`].
const TOTAL: &str = "total";
/// The word in `kind` for the row that says which form the table has, and its id.
const FORM: &str = "form";

/// The journal of one run.
pub(crate) struct Journal<'a> {
    name: &'a str,
    context: &'a RunContext,
}

impl<'a> Journal<'a> {
    pub(crate) fn new(name: &'a str, context: &'a RunContext) -> Self {
        Self { name, context }
    }

    /// What makes the table, in its present form, where it does not exist.
    pub(crate) fn create(&self, session: &dyn Session) -> Creation {
        let table = format!(
            "CREATE TABLE IF NOT EXISTS {table} (\n  \
               id VARCHAR(36) NOT NULL PRIMARY KEY,\n  \
               kind VARCHAR(16) NOT NULL,\n  \
               run_id VARCHAR(36) NOT NULL,\n  \
               trace_id VARCHAR(32),\n  \
               direction VARCHAR(8) NOT NULL,\n  \
               version VARCHAR(255),\n  \
               name VARCHAR(255),\n  \
               checksum VARCHAR(64),\n  \
               atomic BOOLEAN,\n  \
               outcome VARCHAR(16) NOT NULL,\n  \
               half_way BOOLEAN NOT NULL,\n  \
               statements_done INTEGER NOT NULL,\n  \
               statements_total INTEGER NOT NULL,\n  \
               done_checksum VARCHAR(64),\n  \
               error_code VARCHAR(32),\n  \
               error_text {text},\n  \
               started_at {timestamp} NOT NULL,\n  \
               finished_at {timestamp},\n  \
               elapsed_ms {float},\n  \
               connect_ms {float},\n  \
               lock_ms {float},\n  \
               plan_ms {float},\n  \
               apply_ms {float},\n  \
               health_ms {float},\n  \
               lock_retries INTEGER,\n  \
               rows_inserted BIGINT,\n  \
               rows_updated BIGINT,\n  \
               rows_deleted BIGINT,\n  \
               rows_other BIGINT,\n  \
               operator VARCHAR(255),\n  \
               host VARCHAR(255),\n  \
               pod VARCHAR(255),\n  \
               reason {text},\n  \
               tool_version VARCHAR(32) NOT NULL,\n  \
               folded BIGINT\n){suffix}",
            table = self.table(session),
            timestamp = session.abilities().timestamp,
            text = session.text_type(),
            float = "DOUBLE PRECISION",
            suffix = session.abilities().table_suffix,
        );
        Creation::table(session, self.name, table)
    }

    fn table(&self, session: &dyn Session) -> String {
        qualified(session, self.name)
    }
}

/// The journal's word for an outcome, for people who read it with plain SQL.
fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Cancellation => "interrupted",
        outcome => outcome.word(),
    }
}

/// The migrations of one run that have ended.
pub(crate) async fn steps(session: &mut dyn Session, name: &str, run_id: &str) -> Result<Steps, DatabaseError> {
    let table = qualified(session, name);
    last_run::steps_of(session, &table, run_id).await
}

/// When something of this run was last recorded.
pub(crate) async fn last_sign(
    session: &mut dyn Session,
    name: &str,
    run_id: &str,
) -> Result<Option<SystemTime>, DatabaseError> {
    let table = qualified(session, name);
    last_run::last_sign_of(session, &table, run_id).await
}

/// What a plan needs of the journal.
pub(crate) struct Left {
    /// The form of the table.
    pub(crate) form: u32,
    /// Attempts that left something behind and were not settled since, oldest first.
    pub(crate) unsettled: Vec<Attempt>,
}

/// What a plan needs of the journal; `None` when there is no table.
pub(crate) async fn left(session: &mut dyn Session, name: &str) -> Result<Option<Left>, DatabaseError> {
    let table = qualified(session, name);
    let columns = format!(
        "id, run_id, version, name, direction, outcome, statements_done, statements_total, error_code, error_text, {started}, \
         done_checksum, reason",
        started = session.timestamp_text("started_at"),
    );
    let form = session.literal(&Value::Text(FORM.to_owned()));
    let sql = format!(
        "SELECT {columns} FROM {table} WHERE half_way UNION ALL SELECT {columns} FROM {table} WHERE id = {form}"
    );
    let Some(rows) = rows_if_table(session, &table, &sql).await? else { return Ok(None) };
    let mut left = Left { form: form::FIRST_FORM, unsettled: Vec::new() };
    for attempt in rows.into_iter().map(attempt) {
        match attempt.id == FORM {
            true => left.form = attempt.total,
            false => left.unsettled.push(attempt),
        }
    }
    left.unsettled.sort_by(|a, b| (&a.started_at, &a.id).cmp(&(&b.started_at, &b.id)));
    Ok(Some(left))
}

fn attempt(row: Row) -> Attempt {
    let mut columns = row.into_iter();
    let mut next = || columns.next().flatten();
    let number = |text: Option<String>| text.and_then(|text| text.parse().ok()).unwrap_or_default();
    let id = next().unwrap_or_default();
    let run_id = next().unwrap_or_default();
    let version = Version::from_history(&next().unwrap_or_default());
    let name = next().unwrap_or_default();
    let direction = Direction::of(next().as_deref().unwrap_or_default());
    let outcome = next();
    let unfinished = outcome.is_some_and(|outcome| outcome == EXECUTING || outcome == word(Outcome::Vanished));
    let done = number(next());
    let total = number(next());
    let state = if unfinished { State::Unfinished } else { State::Failed { statement: done + 1 } };
    let mut attempt = Attempt {
        id,
        run_id,
        version,
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
        attempt.reached = reached::read(next().as_deref(), done);
    }
    attempt
}
