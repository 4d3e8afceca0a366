//! The only code that sends SQL to MySQL and MariaDB.

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
    /// Opens another connection, to ask about this session.
    login: Login,
    /// The server's connection ID; `None` where it is unknown.
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

    /// Runs one statement of a script without a time limit. A migration's rows are counted and discarded, because it may select
    /// millions.
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

    /// Runs one statement of the runner, and waits as long as the server is executing it.
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

/// Asks about a session on a new connection; `None` where that connection fails.
async fn ask(login: &Login, process: Option<u64>) -> Option<Activity> {
    let mut asking = Wire::to(login, silence::ASKING).await.ok()?;
    let Some(process) = process else { return Some(Activity::Unknown) };
    asking.relay.expect(Expected::OwnQuery);
    let answer = shelter(collect(&mut asking.connection, &command_of(process), Keep::Rows)).await;
    asking.close().await;
    answer.ok().map(|(_, rows)| activity(rows))
}

/// Users can see their own sessions without any privilege.
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

/// What to do with the rows that a statement returns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Rows,
    Nothing,
}
