//! What makes connections.

use std::time::Duration;

use async_trait::async_trait;

use super::access::Access;
use super::failure::DatabaseError;
use super::lock::{ConnectMonitor, LockConnection};
use super::server_info::ServerInfo;
use super::session::Session;
use super::sql::Sql;
use crate::migration::Dialect;

/// Makes connections to one database.
#[async_trait]
pub trait Connector: Send + Sync {
    /// The dialect its scripts are read in.
    fn dialect(&self) -> Dialect;

    /// What is known of the database before the first connection, for messages and spans.
    fn expected(&self) -> ServerInfo;

    /// The SQL of the server, as far as it is known before the first connection.
    fn sql(&self) -> Box<dyn Sql>;

    /// Whether it is known without a connection that there is no such database yet, and that one will be made.
    fn is_absent(&self) -> bool {
        false
    }

    /// How long a statement of a migration may wait for a lock, where the URL has a limit; `Some(None)` is as long as it takes.
    fn lock_timeout(&self) -> Option<Option<Duration>> {
        None
    }

    /// A connection for migrations, or to read their history. `home` is the schema or database of our own tables, where an earlier connection of the
    /// same run has found it: a migration may have changed the default of new sessions since.
    ///
    /// # Errors
    /// [`ErrorKind::Connect`](super::ErrorKind::Connect) and similar kinds when there is no connection.
    async fn session(&self, access: Access, home: Option<&str>) -> Result<Box<dyn Session>, DatabaseError>;

    /// A connection for the lock of `ledger`, a qualified table name as [`Sql::quote`](super::Sql::quote) writes it.
    ///
    /// # Errors
    /// [`ErrorKind::Connect`](super::ErrorKind::Connect) when there is no connection.
    async fn lock(&self, ledger: &str) -> Result<Box<dyn LockConnection>, DatabaseError>;

    /// Makes connections that watch a session.
    fn monitors(&self) -> ConnectMonitor;
}

/// How to connect.
#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    /// Goes into `application_name` where the server has one.
    pub application: String,
    /// Statements for every migration session, `--connection-init`.
    pub init: Vec<String>,
}
