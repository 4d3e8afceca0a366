//! How the last attempt at a migration has failed.

use super::{MIGRATION, word};
use crate::database::{DatabaseError, Session, Value};
use crate::ledger::{qualified, rows_if_table};
use crate::migration::Migration;
use crate::plan::Objection;
use crate::report::Outcome;

/// Why the same attempt would fail again: the last one has failed, and the file is still the same. `None` where it was
/// interrupted, has succeeded, or was never made.
pub(crate) async fn failure(
    session: &mut dyn Session,
    name: &str,
    migration: &Migration,
) -> Result<Option<Objection>, DatabaseError> {
    let sql = format!(
        "SELECT outcome, checksum, run_id, {started}, error_code, error_text FROM {table} \
         WHERE kind = '{MIGRATION}' AND direction = 'up' AND version = {version} ORDER BY started_at DESC, id DESC LIMIT 1",
        started = session.timestamp_text("started_at"),
        table = qualified(session, name),
        version = session.literal(&Value::Text(migration.version.to_string())),
    );
    let row = rows_if_table(session, &sql).await?.unwrap_or_default().into_iter().next();
    let mut columns = row.unwrap_or_default().into_iter();
    let mut next = || columns.next().flatten();
    let (outcome, checksum) = (next(), next());
    let failed = outcome.as_deref() == Some(word(Outcome::Failure));
    if !failed || checksum.as_deref() != Some(migration.up.checksum.as_str()) {
        return Ok(None);
    }
    Ok(Some(Objection::Failed {
        version: migration.version.clone(),
        name: migration.name.clone(),
        run_id: next().unwrap_or_default(),
        started_at: next().unwrap_or_default(),
        error_code: next(),
        error_text: next(),
    }))
}
