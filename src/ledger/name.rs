//! Names of our tables.

use crate::database::{DatabaseError, Query, Session, Sql};

/// The names of our two tables as the options give them, each with or without a schema in front.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnTables<'n> {
    pub(crate) ledger: &'n str,
    pub(crate) journal: &'n str,
}

/// A table's name in quotes: in the schema it names, or in the one the session creates its tables in.
pub(crate) fn qualified(sql: &dyn Sql, name: &str) -> String {
    match schema_and_table(sql, name) {
        (Some(schema), table) => format!("{}.{}", sql.quote(schema), sql.quote(table)),
        (None, table) => sql.quote(table),
    }
}

/// The same in its parts.
pub(crate) fn schema_and_table<'n>(sql: &'n dyn Sql, name: &'n str) -> (Option<&'n str>, &'n str) {
    match name.split_once('.') {
        Some((schema, table)) => (Some(schema), table),
        None => (sql.home(), name),
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
    match session.query(Query::OfTable(table, sql)).await {
        Ok(rows) => Ok(Some(rows)),
        Err(error) if error.kind == crate::database::ErrorKind::NoTable => Ok(None),
        Err(error) => Err(error),
    }
}
