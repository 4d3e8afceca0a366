//! The connection that holds the lock.

use std::pin::Pin;

use async_trait::async_trait;

use super::{Activity, DatabaseError, Holder};

/// The second connection: it holds the lock, outside any transaction, and can stop the first one's statement.
#[async_trait]
pub trait Keeper: Send {
    /// The number of the server's session that answers now; `None` where there is no such thing.
    async fn process(&mut self) -> Result<Option<u64>, DatabaseError>;

    /// From now on it is known that one session of the server answers, so that something may be set for it.
    async fn unshared(&mut self) -> Result<(), DatabaseError>;

    /// From now on the lock is that of a transaction, which keeps a session of the server for us behind a pooler.
    fn pooled(&mut self);

    /// Tries once, without waiting; whether we have the lock now.
    async fn try_lock(&mut self) -> Result<bool, DatabaseError>;

    /// Tries once, without waiting, to get the lock of another tool as well; whether we have it now.
    async fn try_tool_lock(&mut self, _lock: &ToolLock) -> Result<bool, DatabaseError> {
        Ok(true)
    }

    /// The session that has the lock of another tool; `None` when it is free or the server does not say.
    async fn tool_holder(&mut self, _lock: &ToolLock) -> Result<Option<Holder>, DatabaseError> {
        Ok(None)
    }

    /// Who has it; `None` when nobody has it any more or the server does not tell.
    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError>;

    /// Whether the connection, and the lock with it, is still ours.
    ///
    /// # Errors
    /// When it is not.
    async fn alive(&mut self) -> Result<(), DatabaseError>;

    /// What the session with this process number is doing.
    async fn activity(&mut self, process: Option<u64>) -> Result<Activity, DatabaseError>;

    /// Who is in the way of the session with this process number; `None` when it waits for nobody or the server does not tell.
    async fn blocker(&mut self, process: Option<u64>) -> Result<Option<Holder>, DatabaseError>;

    /// Cancels the statement that the session with this process number is running; without a number, that of any session under our
    /// application name.
    async fn cancel(&mut self, process: Option<u64>) -> Result<(), DatabaseError>;

    /// Makes other connections like this one, which do not hold the lock.
    fn another(&self) -> Another;

    /// Gives the lock back and ends the connection.
    async fn unlock(self: Box<Self>) -> Result<(), DatabaseError>;
}

/// The lock by which another tool keeps a second run of it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolLock {
    /// An advisory lock of PostgreSQL.
    Key(i64),
    /// A lock of MySQL or MariaDB by this name.
    Name(String),
}

/// Makes connections like that of a keeper, to ask in its place.
pub type Another =
    Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Box<dyn Keeper>, DatabaseError>> + Send>> + Send + Sync>;
