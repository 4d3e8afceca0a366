//! Whether something was ever done here.

use super::{MIGRATION, REPAIR, TOTAL, counted};
use crate::database::{DatabaseError, Session};
use crate::ledger::qualified;

/// Whether a migration was ever tried or a history ever changed: then what the database has may come from that, though the ledger
/// is empty by now. The row of a run alone says nothing: one that was refused has it, too.
pub(crate) async fn has_begun(session: &mut dyn Session, name: &str) -> Result<bool, DatabaseError> {
    let table = qualified(session.sql(), name);
    let rows = counted::live(session, &table, |_, live| {
        let these = format!("('{MIGRATION}', '{REPAIR}')");
        format!(
            "SELECT id FROM {table} WHERE {live} AND (kind IN {these} OR kind = '{TOTAL}' AND version IN {these}) LIMIT 1"
        )
    });
    Ok(rows.await?.is_some_and(|rows| !rows.is_empty()))
}
