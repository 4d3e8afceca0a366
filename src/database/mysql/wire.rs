//! The only place that sends SQL to MySQL and MariaDB.

use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection, Either};

use super::error::translate;
use super::login::Login;
use crate::database::relay::{Expected, Relay};
use crate::database::row::{Kept, columns};
use crate::database::shelter::shelter;
use crate::database::{Activity, DatabaseError, Row, failure, silence, silent};

/// One connection.
pub(super) struct Wire {
    pub(super) connection: MySqlConnection,
    relay: Relay,
    /// Makes another connection, which can ask about this one.
    login: Login,
    /// The server's number for the session; `None` where it is not known.
    pub(super) process: Option<u64>,
    /// Whether nothing is to be had of it any more.
    given_up: bool,
}

impl Wire {
    /// Connects as `login` says, in so long at most.
    pub(super) async fn to(login: &Login, limit: Duration) -> Result<Self, DatabaseError> {
        let connection = tokio::time::timeout(limit, login.connect()).await;
        let (connection, relay) = connection.map_err(|_| failure::unanswered(limit))??;
        Ok(Self { connection, relay, login: login.clone(), process: None, given_up: false })
    }

    /// Runs one statement of a script, and waits however long it takes; rows of a migration are counted and dropped, because it
    /// may select millions.
    pub(super) async fn collect(&mut self, sql: &str, keep: Keep) -> Result<(u64, Vec<Row>), sqlx::Error> {
        if self.given_up {
            return Err(sqlx::Error::Protocol(silent().message));
        }
        self.relay.expect(if keep == Keep::Rows { Expected::OwnQuery } else { Expected::Statement });
        let collected = match shelter(collect(&mut self.connection, sql, keep)).await {
            Ok(collected) => Ok(collected),
            Err(error) => Err(self.relay.explain(error).await),
        };
        self.given_up = matches!(collected, Err(sqlx::Error::Protocol(_)));
        collected
    }

    /// Runs one statement of ours, and waits as long as the server works on it.
    pub(super) async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        if self.given_up {
            return Err(silent());
        }
        self.relay.expect(Expected::OwnQuery);
        let (login, process) = (&self.login, self.process);
        let answer = shelter(collect(&mut self.connection, sql, Keep::Rows));
        let answered = match silence::answered(answer, || ask(login, process)).await {
            Ok(Err(error)) => Ok(Err(self.relay.explain(error).await)),
            other => other,
        };
        self.given_up = matches!(answered, Err(_) | Ok(Err(sqlx::Error::Protocol(_))));
        answered?.map(|(_, rows)| rows).map_err(|error| translate(&error, sql))
    }

    /// What the session with this number is doing.
    pub(super) async fn activity(&mut self, process: u64) -> Result<Activity, DatabaseError> {
        Ok(activity(self.query(&command_of(process)).await?))
    }

    pub(super) async fn close(mut self) {
        if !self.given_up {
            silence::goodbye(shelter(self.connection.close())).await;
            self.relay.finish().await;
        }
    }
}

/// Asks about a session on a new connection; `None` where there is none to be had.
async fn ask(login: &Login, process: Option<u64>) -> Option<Activity> {
    let mut asking = Wire::to(login, silence::ASKING).await.ok()?;
    let Some(process) = process else { return Some(Activity::Unknown) };
    asking.relay.expect(Expected::OwnQuery);
    let answer = shelter(collect(&mut asking.connection, &command_of(process), Keep::Rows)).await;
    asking.close().await;
    answer.ok().map(|(_, rows)| activity(rows))
}

/// A user's own sessions are shown without any privilege.
fn command_of(process: u64) -> String {
    format!("SELECT CAST(COMMAND AS CHAR) FROM information_schema.PROCESSLIST WHERE ID = {process}")
}

fn activity(rows: Vec<Row>) -> Activity {
    let Some(row) = rows.into_iter().next() else { return Activity::Gone };
    match row.into_iter().next().flatten().as_deref() {
        Some("Sleep") => Activity::Idle,
        Some(_) => Activity::Busy,
        None => Activity::Unknown,
    }
}

async fn collect(connection: &mut MySqlConnection, sql: &str, keep: Keep) -> Result<(u64, Vec<Row>), sqlx::Error> {
    let (mut affected, mut returned, mut rows) = (0, 0, Kept::default());
    let mut stream = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_many(connection);
    while let Some(part) = stream.try_next().await? {
        match part {
            Either::Left(done) => affected += done.rows_affected(),
            Either::Right(row) => {
                returned += 1;
                if keep == Keep::Rows {
                    rows.push(columns(&row))?;
                }
            }
        }
    }
    Ok((affected.max(returned), rows.take()))
}

/// What becomes of the rows that a statement returns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Rows,
    Nothing,
}
