//! The session that runs migrations.

use std::time::Duration;

use async_trait::async_trait;

use super::error::translate;
use super::sql::MysqlSql;
use super::text::{AS_ANY_CLIENT, COMMIT, IDENTITY, ROLLBACK};
use super::wire::{Keep, Wire};
use super::{Mysql, faults, lock_sql, product, transaction};
use crate::database::{
    Access, DatabaseError, Done, ErrorKind, Execute, Limits, Query, RolledBack, Row, ServerInfo, Session, Sharing, Sql,
    Transaction, TransactionState, Urgency, silence,
};
use crate::plan::TableFault;
use crate::report::Stage;

/// `Some non-transactional changed tables couldn't be rolled back`.
const NOT_ROLLED_BACK: &str = "1196";

pub(super) struct MysqlSession {
    wire: Wire,
    pub(super) sql: MysqlSql,
    connector: Mysql,
    access: Access,
    /// The name of the worker lock that the session holds.
    claimed: Option<String>,
    /// Whether autocommit was on when the server was last queried.
    autocommit: bool,
    /// The runner's tables that did not exist when they were last checked. They are not read before the next check, because they may have
    /// been created as views since.
    absent: Vec<String>,
}

impl MysqlSession {
    /// A session on this connection, before anything is known about the server.
    pub(super) fn new(wire: Wire, identity: ServerInfo, connector: Mysql, access: Access) -> Self {
        Self {
            wire,
            sql: MysqlSql::new(identity),
            connector,
            access,
            claimed: None,
            autocommit: true,
            absent: Vec::new(),
        }
    }

    pub(super) async fn prepare(&mut self) -> Result<(), DatabaseError> {
        if !self.access.only_reads() {
            self.wire.query(AS_ANY_CLIENT).await?;
        }
        if self.access != Access::Write {
            self.wire.query("SET SESSION TRANSACTION READ ONLY").await?;
        }
        // Another session may lock the runner's tables. A script has limits of its own.
        self.wire
            .query(&format!(
                "SET SESSION lock_wait_timeout = CAST(LEAST(@@lock_wait_timeout, {}) AS UNSIGNED)",
                silence::LOCKED.as_secs()
            ))
            .await?;
        for sql in self.connector.init.clone() {
            self.wire.query(&sql).await?;
        }
        // Health checks write a row and roll it back.
        if self.access == Access::Check {
            self.wire.query("SET SESSION TRANSACTION READ WRITE").await?;
        }
        let mut identity = match self.wire.query(IDENTITY).await {
            Ok(identity) => identity,
            // Servers of another kind may not have these variables, but report their version.
            Err(error) => {
                let version = self.wire.query("SELECT version()").await.ok().and_then(|mut rows| rows.pop()?.pop()?);
                return Err(version.and_then(|version| product::supported(&version, "").err()).unwrap_or(error));
            }
        };
        let mut row = identity.pop().unwrap_or_default().into_iter();
        let mut next = || row.next().flatten();
        self.sql.identity.database = next().unwrap_or_default();
        self.sql.identity.user = next();
        self.sql.identity.version = next().unwrap_or_default();
        self.sql.identity.process = next().and_then(|id| id.parse().ok());
        self.wire.process = self.sql.identity.process;
        self.sql.identity.read_only =
            next().filter(|flag| !matches!(flag.as_str(), "0" | "OFF")).map(|_| "read_only is on");
        product::supported(&self.sql.identity.version, &next().unwrap_or_default())?;
        // One byte of each packet is the command.
        self.sql.largest_statement =
            next().and_then(|bytes| bytes.parse::<u64>().ok()).map(|bytes| bytes.saturating_sub(1));
        let mut escapes = || !next().unwrap_or_default().contains("NO_BACKSLASH_ESCAPES");
        (self.sql.backslash_escapes, self.sql.backslash_escapes_by_default) = (escapes(), escapes());
        if self.sql.identity.version.to_ascii_lowercase().contains("mariadb") {
            self.sql.identity.system = "mariadb";
        }
        Ok(())
    }
}

#[async_trait]
impl Session for MysqlSession {
    fn sql(&self) -> &dyn Sql {
        &self.sql
    }

    async fn begin(&mut self, transaction: Transaction<'_>) -> Result<(), DatabaseError> {
        match transaction {
            Transaction::Write(limits) => {
                if let Some(limits) = limits {
                    self.limit(limits).await?;
                }
                self.wire.query("START TRANSACTION").await.map(drop)
            }
            Transaction::Read(limits) => {
                self.limit(limits).await?;
                // A statement that ends the transaction silently, such as SET autocommit, must not allow writes.
                self.wire.query("SET SESSION TRANSACTION READ ONLY").await?;
                self.wire.query("START TRANSACTION READ ONLY").await.map(drop)
            }
        }
    }

    async fn limit(&mut self, limits: &Limits) -> Result<(), DatabaseError> {
        let seconds = limits.lock_timeout.map_or("DEFAULT".to_owned(), |limit| whole_seconds(limit).to_string());
        let (variable, limit) = match self.sql.is_mariadb() {
            true => {
                ("max_statement_time", limits.statement_timeout.map(|limit| limit.as_secs_f64().max(0.001).to_string()))
            }
            false => ("max_execution_time", limits.statement_timeout.map(|limit| limit.as_millis().max(1).to_string())),
        };
        let limit = limit.unwrap_or_else(|| "DEFAULT".to_owned());
        let sql = format!(
            "SET SESSION lock_wait_timeout = {seconds}, innodb_lock_wait_timeout = {seconds}, {variable} = {limit}"
        );
        self.wire.query(&sql).await.map(drop)
    }

    async fn execute(&mut self, statement: Execute<'_>) -> Result<Done, DatabaseError> {
        let sql = statement.sql();
        let (rows, _) = self.wire.collect(sql, Keep::Nothing).await.map_err(|error| translate(&error, sql))?;
        Ok(Done { rows, ..Done::default() })
    }

    async fn conclude(&mut self, sql: Option<&str>, records: &[String]) -> Result<Done, DatabaseError> {
        let done = match sql {
            Some(sql) => self.execute(Execute::OfScript(sql)).await?,
            None => Done::default(),
        };
        for record in records {
            self.wire.query(record).await.map_err(|error| error.at(Stage::Record))?;
        }
        self.wire.query(COMMIT).await.map_err(|error| error.at(Stage::Commit))?;
        Ok(done)
    }

    async fn rollback(&mut self) -> Result<RolledBack, DatabaseError> {
        self.wire.query(ROLLBACK).await?;
        // Everything is rolled back, even if the server does not say whether something could not be.
        let warnings = self.wire.query("SHOW WARNINGS").await.unwrap_or_default();
        let left = |row: &Row| row.get(1).is_some_and(|code| code.as_deref() == Some(NOT_ROLLED_BACK));
        Ok(if warnings.iter().any(left) { RolledBack::InPart } else { RolledBack::Entirely })
    }

    async fn transaction(&mut self) -> Result<TransactionState, DatabaseError> {
        let state = match self.sql.is_mariadb() {
            true => transaction::ask_mariadb(&mut self.wire).await?,
            false => transaction::ask_mysql(&mut self.wire).await?,
        };
        self.autocommit = state.autocommit;
        Ok(state)
    }

    async fn query(&mut self, query: Query<'_>) -> Result<Vec<Row>, DatabaseError> {
        match query {
            Query::OfTable(table, _) if self.absent.iter().any(|absent| absent == table) => {
                Err(DatabaseError::new(ErrorKind::NoTable, format!("table {table} does not exist")))
            }
            query => self.wire.query(query.sql()).await,
        }
    }

    async fn note(&mut self, notes: &[String], _urgency: Urgency) -> Result<(), DatabaseError> {
        for note in notes {
            self.wire.query(note).await?;
        }
        if !self.autocommit {
            self.wire.query(COMMIT).await?;
        }
        Ok(())
    }

    async fn reset(&mut self) -> Result<(), DatabaseError> {
        let fresh = self.connector.connect().await?;
        let old = std::mem::replace(&mut self.wire, fresh);
        self.autocommit = true;
        old.close().await;
        if let Some(name) = &self.claimed {
            // The lock is free as soon as the server has detected the reset; no other session acquires it without the migration lock.
            lock_sql::try_lock(&mut self.wire, name, 5).await?;
        }
        self.share(Sharing::Own).await?;
        self.prepare().await
    }

    async fn share(&mut self, _sharing: Sharing) -> Result<(), DatabaseError> {
        self.wire.query(lock_sql::STAY_IDLE).await.map(drop)
    }

    async fn claim(&mut self, ledger: &str) -> Result<bool, DatabaseError> {
        let name = lock_sql::worker_name(&self.sql.lock_database, ledger);
        let ours = lock_sql::try_lock(&mut self.wire, &name, 0).await?;
        self.claimed = ours.then_some(name);
        Ok(ours)
    }

    async fn faults(&mut self, tables: &[(Option<String>, String)]) -> Result<Vec<TableFault>, DatabaseError> {
        let (faults, absent) = faults::look(&mut self.wire, tables, self.sql.identity.system).await?;
        self.absent = absent;
        Ok(faults)
    }

    async fn close(self: Box<Self>) {
        self.wire.close().await;
    }
}

/// The server accepts only whole seconds, at least one.
fn whole_seconds(limit: Duration) -> u64 {
    limit.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX)
}
