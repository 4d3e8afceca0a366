//! Rows of any of the drivers as text.

use super::Row;

/// The columns of a row; what the driver cannot read as text is NULL.
pub(super) fn columns<R>(row: &R) -> Row
where
    R: sqlx::Row,
    usize: sqlx::ColumnIndex<R>,
    for<'r> Option<String>: sqlx::Decode<'r, R::Database>,
{
    (0..row.len()).map(|index| row.try_get_unchecked::<Option<String>, _>(index).ok().flatten()).collect()
}

/// The number in the first column of the first row; 0 when there is none.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(super) fn number(rows: &[Row]) -> u64 {
    rows.first().and_then(|row| row.first()?.as_ref()?.parse().ok()).unwrap_or_default()
}

/// The first column of every row that has something there.
pub(super) fn first_column(rows: Vec<Row>) -> Vec<String> {
    rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect()
}
