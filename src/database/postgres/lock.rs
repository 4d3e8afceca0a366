//! The lock on PostgreSQL: a session-level advisory lock, acquired without waiting.
//!
//! A session that waits inside `pg_advisory_lock` holds a snapshot, and another runner's `CREATE INDEX CONCURRENTLY` waits
//! for that snapshot: a deadlock between two deployments (golang-migrate/migrate#960, flyway/flyway#1654).

use async_trait::async_trait;

use super::lock_sql::{holder, is_key, is_true, lock_key, try_lock, worker_key};
use super::monitor::PostgresMonitor;
use super::sharing;
use super::wire::Wire;
use crate::database::{DatabaseError, ErrorKind, Holder, LockConnection, MonitorConnection, Sharing, ToolLock};

pub(super) struct PostgresLock {
    connection: PostgresMonitor,
    key: i64,
    worker_key: i64,
    /// Whether the lock belongs to a transaction that stays open.
    pooled: bool,
}

impl PostgresLock {
    pub(super) fn new(wire: Wire, ledger: &str) -> Self {
        let connection = PostgresMonitor::new(wire);
        Self { connection, key: lock_key(ledger), worker_key: worker_key(ledger), pooled: false }
    }

    fn wire(&mut self) -> &mut Wire {
        &mut self.connection.wire
    }

    /// The transaction is idle and has no snapshot, so it blocks no session. It must not be ended by a timeout for idle transactions.
    async fn try_lock_in_transaction(&mut self) -> Result<bool, DatabaseError> {
        let begin = "BEGIN;SET LOCAL idle_in_transaction_session_timeout = 0;SET LOCAL statement_timeout = 0";
        let sql = format!("{begin};SELECT pg_catalog.pg_try_advisory_xact_lock('{}'::bigint)", self.key);
        let ours = is_true(&self.wire().plain(&sql).await?);
        if !ours {
            self.wire().plain("ROLLBACK").await?;
        }
        Ok(ours)
    }
}

#[async_trait]
impl LockConnection for PostgresLock {
    async fn process(&mut self) -> Result<Option<u64>, DatabaseError> {
        self.wire().process().await
    }

    async fn share(&mut self, sharing: Sharing) -> Result<(), DatabaseError> {
        self.pooled = sharing == Sharing::Pooled;
        if self.pooled {
            return Ok(());
        }
        let wire = self.wire();
        wire.process = wire.process().await?;
        wire.query(&sharing::keep_alive(&sharing::TCP)).await?;
        wire.query(sharing::STAY_IDLE).await.map(drop)
    }

    async fn try_lock(&mut self) -> Result<bool, DatabaseError> {
        let key = self.key;
        if self.pooled { self.try_lock_in_transaction().await } else { try_lock(self.wire(), key).await }
    }

    async fn try_tool_lock(&mut self, lock: &ToolLock) -> Result<bool, DatabaseError> {
        let ToolLock::Key(key) = lock else { return Ok(true) };
        // Behind a pooler, the lock belongs to the same open transaction.
        let function = if self.pooled { "pg_try_advisory_xact_lock" } else { "pg_try_advisory_lock" };
        let rows = self.wire().plain(&format!("SELECT pg_catalog.{function}('{key}'::bigint)")).await?;
        Ok(is_true(&rows))
    }

    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError> {
        let key = self.key;
        holder(self.wire(), key).await
    }

    async fn tool_holder(&mut self, lock: &ToolLock) -> Result<Option<Holder>, DatabaseError> {
        match lock {
            ToolLock::Key(key) => holder(self.wire(), *key).await,
            ToolLock::Name(_) => Ok(None),
        }
    }

    async fn worker(&mut self) -> Result<Option<Holder>, DatabaseError> {
        let key = self.worker_key;
        holder(self.wire(), key).await
    }

    async fn alive(&mut self) -> Result<(), DatabaseError> {
        let sql = format!(
            "SELECT 1 FROM pg_catalog.pg_locks l WHERE l.pid = pg_catalog.pg_backend_pid() AND {} AND l.granted",
            is_key(self.key)
        );
        match self.wire().query(&sql).await?.is_empty() {
            true => Err(DatabaseError::new(ErrorKind::Other, "its session no longer holds it")),
            false => Ok(()),
        }
    }

    fn monitor(&mut self) -> &mut dyn MonitorConnection {
        &mut self.connection
    }

    async fn unlock(mut self: Box<Self>) -> Result<(), DatabaseError> {
        let sql = match self.pooled {
            true => "COMMIT".to_owned(),
            false => format!("SELECT pg_catalog.pg_advisory_unlock('{}'::bigint)", self.key),
        };
        let released = self.wire().plain(&sql).await;
        // The lock ends with its session at the latest.
        self.connection.wire.close().await;
        released.map(drop)
    }
}
