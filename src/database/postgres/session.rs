//! The session that runs migrations.

mod message;

use std::time::Duration;

use async_trait::async_trait;

use super::faults::{self, Owner};
use super::pinned::{MEASURE_AND_PIN, PIN, PIN_OWN, UNPIN};
use super::sharing::no_initialisation;
use super::sql::PostgresSql;
use super::text::settings;
use super::wire::{Answer, Wire};
use super::{lock_sql, transaction};
use crate::database::row::{number, table_faults};
use crate::database::{
    Access, DatabaseError, Done, ErrorKind, Execute, Limits, Query, RolledBack, Row, ServerInfo, Session, Sharing, Sql,
    Transaction, TransactionState, Urgency,
};
use crate::plan::TableFault;
use crate::report::Stage;

/// How long a progress record that can be written later waits for a lock.
const SHORT_WAIT: Duration = Duration::from_millis(500);

pub(super) struct PostgresSession {
    pub(super) wire: Wire,
    pub(super) sql: PostgresSql,
    pub(super) init: Vec<String>,
    pub(super) access: Access,
    /// Statements that are sent together with the next message: `BEGIN` and its limits.
    ahead: Vec<String>,
    /// Whether the connection has a server session to itself; `None` until that is known.
    sharing: Option<Sharing>,
    /// The limits of transactions, as long as none may be set for the session.
    limits: Limits,
    /// Whether a read-only transaction is open.
    reading: bool,
    /// The key of the worker lock that the session holds.
    claimed: Option<i64>,
    /// Whether limits were set for the session, so that a transaction without limits must reset them.
    limited: bool,
    /// The quoted names of the runner's tables, and the statement that refuses to write them; set after they were checked in a session that
    /// writes.
    guarded: Option<(Vec<String>, Option<String>)>,
    /// The options of the connection.
    pub(super) options: Option<String>,
    /// The settings that other clients have where the driver has set something else; `None` until they are read.
    pub(super) clients_own: Option<Vec<(String, String)>>,
}

impl PostgresSession {
    /// A session on this connection, before anything is known about the server.
    pub(super) fn new(wire: Wire, identity: ServerInfo, init: Vec<String>, access: Access) -> Self {
        Self {
            wire,
            sql: PostgresSql::new(identity),
            init,
            access,
            ahead: Vec::new(),
            sharing: None,
            limits: Limits::default(),
            reading: false,
            claimed: None,
            limited: false,
            guarded: None,
            options: None,
            clients_own: None,
        }
    }

    /// Runs a query of the runner, in the open transaction or in one of its own.
    async fn own(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        if !self.ahead.is_empty() {
            let guarded = self.guarded(sql);
            let answers = self.message(None, &[PIN, &guarded, UNPIN]).await?;
            return Ok(answers.into_iter().nth_back(1).map(|answer| answer.rows).unwrap_or_default());
        }
        match self.around() {
            Some(begin) => self.wire.query_in(&[begin, vec![PIN_OWN.to_owned()]].concat(), sql).await,
            None => self.wire.query(&self.guarded(sql)).await.map_err(faults::found),
        }
    }
}

#[async_trait]
impl Session for PostgresSession {
    fn sql(&self) -> &dyn Sql {
        &self.sql
    }

    async fn begin(&mut self, transaction: Transaction<'_>) -> Result<(), DatabaseError> {
        match transaction {
            Transaction::Write(limits) => {
                self.ahead.push("BEGIN".to_owned());
                let limits = limits.copied().or(self.usual_limits());
                let settings = limits.map(|limits| settings("SET LOCAL", &limits, self.limited));
                self.ahead.extend(settings.unwrap_or_default());
                Ok(())
            }
            Transaction::Read(limits) => {
                let settings = settings("SET LOCAL", limits, self.limited);
                // After the first snapshot, SET TRANSACTION READ WRITE is refused. Nothing is set for the session, which behind a pooler
                // could belong to another client.
                let begin = "BEGIN READ ONLY".to_owned();
                let message: Vec<String> = [begin].into_iter().chain(settings).chain(["SELECT 1".to_owned()]).collect();
                self.reading = true;
                self.wire.plain(&message.join(";")).await.map(drop)
            }
        }
    }

    async fn limit(&mut self, limits: &Limits) -> Result<(), DatabaseError> {
        if self.sharing != Some(Sharing::Own) {
            self.limits = *limits;
            return Ok(());
        }
        let settings = settings("SET", limits, self.limited).join(";");
        self.limited |= !settings.is_empty();
        if !settings.is_empty() {
            self.wire.plain(&settings).await?;
        }
        Ok(())
    }

    async fn execute(&mut self, statement: Execute<'_>) -> Result<Done, DatabaseError> {
        let (answers, behind) = match statement {
            Execute::OfScript(sql) => (self.message(Some(sql), &[]).await?, 0),
            Execute::Own(sql) => {
                let guarded = self.guarded(sql);
                (self.message(None, &[PIN, &guarded, UNPIN]).await?, 1)
            }
        };
        let answer = answers.iter().nth_back(behind);
        Ok(answer.map(|answer| Done { rows: rows_of(answer), ..Done::default() }).unwrap_or_default())
    }

    async fn conclude(&mut self, sql: Option<&str>, records: &[String]) -> Result<Done, DatabaseError> {
        let ahead = self.ahead.len();
        let guard = self.guard(&records.join(";"));
        let mut behind: Vec<&str> = Vec::with_capacity(records.len() + 4);
        if sql.is_some() || !records.is_empty() {
            behind.push(if sql.is_some() { MEASURE_AND_PIN } else { PIN });
            // The role that writes the runner's tables comes first.
            let roles = records.iter().take_while(|record| record.starts_with("SELECT ")).count();
            behind.extend(records.iter().take(roles).map(String::as_str));
            behind.extend(guard.as_deref().filter(|_| roles < records.len()));
            behind.extend(records.iter().skip(roles).map(String::as_str));
            behind.push(UNPIN);
        }
        behind.push("COMMIT");
        // The server answers after the whole message: a connection that is lost without an error may have committed.
        let answers = self.message(sql, &behind).await.map_err(|error| match (error.kind, &error.code) {
            (ErrorKind::Lost, None) => error.at(Stage::Commit),
            _ => error,
        })?;
        let own = sql.and_then(|_| answers.get(ahead));
        let measure = sql.and_then(|_| answers.get(ahead + 1));
        let wrote = measure.and_then(|answer| answer.rows.first()?.get(1)?.as_deref().map(|word| word == "t"));
        let elapsed = measure.map(|answer| Duration::from_micros(number(&answer.rows)));
        Ok(Done { rows: own.map(rows_of).unwrap_or_default(), elapsed, wrote })
    }

    async fn rollback(&mut self) -> Result<RolledBack, DatabaseError> {
        self.reading = false;
        if std::mem::take(&mut self.ahead).is_empty() {
            self.wire.plain("ROLLBACK").await?;
        }
        Ok(RolledBack::Entirely)
    }

    async fn transaction(&mut self) -> Result<TransactionState, DatabaseError> {
        // A transaction whose BEGIN is sent together with the next message counts as open.
        let open = if self.ahead.is_empty() { transaction::is_open(&mut self.wire).await? } else { true };
        Ok(TransactionState { open, autocommit: true })
    }

    async fn query(&mut self, query: Query<'_>) -> Result<Vec<Row>, DatabaseError> {
        match query {
            Query::Own(sql) => self.own(sql).await,
            Query::InPath(sql) => match self.around() {
                Some(begin) => self.wire.query_in(&begin, sql).await,
                None => self.wire.in_path(sql).await,
            },
            Query::OfTable(table, sql) => {
                // The server then refuses a query that it would filter. Statements of one message are one transaction: nothing remains set.
                let ahead =
                    [vec!["SET LOCAL row_security = off".to_owned()], faults::reading_guard(table).to_vec()].concat();
                self.query_behind(ahead, sql).await.map_err(faults::found)
            }
        }
    }

    async fn note(&mut self, notes: &[String], urgency: Urgency) -> Result<(), DatabaseError> {
        if urgency == Urgency::Needed {
            return self.own(&notes.join(";")).await.map(drop);
        }
        let limits = Limits { lock_timeout: Some(SHORT_WAIT), statement_timeout: None };
        self.begin(Transaction::Write(Some(&limits))).await?;
        let written = self.conclude(None, notes).await;
        if written.is_err() {
            // Without a connection there is nothing to roll back.
            let _ = self.rollback().await;
        }
        written.map(drop)
    }

    async fn reset(&mut self) -> Result<(), DatabaseError> {
        if self.sharing == Some(Sharing::Pooled) {
            return Ok(());
        }
        self.wire.plain("DISCARD ALL").await?;
        // DISCARD ALL does not reset a role from the user's own settings.
        self.wire.plain("RESET ROLE").await?;
        self.limited = false;
        if let Some(key) = self.claimed {
            // DISCARD ALL has released it; no other session acquires it without the migration lock.
            lock_sql::try_lock(&mut self.wire, key).await?;
        }
        self.settle().await?;
        self.initialise().await
    }

    async fn share(&mut self, sharing: Sharing) -> Result<(), DatabaseError> {
        if sharing == Sharing::Own {
            self.sharing = Some(sharing);
            return self.settle().await;
        }
        if !self.init.is_empty() {
            return Err(no_initialisation());
        }
        self.sharing = Some(sharing);
        self.sql.pooled = true;
        self.sql.identity.process = None;
        self.wire.process = None;
        Ok(())
    }

    async fn claim(&mut self, ledger: &str) -> Result<bool, DatabaseError> {
        if self.sharing == Some(Sharing::Pooled) {
            // Another client would hold a session lock next. No worker lock is necessary: a pooler ends the transaction of a client that is
            // gone.
            return Ok(true);
        }
        let key = lock_sql::worker_key(ledger);
        let ours = lock_sql::try_lock(&mut self.wire, key).await?;
        self.claimed = ours.then_some(key);
        Ok(ours)
    }

    async fn faults(&mut self, tables: &[(Option<String>, String)]) -> Result<Vec<TableFault>, DatabaseError> {
        let owner = if self.access.only_reads() { Owner::DoesNot } else { Owner::Matters };
        let suspicious = !self.query_behind(Vec::new(), &faults::at_first_sight(tables, owner)).await?.is_empty();
        let faults = match suspicious {
            true => table_faults(self.query_behind(Vec::new(), &faults::sql(tables, owner)).await?),
            false => Vec::new(),
        };
        let names = || tables.iter().map(faults::in_full).collect();
        self.guarded = (owner == Owner::Matters).then(|| (names(), faults.first().map(faults::refusal)));
        Ok(faults)
    }

    async fn close(self: Box<Self>) {
        self.wire.close().await;
    }
}

fn rows_of(answer: &Answer) -> u64 {
    answer.affected.max(answer.returned)
}
