//! What makes connections.

use std::time::Duration;

use async_trait::async_trait;

use super::access::Access;
use super::failure::DatabaseError;
use super::identity::Identity;
use super::keeper::Keeper;
use super::session::Session;
use crate::migration::Dialect;

/// Makes connections to one database.
#[async_trait]
pub trait Connector: Send + Sync {
    /// The dialect its scripts are read in.
    fn dialect(&self) -> Dialect;

    /// What is known of the database before the first connection, for messages and spans.
    fn expected(&self) -> Identity;

    /// Whether it is known without a connection that there is no such database yet, and that one will be made.
    fn is_absent(&self) -> bool {
        false
    }

    /// How long a statement of a migration may wait for a lock, where the URL has a limit; `Some(None)` is as long as it takes.
    fn lock_timeout(&self) -> Option<Option<Duration>> {
        None
    }

    /// A connection for migrations, or for looking at their history.
    ///
    /// # Errors
    /// With [`ErrorKind::Connect`](super::ErrorKind::Connect) or one of its neighbours when there is none to be had.
    async fn session(&self, access: Access) -> Result<Box<dyn Session>, DatabaseError>;

    /// A connection for the lock of `ledger`, a table as [`Session::quote`] gives it.
    ///
    /// # Errors
    /// With [`ErrorKind::Connect`](super::ErrorKind::Connect) when there is none to be had.
    async fn keeper(&self, ledger: &str) -> Result<Box<dyn Keeper>, DatabaseError>;
}

/// How to connect.
#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    /// Goes into `application_name` where the server has one.
    pub application: String,
    /// Statements for every migration session, `--connection-init`.
    pub init: Vec<String>,
}
