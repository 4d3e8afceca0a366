//! The only place that sends SQL to MySQL and MariaDB.

use futures_util::TryStreamExt;
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Either};

use super::error::translate;
use crate::database::row::columns;
use crate::database::{DatabaseError, Row};

/// One connection.
pub(super) struct Wire {
    pub(super) connection: MySqlConnection,
}

impl Wire {
    pub(super) async fn send(&mut self, sql: &str) -> Result<(u64, Vec<Row>), sqlx::Error> {
        self.collect(sql, Keep::Rows).await
    }

    /// Runs one statement; rows of a migration are counted and dropped, because it may select millions.
    pub(super) async fn collect(&mut self, sql: &str, keep: Keep) -> Result<(u64, Vec<Row>), sqlx::Error> {
        let (mut affected, mut returned, mut rows) = (0, 0, Vec::new());
        let mut stream = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_many(&mut self.connection);
        while let Some(part) = stream.try_next().await? {
            match part {
                Either::Left(done) => affected += done.rows_affected(),
                Either::Right(row) => {
                    returned += 1;
                    if keep == Keep::Rows {
                        rows.push(columns(&row));
                    }
                }
            }
        }
        Ok((affected.max(returned), rows))
    }

    pub(super) async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        self.send(sql).await.map(|(_, rows)| rows).map_err(|error| translate(&error, sql))
    }
}

/// What becomes of the rows that a statement returns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Rows,
    Nothing,
}
