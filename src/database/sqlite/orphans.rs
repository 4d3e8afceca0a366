//! Finds rows that violate a foreign key.

use super::wire::Wire;
use crate::database::{DatabaseError, ErrorKind, Orphans};

/// The violations in every table that has foreign keys.
pub(super) async fn find(wire: &mut Wire) -> Result<Vec<Orphans>, DatabaseError> {
    let sql = "SELECT DISTINCT quote(name) FROM sqlite_master, pragma_foreign_key_list(name) WHERE sqlite_master.type = 'table'";
    let mut orphans = Vec::new();
    for table in wire.query(sql).await? {
        let Some(table) = table.into_iter().next().flatten() else { continue };
        match of_table(wire, &table).await {
            Ok(found) => orphans.extend(found),
            // The foreign key refers to columns that are not unique, so its rows cannot be checked.
            Err(error) if error.kind == ErrorKind::Other && error.message.contains("foreign key mismatch") => {}
            Err(error) => return Err(error),
        }
    }
    Ok(orphans)
}

/// The violations in the table whose name is this literal.
async fn of_table(wire: &mut Wire, literal: &str) -> Result<Vec<Orphans>, DatabaseError> {
    let sql = format!(
        "SELECT \"table\", parent, count(*), 'rowid ' || min(\"rowid\") FROM pragma_foreign_key_check({literal}) GROUP BY 1, 2"
    );
    let rows = wire.query(&sql).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let mut columns = row.into_iter();
            let mut next = || columns.next().flatten();
            let (table, parent) = (next().unwrap_or_default(), next().unwrap_or_default());
            let rows = next().and_then(|count| count.parse().ok()).unwrap_or_default();
            Orphans { table, parent, rows, first: next() }
        })
        .collect())
}
