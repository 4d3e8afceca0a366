//! Whether a migration was ever attempted in this database.

use super::{MIGRATION, REPAIR, TOTAL, counted};
use crate::database::{DatabaseError, Session};
use crate::ledger::qualified;

/// Whether a migration was ever attempted or the history ever changed. Then existing tables may come from that, even if the ledger is empty
/// by now. The row of a run is no evidence: a refused run has one as well.
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
