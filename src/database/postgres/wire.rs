//! The only place that sends SQL to PostgreSQL.

use futures_util::TryStreamExt;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Either};

use super::error::translate;
use super::text::byte;
use crate::database::row::columns;
use crate::database::{DatabaseError, ErrorKind, Row};

/// One answer to one statement of a message.
pub(super) struct Answer {
    pub(super) affected: u64,
    pub(super) rows: Vec<Row>,
    pub(super) returned: u64,
}

/// One connection.
pub(super) struct Wire {
    pub(super) connection: PgConnection,
}

impl Wire {
    /// Sends a message of one or several statements; the answers that came before the error, if there was one.
    ///
    /// The rows of the answer number `dropped` are counted and not kept: a migration may select millions.
    pub(super) async fn send(&mut self, sql: String, dropped: Option<usize>) -> (Vec<Answer>, Option<sqlx::Error>) {
        let mut answers = Vec::new();
        let mut rows = Vec::new();
        let mut returned = 0;
        let mut stream = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_many(&mut self.connection);
        loop {
            match stream.try_next().await {
                Ok(Some(Either::Left(done))) => {
                    answers.push(Answer {
                        affected: done.rows_affected(),
                        rows: std::mem::take(&mut rows),
                        returned: std::mem::take(&mut returned),
                    });
                }
                Ok(Some(Either::Right(row))) => {
                    returned += 1;
                    if dropped != Some(answers.len()) {
                        rows.push(columns(&row));
                    }
                }
                Ok(None) => return (answers, None),
                Err(error) => return (answers, Some(error)),
            }
        }
    }

    /// Runs one query of ours that can write nothing.
    pub(super) async fn query_read_only(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        let (answers, error) = self.send(format!("BEGIN READ ONLY;{sql}\n;COMMIT"), None).await;
        if let Some(error) = error {
            let error = translate(&error, 0);
            if error.kind != ErrorKind::Lost {
                self.query("ROLLBACK").await?;
            }
            return Err(DatabaseError { position: None, ..error });
        }
        Ok(answers.into_iter().nth(1).map(|answer| answer.rows).unwrap_or_default())
    }

    /// Runs one query of ours.
    pub(super) async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        let (mut answers, error) = self.send(sql.to_owned(), None).await;
        match error {
            Some(error) => {
                let mut error = translate(&error, 0);
                error.position = error.position.map(|chars| byte(sql, chars));
                Err(error)
            }
            None => Ok(answers.pop().map(|answer| answer.rows).unwrap_or_default()),
        }
    }

    /// The number of the server's session that answers.
    pub(super) async fn process(&mut self) -> Result<Option<u64>, DatabaseError> {
        let rows = self.query("SELECT pg_catalog.pg_backend_pid()").await?;
        Ok(rows.first().and_then(|row| row.first()?.as_deref()?.parse().ok()))
    }
}
