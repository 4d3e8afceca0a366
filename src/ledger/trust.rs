//! Checks that only trusted roles control the runner's tables. A role that may create objects could create a table with this name in
//! advance, or attach code to it that runs with the privileges of the runner.

use super::name::{OwnTables, schema_and_table};
use crate::database::{DatabaseError, Session};
use crate::plan::Objection;

/// What failed, if that could not be checked.
pub(crate) const UNSEEN: &str = "cannot determine who controls the history tables";

/// Why ledger and journal must neither be read nor written; checked before anything else.
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
