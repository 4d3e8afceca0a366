//! The connection that holds the lock, and the one that watches the working session.

use std::pin::Pin;

use async_trait::async_trait;

use super::activity::Activity;
use super::failure::DatabaseError;
use super::sharing::Sharing;
use crate::report::Holder;

/// The connection that holds the lock of a ledger, outside of any transaction.
#[async_trait]
pub trait LockConnection: Send {
    /// The process number of the server session that answers; `None` if there can be no pooler that would use another one.
    async fn process(&mut self) -> Result<Option<u64>, DatabaseError>;

    /// Prepares to hold the lock, once it is known whether the connection has a server session to itself. Behind a pooler in transaction
    /// mode, the lock belongs to an open transaction, which keeps the session assigned.
    async fn share(&mut self, sharing: Sharing) -> Result<(), DatabaseError>;

    /// Tries to acquire the lock once, without waiting; returns whether it is held now.
    async fn try_lock(&mut self) -> Result<bool, DatabaseError>;

    /// Tries once, without waiting, to acquire another tool's lock as well; returns whether it is held now.
    async fn try_tool_lock(&mut self, _lock: &ToolLock) -> Result<bool, DatabaseError> {
        Ok(true)
    }

    /// The holder of the lock; `None` if it is free or the server does not report it.
    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError>;

    /// The holder of another tool's lock; `None` if it is free or the server does not report it.
    async fn tool_holder(&mut self, _lock: &ToolLock) -> Result<Option<Holder>, DatabaseError> {
        Ok(None)
    }

    /// The session that holds the worker lock of the same ledger, [`Session::claim`](super::Session::claim); `None` if it is free or the
    /// server does not report it.
    async fn worker(&mut self) -> Result<Option<Holder>, DatabaseError>;

    /// Checks that the connection, and with it the lock, still exists.
    ///
    /// # Errors
    /// If it does not.
    async fn alive(&mut self) -> Result<(), DatabaseError>;

    /// Answers the requests of a monitor while none can be connected.
    fn monitor(&mut self) -> &mut dyn MonitorConnection;

    /// Releases the lock and closes the connection.
    async fn unlock(self: Box<Self>) -> Result<(), DatabaseError>;
}

/// The connection that watches the working session. It holds no lock, and a slow answer of it delays nothing.
#[async_trait]
pub trait MonitorConnection: Send {
    /// What the session with this process number is doing.
    async fn activity(&mut self, process: Option<u64>) -> Result<Activity, DatabaseError>;

    /// The session that blocks the one with this process number; `None` if there is none or the server does not report it.
    async fn blocker(&mut self, process: Option<u64>) -> Result<Option<Holder>, DatabaseError>;

    /// Cancels the statement that the session with this process number executes; without a number, that of a session with the runner's
    /// application name.
    async fn cancel(&mut self, process: Option<u64>) -> Result<(), DatabaseError>;
}

/// The lock by which another tool excludes concurrent runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolLock {
    /// The key of a PostgreSQL advisory lock.
    Key(i64),
    /// The name of a MySQL or MariaDB lock.
    Name(String),
}

/// Opens a connection for a monitor.
pub type ConnectMonitor = Box<
    dyn Fn() -> Pin<Box<dyn Future<Output = Result<Box<dyn MonitorConnection>, DatabaseError>> + Send>> + Send + Sync,
>;
