//! Names of our tables.

use crate::database::{DatabaseError, Session};

/// The names of our two tables as the options give them, each with or without a schema in front.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnTables<'n> {
    pub(crate) ledger: &'n str,
    pub(crate) journal: &'n str,
}

/// A table's name in quotes: in the schema it names, or in the one the session creates its tables in.
pub(crate) fn qualified(session: &dyn Session, name: &str) -> String {
    match schema_and_table(session, name) {
        (Some(schema), table) => format!("{}.{}", session.quote(schema), session.quote(table)),
        (None, table) => session.quote(table),
    }
}

/// The same in its parts.
pub(crate) fn schema_and_table<'n>(session: &'n dyn Session, name: &'n str) -> (Option<&'n str>, &'n str) {
    match name.split_once('.') {
        Some((schema, table)) => (Some(schema), table),
        None => (session.home(), name),
    }
}

/// A table's name without its schema.
pub(crate) fn bare_name(name: &str) -> &str {
    name.split_once('.').map_or(name, |(_, table)| table)
}

/// Reads the rows of a query of this table of ours, in quotes; `None` when it does not exist.
pub(crate) async fn rows_if_table(
    session: &mut dyn Session,
    table: &str,
    sql: &str,
) -> Result<Option<Vec<crate::database::Row>>, DatabaseError> {
    match session.query_table(table, sql).await {
        Ok(rows) => Ok(Some(rows)),
        Err(error) if error.kind == crate::database::ErrorKind::NoTable => Ok(None),
        Err(error) => Err(error),
    }
}
