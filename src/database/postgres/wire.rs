//! The only code that sends SQL to PostgreSQL.

use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Either};

use super::error::translate;
use super::login::Login;
use super::pinned::{self, pinned};
use super::text::byte;
use crate::database::relay::{Expected, Relay};
use crate::database::row::{Kept, columns};
use crate::database::shelter::shelter;
use crate::database::{Activity, DatabaseError, ErrorKind, Row, failure, silence, silent};

/// The result of one statement of a message.
pub(super) struct Answer {
    pub(super) affected: u64,
    pub(super) rows: Vec<Row>,
    pub(super) returned: u64,
}

/// The results of the statements before the error, and the error if there was one.
pub(super) type Answers = (Vec<Answer>, Option<sqlx::Error>);

/// One connection.
pub(super) struct Wire {
    connection: PgConnection,
    relay: Relay,
    /// Opens another connection, to ask about this session.
    login: Login,
    /// The server's process ID of the session; `None` where it is unknown, or the session changes.
    pub(super) process: Option<u64>,
    /// Whether the connection must not be used any more.
    given_up: bool,
}

impl Wire {
    /// Connects with `login` within `limit`.
    pub(super) async fn to(login: &Login, limit: Duration) -> Result<Self, DatabaseError> {
        let connection = tokio::time::timeout(limit, login.connect()).await;
        let (connection, relay) = connection.map_err(|_| failure::unanswered(limit))??;
        Ok(Self { connection, relay, login: login.clone(), process: None, given_up: false })
    }

    /// Sends a message with a statement of a script, without a time limit.
    ///
    /// The rows of the result with the index `dropped` are counted and discarded: a migration may select millions.
    pub(super) async fn send(&mut self, sql: String, dropped: Option<usize>) -> Answers {
        if self.given_up {
            return (Vec::new(), Some(sqlx::Error::Protocol(silent().message)));
        }
        self.relay.expect(if dropped.is_some() { Expected::Statement } else { Expected::OwnQuery });
        let answers = collect(&mut self.connection, sql, dropped).await;
        let answers = self.explained(answers).await;
        self.given_up = unreadable(&answers);
        answers
    }

    /// Sends a message with only the runner's SQL, and waits as long as the server is executing it.
    pub(super) async fn send_own(&mut self, sql: String) -> Result<Answers, DatabaseError> {
        if self.given_up {
            return Err(silent());
        }
        self.relay.expect(Expected::OwnQuery);
        let (login, process) = (&self.login, self.process);
        let answer = collect(&mut self.connection, sql, None);
        let answered = match silence::answered(answer, || ask(login, process)).await {
            Ok(answers) => Ok(self.explained(answers).await),
            Err(error) => Err(error),
        };
        self.given_up = answered.as_ref().map_or(true, unreadable);
        answered
    }

    async fn explained(&mut self, answers: Answers) -> Answers {
        let (answers, error) = answers;
        match error {
            Some(error) => (answers, Some(self.relay.explain(error).await)),
            None => (answers, None),
        }
    }

    /// Runs one query in a transaction that `begin` opens.
    pub(super) async fn query_in(&mut self, begin: &[String], sql: &str) -> Result<Vec<Row>, DatabaseError> {
        let (answers, error) = self.send_own(format!("{};{sql}\n;COMMIT", begin.join(";"))).await?;
        if let Some(error) = error {
            let error = translate(&error, 0);
            if error.kind != ErrorKind::Lost {
                self.plain("ROLLBACK").await?;
            }
            return Err(DatabaseError { position: None, ..error });
        }
        Ok(answers.into_iter().nth(begin.len()).map(|answer| answer.rows).unwrap_or_default())
    }

    /// Runs one query of the runner with fully qualified names, in a transaction that a second message ends.
    pub(super) async fn plain_alone(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        let rows = self.plain(&format!("BEGIN;{sql}")).await;
        let rolled_back = self.plain("ROLLBACK").await;
        // The first error is the cause.
        rows.and_then(|rows| rolled_back.map(|_| rows))
    }

    /// Runs one query of the runner, independent of the search path.
    pub(super) async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        let (mut answers, error) = self.send_own(pinned(sql)).await?;
        match error {
            Some(error) => {
                let mut error = translate(&error, pinned::AHEAD);
                error.position = error.position.map(|chars| byte(sql, chars));
                Err(error)
            }
            None => {
                // The last result restores the path.
                answers.pop();
                Ok(answers.pop().map(|answer| answer.rows).unwrap_or_default())
            }
        }
    }

    /// Runs statements that control transactions or the session, or have only fully qualified names.
    pub(super) async fn plain(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        debug_assert!(pinned::is_in_full(sql), "depends on the search path: {sql}");
        self.in_path(sql).await
    }

    /// Runs a user's query, whose names are resolved by the search path.
    pub(super) async fn in_path(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        let (mut answers, error) = self.send_own(sql.to_owned()).await?;
        match error {
            Some(error) => {
                let mut error = translate(&error, 0);
                error.position = error.position.map(|chars| byte(sql, chars));
                Err(error)
            }
            None => Ok(answers.pop().map(|answer| answer.rows).unwrap_or_default()),
        }
    }

    /// The process ID of the server's session.
    pub(super) async fn process(&mut self) -> Result<Option<u64>, DatabaseError> {
        let rows = self.plain("SELECT pg_catalog.pg_backend_pid()").await?;
        Ok(rows.first().and_then(|row| row.first()?.as_deref()?.parse().ok()))
    }

    /// The activity of the session with this process ID.
    pub(super) async fn activity(&mut self, process: u64) -> Result<Activity, DatabaseError> {
        Ok(activity(self.query(&state_of(process)).await?))
    }

    pub(super) async fn close(mut self) {
        if !self.given_up {
            silence::goodbye(shelter(self.connection.close())).await;
            self.relay.finish().await;
        }
    }
}

/// Asks about a session on a new connection; `None` where that connection fails.
async fn ask(login: &Login, process: Option<u64>) -> Option<Activity> {
    let mut asking = Wire::to(login, silence::ASKING).await.ok()?;
    let Some(process) = process else { return Some(Activity::Unknown) };
    asking.relay.expect(Expected::OwnQuery);
    let (answers, error) = collect(&mut asking.connection, pinned(&state_of(process)), None).await;
    asking.close().await;
    if error.is_some() { None } else { answers.into_iter().nth_back(1).map(|answer| activity(answer.rows)) }
}

fn state_of(process: u64) -> String {
    format!("SELECT state FROM pg_catalog.pg_stat_activity WHERE pid = {process}")
}

fn activity(rows: Vec<Row>) -> Activity {
    let Some(row) = rows.into_iter().next() else { return Activity::Gone };
    match row.into_iter().next().flatten().as_deref() {
        Some(state) if state.starts_with("idle") => Activity::Idle,
        // Not visible to this user, or not tracked by the server.
        None | Some("disabled") => Activity::Unknown,
        Some(_) => Activity::Busy,
    }
}

/// Whether nothing more can be read from the connection after these results.
fn unreadable((_, error): &Answers) -> bool {
    matches!(error, Some(sqlx::Error::Protocol(_)))
}

async fn collect(connection: &mut PgConnection, sql: String, dropped: Option<usize>) -> Answers {
    let mut answers = Vec::new();
    let error = shelter(collect_into(&mut answers, connection, sql, dropped)).await.err();
    (answers, error)
}

async fn collect_into(
    answers: &mut Vec<Answer>,
    connection: &mut PgConnection,
    sql: String,
    dropped: Option<usize>,
) -> Result<(), sqlx::Error> {
    let (mut rows, mut returned) = (Kept::default(), 0);
    let mut stream = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_many(connection);
    while let Some(part) = stream.try_next().await? {
        match part {
            Either::Left(done) => answers.push(Answer {
                affected: done.rows_affected(),
                rows: rows.take(),
                returned: std::mem::take(&mut returned),
            }),
            Either::Right(row) => {
                returned += 1;
                if dropped != Some(answers.len()) {
                    rows.push(columns(&row))?;
                }
            }
        }
    }
    Ok(())
}
