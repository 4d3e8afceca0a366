//! Whether our tables are ours alone. A role that may create objects could make a table of this name before us, or hang code on it that runs with our
//! rights.

use super::name::{OwnTables, schema_and_table};
use crate::database::{DatabaseError, Session};
use crate::plan::Objection;

/// What failed where that could not be asked.
pub(crate) const UNSEEN: &str = "cannot see whose the history tables are";

/// Why ledger and journal are neither to be read nor written; asked before anything else.
pub(crate) async fn untrusted(
    session: &mut dyn Session,
    OwnTables { ledger, journal }: OwnTables<'_>,
) -> Result<Option<Objection>, DatabaseError> {
    let tables = [ledger, journal].map(|name| {
        let (schema, table) = schema_and_table(session.sql(), name);
        (schema.map(str::to_owned), table.to_owned())
    });
    let faults = session.faults(&tables).await?;
    Ok((!faults.is_empty()).then_some(Objection::Untrusted(faults)))
}
