//! Rows that violate a foreign key.

use crate::database::{DatabaseError, ErrorKind, OrphanQueries};

pub(super) const QUERIES: OrphanQueries = OrphanQueries {
    tables: "SELECT DISTINCT quote(name) FROM sqlite_master, pragma_foreign_key_list(name) WHERE sqlite_master.type = 'table'",
    of_table: |literal| {
        format!(
            "SELECT \"table\", parent, count(*), 'rowid ' || min(\"rowid\") FROM pragma_foreign_key_check({literal}) GROUP BY 1, 2"
        )
    },
    is_uncheckable,
};

/// A foreign key that refers to columns which are not unique.
fn is_uncheckable(error: &DatabaseError) -> bool {
    error.kind == ErrorKind::Other && error.message.contains("foreign key mismatch")
}
