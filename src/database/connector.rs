//! The interface that opens connections.

use std::time::Duration;

use async_trait::async_trait;

use super::access::Access;
use super::failure::DatabaseError;
use super::lock::{ConnectMonitor, LockConnection};
use super::server_info::ServerInfo;
use super::session::Session;
use super::sql::Sql;
use crate::migration::Dialect;

/// Opens connections to one database.
#[async_trait]
pub trait Connector: Send + Sync {
    /// The dialect of the database's scripts.
    fn dialect(&self) -> Dialect;

    /// What is known about the database before the first connection, for messages and spans.
    fn expected(&self) -> ServerInfo;

    /// The SQL of the server, as far as it is known before the first connection.
    fn sql(&self) -> Box<dyn Sql>;

    /// Whether it is known without a connection that the database does not exist yet and will be created.
    fn is_absent(&self) -> bool {
        false
    }

    /// How long a statement of a migration may wait for a lock, if the URL sets a limit; `Some(None)` means without limit.
    fn lock_timeout(&self) -> Option<Option<Duration>> {
        None
    }

    /// Opens a connection for migrations, or to read their history. `home` is the schema or database of the runner's own tables, if an
    /// earlier connection of the same run has found it: a migration may have changed the default of new sessions since.
    ///
    /// # Errors
    /// [`ErrorKind::Connect`](super::ErrorKind::Connect) and similar kinds if the connection fails.
    async fn session(&self, access: Access, home: Option<&str>) -> Result<Box<dyn Session>, DatabaseError>;

    /// Opens a connection for the lock of `ledger`, a qualified table name as written by [`Sql::quote`](super::Sql::quote).
    ///
    /// # Errors
    /// [`ErrorKind::Connect`](super::ErrorKind::Connect) if the connection fails.
    async fn lock(&self, ledger: &str) -> Result<Box<dyn LockConnection>, DatabaseError>;

    /// Opens connections that watch a session.
    fn monitors(&self) -> ConnectMonitor;
}

/// How to connect.
#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    /// The application name, if the server has one.
    pub application: String,
    /// Statements that every migration session runs first, `--connection-init`.
    pub init: Vec<String>,
}
