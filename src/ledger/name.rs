//! Names of the runner's own tables.

use crate::database::{DatabaseError, Query, Session, Sql};

/// The names of the two tables as given in the options, each with or without a schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnTables<'n> {
    pub(crate) ledger: &'n str,
    pub(crate) journal: &'n str,
}

/// The quoted name of a table: in the schema that it names, or otherwise in the schema where the session creates its tables.
pub(crate) fn qualified(sql: &dyn Sql, name: &str) -> String {
    match schema_and_table(sql, name) {
        (Some(schema), table) => format!("{}.{}", sql.quote(schema), sql.quote(table)),
        (None, table) => sql.quote(table),
    }
}

/// The same as schema and table name.
pub(crate) fn schema_and_table<'n>(sql: &'n dyn Sql, name: &'n str) -> (Option<&'n str>, &'n str) {
    match name.split_once('.') {
        Some((schema, table)) => (Some(schema), table),
        None => (sql.home(), name),
    }
}

/// SQL that creates the schema that a table's name has, before the SQL that creates the table.
pub(crate) fn in_schema(sql: &dyn Sql, name: &str, table: &str) -> String {
    let schema = name.split_once('.').and_then(|(schema, _)| sql.create_schema(schema));
    schema.into_iter().chain([table.to_owned()]).collect::<Vec<_>>().join(";\n")
}

/// A table's name without its schema.
pub(crate) fn bare_name(name: &str) -> &str {
    name.split_once('.').map_or(name, |(_, table)| table)
}

/// Reads the names of this table's columns; `None` if the table, or the schema in its name, does not exist.
pub(crate) async fn columns_if_table(
    session: &mut dyn Session,
    name: &str,
) -> Result<Option<Vec<String>>, DatabaseError> {
    let (schema, table) = schema_and_table(session.sql(), name);
    let query = session.sql().columns(schema, table);
    let rows = session.query(Query::Own(&query)).await?;
    let columns: Vec<String> = rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect();
    Ok((!columns.is_empty()).then_some(columns))
}

/// Reads the rows of a query of this table, given by its quoted name; `None` if the table does not exist.
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
