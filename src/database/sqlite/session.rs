//! The session that runs migrations.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::Connection;

use super::error::translate;
use super::sql::SqliteSql;
use super::wire::{Keep, Wire};
use super::{Sqlite, options};
use crate::database::row::{number, table_faults};
use crate::database::{
    Access, DatabaseError, Done, ErrorKind, Execute, Limits, Query, RolledBack, Row, ServerInfo, Session, Sharing, Sql,
    Transaction, TransactionState, Urgency,
};
use crate::plan::TableFault;
use crate::report::Stage;

/// How long a progress record that can be written later waits for another writer.
const SHORT_WAIT: Duration = Duration::from_millis(100);

pub(super) struct SqliteSession {
    wire: Wire,
    sql: SqliteSql,
    connector: Sqlite,
    access: Access,
    /// How long the connection waits for another writer.
    busy_timeout: Duration,
}

impl SqliteSession {
    /// A session on this connection.
    pub(super) fn new(wire: Wire, identity: ServerInfo, connector: Sqlite, access: Access) -> Self {
        let sql = SqliteSql { identity, foreign_keys: false };
        Self { wire, sql, connector, access, busy_timeout: options::BUSY_TIMEOUT }
    }

    pub(super) async fn prepare(&mut self) -> Result<(), DatabaseError> {
        let mut row = self.wire.query("SELECT sqlite_version()").await?.pop().unwrap_or_default().into_iter();
        self.sql.identity.version = row.next().flatten().unwrap_or_default();
        // Health checks write a row and roll it back; the statements before them change nothing.
        let checks = self.access == Access::Check && !self.connector.init.is_empty();
        if checks {
            self.wire.query("PRAGMA query_only = ON").await?;
        }
        for sql in self.connector.init.clone() {
            self.wire.query(&sql).await?;
        }
        if checks {
            self.wire.query("PRAGMA query_only = OFF").await?;
        }
        self.sql.foreign_keys = number(&self.wire.query("PRAGMA foreign_keys").await?) == 1;
        Ok(())
    }
}

#[async_trait]
impl Session for SqliteSession {
    fn sql(&self) -> &dyn Sql {
        &self.sql
    }

    async fn begin(&mut self, transaction: Transaction<'_>) -> Result<(), DatabaseError> {
        match transaction {
            Transaction::Write(limits) => {
                if let Some(limits) = limits {
                    self.limit(limits).await?;
                }
                self.wire.query("BEGIN IMMEDIATE").await.map(drop)
            }
            Transaction::Read(limits) => {
                self.limit(limits).await?;
                self.wire.query("PRAGMA query_only = ON; BEGIN").await.map(drop)
            }
        }
    }

    async fn limit(&mut self, limits: &Limits) -> Result<(), DatabaseError> {
        let timeout = limits.lock_timeout.unwrap_or(options::BUSY_TIMEOUT);
        if timeout != self.busy_timeout {
            self.wire.query(&format!("PRAGMA busy_timeout = {}", timeout.as_millis())).await?;
            self.busy_timeout = timeout;
        }
        Ok(())
    }

    async fn execute(&mut self, statement: Execute<'_>) -> Result<Done, DatabaseError> {
        let sql = statement.sql();
        let running = self.connector.interrupt.statement();
        let result = self.wire.collect(sql, Keep::Nothing, &mut 0).await;
        drop(running);
        match result {
            Ok((rows, _)) => Ok(Done { rows, ..Done::default() }),
            Err(error) => {
                let mut error = translate(&error, sql);
                if error.position.is_none() {
                    error.position = self.wire.place(&error, sql).await;
                }
                Err(error)
            }
        }
    }

    async fn conclude(&mut self, sql: Option<&str>, records: &[String]) -> Result<Done, DatabaseError> {
        let done = match sql {
            Some(sql) => self.execute(Execute::OfScript(sql)).await?,
            None => Done::default(),
        };
        let mut finished = 0;
        let last = format!("{};COMMIT", records.join(";"));
        match self.wire.collect(&last, Keep::Nothing, &mut finished).await {
            Ok(_) => Ok(done),
            Err(error) => {
                let stage = if finished < records.len() { Stage::Record } else { Stage::Commit };
                Err(DatabaseError { position: None, ..translate(&error, &last) }.at(stage))
            }
        }
    }

    async fn rollback(&mut self) -> Result<RolledBack, DatabaseError> {
        match self.wire.query("ROLLBACK").await {
            // Some errors end the transaction implicitly.
            Err(error) if error.message.contains("no transaction is active") => Ok(RolledBack::Entirely),
            result => result.map(|_| RolledBack::Entirely),
        }
    }

    async fn transaction(&mut self) -> Result<TransactionState, DatabaseError> {
        let open = match self.wire.query("BEGIN").await {
            Ok(_) => {
                self.wire.query("ROLLBACK").await?;
                false
            }
            Err(error) if error.message.contains("within a transaction") => true,
            Err(error) => return Err(error),
        };
        Ok(TransactionState { open, autocommit: true })
    }

    async fn query(&mut self, query: Query<'_>) -> Result<Vec<Row>, DatabaseError> {
        // Health checks and users' queries can be cancelled; queries of the engine are short.
        let cancellable = self.access == Access::Check || matches!(query, Query::InPath(_));
        let _running = cancellable.then(|| self.connector.interrupt.statement());
        self.wire.query(query.sql()).await
    }

    async fn note(&mut self, notes: &[String], urgency: Urgency) -> Result<(), DatabaseError> {
        let notes = notes.join(";");
        if urgency == Urgency::Needed {
            return self.wire.query(&notes).await.map(drop);
        }
        // A script may have set another timeout.
        let usual: u64 = number(&self.wire.query("PRAGMA busy_timeout").await?);
        self.wire.query(&format!("PRAGMA busy_timeout = {}", SHORT_WAIT.as_millis())).await?;
        let written = self.wire.query(&notes).await;
        self.wire.query(&format!("PRAGMA busy_timeout = {usual}")).await?;
        written.map(drop)
    }

    async fn reset(&mut self) -> Result<(), DatabaseError> {
        if self.connector.file.is_none() {
            return Ok(());
        }
        let fresh = self.connector.connect(Access::Write).await?;
        let old = std::mem::replace(&mut self.wire, fresh);
        old.connection.close().await.map_err(|error| translate(&error, ""))?;
        self.busy_timeout = options::BUSY_TIMEOUT;
        self.prepare().await
    }

    async fn share(&mut self, _sharing: Sharing) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn claim(&mut self, _ledger: &str) -> Result<bool, DatabaseError> {
        // The session ends with its process, so no worker lock is necessary.
        Ok(true)
    }

    async fn faults(&mut self, tables: &[(Option<String>, String)]) -> Result<Vec<TableFault>, DatabaseError> {
        match self.wire.query(&self.sql.faults(tables)).await {
            // The database is not attached.
            Err(error) if error.kind == ErrorKind::NoTable => Ok(Vec::new()),
            rows => rows.map(table_faults),
        }
    }

    async fn close(self: Box<Self>) {
        // No transaction is open any more, so an error has no effect.
        let _ = tokio::time::timeout(Duration::from_secs(1), self.wire.connection.close()).await;
    }
}
