//! The only code that sends SQL to SQLite.

use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Either};

use super::error::translate;
use crate::database::row::{Kept, columns};
use crate::database::shelter::shelter;
use crate::database::{DatabaseError, Row, locate};

/// One connection.
pub(super) struct Wire {
    pub(super) connection: SqliteConnection,
}

impl Wire {
    /// Runs statements and counts the finished ones in `finished`. A migration's rows are counted and discarded, because it may
    /// select millions.
    pub(super) async fn collect(
        &mut self,
        sql: &str,
        keep: Keep,
        finished: &mut usize,
    ) -> Result<(u64, Vec<Row>), sqlx::Error> {
        let (mut affected, mut returned, mut rows) = (0, 0, Kept::default());
        let mut stream = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_many(&mut self.connection);
        while let Some(part) = stream.try_next().await? {
            match part {
                Either::Left(done) => {
                    affected += done.rows_affected();
                    *finished += 1;
                }
                Either::Right(row) => {
                    returned += 1;
                    if keep == Keep::Rows {
                        rows.push(columns(&row))?;
                    }
                }
            }
        }
        drop(stream);
        // SQLite's count of changes is that of the last INSERT, UPDATE or DELETE, even after other statements.
        let rows_changed = if changes_rows(sql) { affected } else { 0 };
        Ok((rows_changed.max(returned), rows.take()))
    }

    pub(super) async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        shelter(self.collect(sql, Keep::Rows, &mut 0))
            .await
            .map(|(_, rows)| rows)
            .map_err(|error| translate(&error, sql))
    }

    /// The position of a syntax error: the first candidate position at which a prefix of the statement, used only in `EXPLAIN`,
    /// fails with the same error. Every longer prefix fails in the same way, so a binary search finds it.
    pub(super) async fn place(&mut self, error: &DatabaseError, sql: &str) -> Option<usize> {
        let near = locate::between(&error.message, "near \"", "\": syntax error")
            .or_else(|| locate::between(&error.message, "unrecognized token: \"", "\""))?;
        let candidates: Vec<usize> = locate::whole_words(sql, near).collect();
        let (mut low, mut high) = (0, candidates.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let prefix = &sql[..candidates[middle] + near.len()];
            match self.collect(&format!("EXPLAIN {prefix}"), Keep::Nothing, &mut 0).await {
                Err(found) if translate(&found, prefix).message == error.message => high = middle,
                _ => low = middle + 1,
            }
        }
        candidates.get(low).copied()
    }
}

/// What to do with the rows that a statement returns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Rows,
    Nothing,
}

fn changes_rows(sql: &str) -> bool {
    let keyword: String = sql.chars().take_while(char::is_ascii_alphabetic).collect();
    ["insert", "update", "delete", "replace", "with"].iter().any(|verb| keyword.eq_ignore_ascii_case(verb))
}
