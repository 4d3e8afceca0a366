//! Rows of any driver as text.

use crate::plan::{TableFault, TableFaultKind};

/// The columns of one row as text; `None` is NULL.
pub type Row = Vec<Option<String>>;

/// The columns of a row; a value that the driver cannot read as text becomes NULL.
pub(super) fn columns<R>(row: &R) -> Row
where
    R: sqlx::Row,
    usize: sqlx::ColumnIndex<R>,
    for<'r> Option<String>: sqlx::Decode<'r, R::Database>,
{
    (0..row.len()).map(|index| row.try_get_unchecked::<Option<String>, _>(index).ok().flatten()).collect()
}

/// The rows of an answer, up to a size limit.
#[derive(Debug, Default)]
pub(super) struct Kept {
    rows: Vec<Row>,
    bytes: usize,
}

impl Kept {
    /// The maximum size of an answer, in bytes: some 80,000 rows of a ledger.
    const LARGEST: usize = 32 << 20;

    /// Adds a row.
    ///
    /// # Errors
    /// If the answer becomes too large: a lost connection, because the rest may never end.
    pub(super) fn push(&mut self, row: Row) -> Result<(), sqlx::Error> {
        // Each text needs some memory beyond its length.
        self.bytes += row.iter().map(|column| 48 + column.as_ref().map_or(0, String::len)).sum::<usize>();
        if self.bytes > Self::LARGEST {
            let message = format!("the answer to a query of migrascope is larger than {} MB", Self::LARGEST >> 20);
            return Err(sqlx::Error::Protocol(message));
        }
        self.rows.push(row);
        Ok(())
    }

    /// Takes the rows.
    pub(super) fn take(&mut self) -> Vec<Row> {
        self.bytes = 0;
        std::mem::take(&mut self.rows)
    }
}

/// The number in the first column of the first row; 0 without rows.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(super) fn number(rows: &[Row]) -> u64 {
    rows.first().and_then(|row| row.first()?.as_ref()?.parse().ok()).unwrap_or_default()
}

/// The values in the first column that are not NULL.
pub(super) fn first_column(rows: Vec<Row>) -> Vec<String> {
    rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect()
}

/// Faults of the runner's own tables from rows of schema, table, fault and a name.
pub(super) fn table_faults(rows: Vec<Row>) -> Vec<TableFault> {
    let fault = |row: Row| {
        let mut columns = row.into_iter();
        let mut next = || columns.next().flatten().unwrap_or_default();
        let (schema, table) = (next(), next());
        let table = if table.is_empty() { schema } else { format!("{schema}.{table}") };
        TableFault { table, kind: TableFaultKind::of(&next(), next()) }
    };
    rows.into_iter().map(fault).collect()
}
