//! Why the last attempt at a migration failed.

use std::time::Duration;

use super::values::{moment, outcome};
use super::{MIGRATION, REPAIR, counted, word};
use crate::database::{DatabaseError, Row, Session, Value};
use crate::history::Direction;
use crate::ledger::qualified;
use crate::migration::{Key, Migration};
use crate::plan::Objection;
use crate::report::Outcome;

/// Why the same attempt would fail again: the last one failed, and the file has not changed since. `None` if the last attempt was
/// interrupted or succeeded, or if there was none.
pub(crate) async fn failure(
    session: &mut dyn Session,
    name: &str,
    migration: &Migration,
) -> Result<Option<Objection>, DatabaseError> {
    let table = qualified(session.sql(), name);
    let row = counted::live(session, &table, |sql, live| {
        format!(
            "SELECT outcome, checksum, run_id, {started}, error_code, error_text FROM {table} \
         WHERE {live} AND kind = '{MIGRATION}' AND direction = 'up' AND version = {version} ORDER BY started_at DESC, id DESC LIMIT 1",
            started = sql.timestamp_text("started_at"),
            version = sql.literal(&Value::Text(migration.key.canonical().into_owned())),
        )
    });
    let row = row.await?.unwrap_or_default().into_iter().next();
    let mut columns = row.unwrap_or_default().into_iter();
    let mut next = || columns.next().flatten();
    let (outcome, checksum) = (next(), next());
    let failed = outcome.as_deref() == Some(word(Outcome::Failure));
    if !failed || checksum.as_deref() != Some(migration.up.checksum().as_str()) {
        return Ok(None);
    }
    Ok(Some(Objection::Failed {
        key: migration.key.clone(),
        name: migration.name.clone(),
        run_id: next().unwrap_or_default(),
        started_at: next().unwrap_or_default(),
        error_code: next(),
        error_text: next(),
    }))
}

/// A failed attempt to apply a migration, since which the migration was neither applied nor repaired.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastFailure {
    /// Its id in the journal.
    pub(crate) id: String,
    /// The migration.
    pub key: Key,
    /// [`Outcome::Failure`], or [`Outcome::Cancellation`] if it was interrupted.
    pub outcome: Outcome,
    /// The checksum of the file at that time.
    pub checksum: Option<String>,
    /// The run that made the attempt.
    pub run_id: String,
    /// When it ended, in UTC as RFC 3339.
    pub ended_at: String,
    /// The time since then by the database's clock, when the journal was read.
    pub ago: Duration,
    /// The database's error code.
    pub error_code: Option<String>,
    /// The database's error message.
    pub error_text: Option<String>,
}

/// The maximum number of attempts that are read. More than one is rare, because a run stops at the first failure.
const MOST: usize = 1000;

/// The last failed attempt at each migration, newest first. Versions that were applied, reverted or repaired since are left out.
pub(crate) async fn last_failures(session: &mut dyn Session, name: &str) -> Result<Vec<LastFailure>, DatabaseError> {
    let table = qualified(session.sql(), name);
    let rows = counted::live(session, &table, |sql, live| {
        format!(
            "SELECT version, outcome, checksum, run_id, {ended}, {now}, error_code, error_text, id FROM \
           (SELECT id, version, direction, outcome, checksum, run_id, coalesce(finished_at, started_at) AS ended_at, error_code, \
              error_text, row_number() OVER (PARTITION BY version ORDER BY started_at DESC, id DESC) AS nth \
            FROM {table} WHERE {live} AND kind IN ('{MIGRATION}', '{REPAIR}') AND version IS NOT NULL) AS attempts \
         WHERE nth = 1 AND direction = '{up}' AND outcome IN ('{failure}', '{interrupted}') ORDER BY ended_at DESC LIMIT {MOST}",
            ended = sql.timestamp_text("ended_at"),
            now = sql.timestamp_text(&sql.literal(&Value::Now)),
            up = Direction::Up.word(),
            failure = word(Outcome::Failure),
            interrupted = word(Outcome::Cancellation),
        )
    });
    Ok(rows.await?.unwrap_or_default().into_iter().map(last_failure).collect())
}

fn last_failure(row: Row) -> LastFailure {
    let mut columns = row.into_iter();
    let mut next = || columns.next().flatten();
    let (key, outcome) = (Key::from_history(&next().unwrap_or_default()), outcome(next()));
    let (checksum, run_id, ended_at) = (next(), next().unwrap_or_default(), next().unwrap_or_default());
    let (ended, now) = (moment(Some(ended_at.clone())), moment(next()));
    let ago = ended.zip(now).and_then(|(ended, now)| now.duration_since(ended).ok()).unwrap_or_default();
    let (error_code, error_text) = (next(), next());
    let id = next().unwrap_or_default();
    LastFailure { id, key, outcome, checksum, run_id, ended_at, ago, error_code, error_text }
}
