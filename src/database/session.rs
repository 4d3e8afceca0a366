//! A connection that runs migrations.

use async_trait::async_trait;

use super::capabilities::Capabilities;
use super::failure::DatabaseError;
use super::limits::Limits;
use super::query::{Execute, Query};
use super::row::Row;
use super::server_info::ServerInfo;
use super::sharing::Sharing;
use super::sql::Sql;
use super::transaction::{RolledBack, Transaction, TransactionState, Urgency};
use super::value::Done;
use crate::plan::TableFault;

/// A connection that runs migrations.
///
/// It has verbs and no policy: when to begin, record and commit is decided by the engine, and what to send is written by [`Sql`].
#[async_trait]
pub trait Session: Send {
    /// The SQL of the server, and what is known of it.
    fn sql(&self) -> &dyn Sql;

    /// Begins a transaction.
    async fn begin(&mut self, transaction: Transaction<'_>) -> Result<(), DatabaseError>;

    /// Sets limits for statements outside of a transaction; one that is `None` goes back to the server's setting.
    async fn limit(&mut self, limits: &Limits) -> Result<(), DatabaseError>;

    /// Runs one statement for its effect and discards its rows; as part of a transaction that has been begun.
    async fn execute(&mut self, statement: Execute<'_>) -> Result<Done, DatabaseError>;

    /// Runs one statement, then `records`, then commits: in one message where the protocol allows it.
    ///
    /// # Errors
    /// The error's `stage` says which of them failed.
    async fn conclude(&mut self, sql: Option<&str>, records: &[String]) -> Result<Done, DatabaseError>;

    /// Rolls back the open transaction; no error if there is none.
    async fn rollback(&mut self) -> Result<RolledBack, DatabaseError>;

    /// Asks the server about the session's transaction, at the cost of a round trip or two.
    async fn transaction(&mut self) -> Result<TransactionState, DatabaseError>;

    /// Runs a query and returns its rows; as part of a transaction that has been begun.
    async fn query(&mut self, query: Query<'_>) -> Result<Vec<Row>, DatabaseError>;

    /// Writes notes of ours outside of any transaction; they are committed when this returns.
    async fn note(&mut self, notes: &[String], urgency: Urgency) -> Result<(), DatabaseError>;

    /// Resets the session: settings, roles and temporary objects of a migration are gone. A worker lock is held again.
    async fn reset(&mut self) -> Result<(), DatabaseError>;

    /// Prepares the session for a run, once it is known whether it is ours alone. Until then, settings end with their transaction.
    ///
    /// # Errors
    /// [`ErrorKind::Pooled`](super::ErrorKind::Pooled) behind a pooler, when statements for every connection were given.
    async fn share(&mut self, sharing: Sharing) -> Result<(), DatabaseError>;

    /// Tries once to acquire the worker lock of a ledger, which this session holds until it ends; whether it has it now.
    ///
    /// It is acquired under the runner's lock: the server may go on with the statement of a runner that has died and lost that lock.
    async fn claim(&mut self, ledger: &str) -> Result<bool, DatabaseError>;

    /// Why these tables, given by schema and name, must be neither read nor written: another role controls them, or its code would run with our
    /// rights. Nothing for a table that does not exist.
    async fn faults(&mut self, tables: &[(Option<String>, String)]) -> Result<Vec<TableFault>, DatabaseError>;

    /// Ends the session in good order, if the server answers.
    async fn close(self: Box<Self>);
}

impl dyn Session + '_ {
    /// What the server is.
    pub fn server_info(&self) -> &ServerInfo {
        self.sql().server_info()
    }

    /// What it can do.
    pub fn capabilities(&self) -> Capabilities {
        self.sql().capabilities()
    }
}
