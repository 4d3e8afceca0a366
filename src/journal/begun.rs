//! Whether something was ever done here.

use super::{MIGRATION, REPAIR};
use crate::database::{DatabaseError, Session};
use crate::ledger::{qualified, rows_if_table};

/// Whether a migration was ever tried or a history ever changed: then what the database has may come from that, though the ledger
/// is empty by now. The row of a run alone says nothing: one that was refused has it, too.
pub(crate) async fn has_begun(session: &mut dyn Session, name: &str) -> Result<bool, DatabaseError> {
    let table = qualified(session, name);
    let sql = format!("SELECT id FROM {table} WHERE kind IN ('{MIGRATION}', '{REPAIR}') LIMIT 1");
    Ok(rows_if_table(session, &table, &sql).await?.is_some_and(|rows| !rows.is_empty()))
}
