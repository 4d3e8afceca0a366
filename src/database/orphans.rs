//! Rows that violate a foreign key.

use super::failure::DatabaseError;
use super::query::Query;
use super::row::first_column;
use super::session::Session;

/// Rows of one table that refer to rows of another one which do not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphans {
    /// The table that refers.
    pub table: String,
    /// The table that it refers to.
    pub parent: String,
    /// How many rows.
    pub rows: u64,
    /// How to find one of them, such as `rowid 5`; `None` where its table has no such number.
    pub first: Option<String>,
}

/// The rows that violate a foreign key, counted for each pair of tables; tables that cannot be checked are left out.
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
