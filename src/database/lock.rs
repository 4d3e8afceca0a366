//! The connection that holds the lock, and the one that watches the session at work.

use std::pin::Pin;

use async_trait::async_trait;

use super::activity::Activity;
use super::failure::DatabaseError;
use super::sharing::Sharing;
use crate::report::Holder;

/// The connection that holds the lock of a ledger, outside of any transaction.
#[async_trait]
pub trait LockConnection: Send {
    /// The process number of the server's session that answers now; `None` where no pooler could answer with another one.
    async fn process(&mut self) -> Result<Option<u64>, DatabaseError>;

    /// Prepares to hold the lock, once it is known whether the server's session is ours alone. Behind a pooler the lock is that of an open
    /// transaction, which keeps a session for us.
    async fn share(&mut self, sharing: Sharing) -> Result<(), DatabaseError>;

    /// Tries once, without waiting; whether it holds the lock now.
    async fn try_lock(&mut self) -> Result<bool, DatabaseError>;

    /// Tries once, without waiting, to acquire the lock of another tool as well; whether it holds that now.
    async fn try_tool_lock(&mut self, _lock: &ToolLock) -> Result<bool, DatabaseError> {
        Ok(true)
    }

    /// Who holds the lock; `None` if it is free or the server does not say.
    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError>;

    /// Who holds the lock of another tool; `None` if it is free or the server does not say.
    async fn tool_holder(&mut self, _lock: &ToolLock) -> Result<Option<Holder>, DatabaseError> {
        Ok(None)
    }

    /// The session that holds the worker lock of the same ledger, [`Session::claim`](super::Session::claim); `None` if it is free or the server does not
    /// say.
    async fn worker(&mut self) -> Result<Option<Holder>, DatabaseError>;

    /// Checks that the connection, and the lock with it, is still ours.
    ///
    /// # Errors
    /// When it is not.
    async fn alive(&mut self) -> Result<(), DatabaseError>;

    /// Answers the questions of a monitor where no connection for one can be made.
    fn monitor(&mut self) -> &mut dyn MonitorConnection;

    /// Releases the lock and closes the connection.
    async fn unlock(self: Box<Self>) -> Result<(), DatabaseError>;
}

/// The connection that watches the session at work. It holds nothing, and a slow answer of it delays nothing.
#[async_trait]
pub trait MonitorConnection: Send {
    /// What the session with this process number is doing.
    async fn activity(&mut self, process: Option<u64>) -> Result<Activity, DatabaseError>;

    /// Which session blocks the one with this process number; `None` if none does or the server does not say.
    async fn blocker(&mut self, process: Option<u64>) -> Result<Option<Holder>, DatabaseError>;

    /// Cancels the statement that the session with this process number is running; without a number, that of a session with our
    /// application name.
    async fn cancel(&mut self, process: Option<u64>) -> Result<(), DatabaseError>;
}

/// The lock by which another tool excludes a second run of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolLock {
    /// An advisory lock of PostgreSQL.
    Key(i64),
    /// A lock of MySQL or MariaDB by this name.
    Name(String),
}

/// Makes a connection for a monitor.
pub type ConnectMonitor = Box<
    dyn Fn() -> Pin<Box<dyn Future<Output = Result<Box<dyn MonitorConnection>, DatabaseError>> + Send>> + Send + Sync,
>;
