//! The lock on MySQL and MariaDB: `GET_LOCK` without waiting.

use async_trait::async_trait;

use super::lock_sql::{STAY_IDLE, holder, lock_name, try_lock, value, worker_name};
use super::monitor::MysqlMonitor;
use super::wire::Wire;
use crate::database::{DatabaseError, Holder, LockConnection, MonitorConnection, Sharing, ToolLock};

pub(super) struct MysqlLock {
    connection: MysqlMonitor,
    name: String,
    worker_name: String,
}

impl MysqlLock {
    pub(super) fn new(wire: Wire, database: &str, ledger: &str) -> Self {
        let connection = MysqlMonitor::new(wire);
        Self { connection, name: lock_name(database, ledger), worker_name: worker_name(database, ledger) }
    }
}

#[async_trait]
impl LockConnection for MysqlLock {
    async fn process(&mut self) -> Result<Option<u64>, DatabaseError> {
        Ok(None)
    }

    async fn share(&mut self, _sharing: Sharing) -> Result<(), DatabaseError> {
        self.connection.wire.query(STAY_IDLE).await.map(drop)
    }

    async fn try_lock(&mut self) -> Result<bool, DatabaseError> {
        try_lock(&mut self.connection.wire, &self.name, 0).await
    }

    async fn try_tool_lock(&mut self, lock: &ToolLock) -> Result<bool, DatabaseError> {
        match lock {
            ToolLock::Name(name) => try_lock(&mut self.connection.wire, name, 0).await,
            ToolLock::Key(_) => Ok(true),
        }
    }

    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError> {
        holder(&mut self.connection.wire, &self.name).await
    }

    async fn tool_holder(&mut self, lock: &ToolLock) -> Result<Option<Holder>, DatabaseError> {
        match lock {
            ToolLock::Name(name) => holder(&mut self.connection.wire, name).await,
            ToolLock::Key(_) => Ok(None),
        }
    }

    async fn worker(&mut self) -> Result<Option<Holder>, DatabaseError> {
        holder(&mut self.connection.wire, &self.worker_name).await
    }

    async fn alive(&mut self) -> Result<(), DatabaseError> {
        self.connection.wire.query("SELECT 1").await.map(drop)
    }

    fn monitor(&mut self) -> &mut dyn MonitorConnection {
        &mut self.connection
    }

    async fn unlock(mut self: Box<Self>) -> Result<(), DatabaseError> {
        let sql = format!("SELECT CAST(RELEASE_LOCK('{}') AS CHAR)", self.name);
        let released = value(&mut self.connection.wire, &sql).await;
        // The lock ends with its session at the latest.
        self.connection.wire.close().await;
        released.map(drop)
    }
}
