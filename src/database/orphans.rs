//! Rows that violate a foreign key.

use super::failure::DatabaseError;
use super::query::Query;
use super::row::first_column;
use super::session::Session;

/// Rows of one table that refer to missing rows of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphans {
    /// The referring table.
    pub table: String,
    /// The referenced table.
    pub parent: String,
    /// The number of rows.
    pub rows: u64,
    /// How to find one of them, such as `rowid 5`; `None` if its table has no row ids.
    pub first: Option<String>,
}

/// The rows that violate a foreign key, counted for each pair of tables. Tables that cannot be checked are left out.
pub(crate) async fn orphans(session: &mut dyn Session) -> Result<Vec<Orphans>, DatabaseError> {
    let Some(queries) = session.sql().orphans() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for table in first_column(session.query(Query::InPath(queries.tables)).await?) {
        match session.query(Query::InPath(&(queries.of_table)(&table))).await {
            Ok(rows) => found.extend(rows.into_iter().map(orphan)),
            Err(error) if (queries.is_uncheckable)(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn orphan(row: super::row::Row) -> Orphans {
    let mut columns = row.into_iter();
    let mut next = || columns.next().flatten();
    let (table, parent) = (next().unwrap_or_default(), next().unwrap_or_default());
    let rows = next().and_then(|count| count.parse().ok()).unwrap_or_default();
    Orphans { table, parent, rows, first: next() }
}
