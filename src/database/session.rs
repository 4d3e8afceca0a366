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
/// It has no policy: the engine decides when to begin, record and commit, and [`Sql`] writes the statements.
#[async_trait]
pub trait Session: Send {
    /// The SQL of the server, and its properties.
    fn sql(&self) -> &dyn Sql;

    /// Begins a transaction.
    async fn begin(&mut self, transaction: Transaction<'_>) -> Result<(), DatabaseError>;

    /// Sets limits for statements outside of a transaction; `None` restores the server's setting.
    async fn limit(&mut self, limits: &Limits) -> Result<(), DatabaseError>;

    /// Runs one statement for its effect and discards its rows; inside the open transaction, if there is one.
    async fn execute(&mut self, statement: Execute<'_>) -> Result<Done, DatabaseError>;

    /// Runs one statement, then `records`, then commits; in one message if the protocol supports that.
    ///
    /// # Errors
    /// The error's `stage` shows which of them failed.
    async fn conclude(&mut self, sql: Option<&str>, records: &[String]) -> Result<Done, DatabaseError>;

    /// Rolls back the open transaction; not an error if there is none.
    async fn rollback(&mut self) -> Result<RolledBack, DatabaseError>;

    /// Queries the state of the session's transaction, which costs one or two round trips.
    async fn transaction(&mut self) -> Result<TransactionState, DatabaseError>;

    /// Runs a query and returns its rows; inside the open transaction, if there is one.
    async fn query(&mut self, query: Query<'_>) -> Result<Vec<Row>, DatabaseError>;

    /// Writes progress records outside of any transaction; they are committed when this returns.
    async fn note(&mut self, notes: &[String], urgency: Urgency) -> Result<(), DatabaseError>;

    /// Resets the session: settings, roles and temporary objects of a migration are removed. A worker lock is acquired again.
    async fn reset(&mut self) -> Result<(), DatabaseError>;

    /// Prepares the session for a run, once it is known whether the connection has a server session to itself. Until then, settings end
    /// with their transaction.
    ///
    /// # Errors
    /// [`ErrorKind::Pooled`](super::ErrorKind::Pooled) behind a pooler in transaction mode, if statements for every connection are
    /// configured.
    async fn share(&mut self, sharing: Sharing) -> Result<(), DatabaseError>;

    /// Tries once to acquire the worker lock of a ledger, which this session holds until it ends; returns whether it is held now.
    ///
    /// It is acquired under the migration lock, because the server may continue the statement of a runner that has died and lost that lock.
    async fn claim(&mut self, ledger: &str) -> Result<bool, DatabaseError>;

    /// Why these tables, given by schema and name, must neither be read nor written: another role controls them, or its code would run with
    /// the runner's privileges. Empty for tables that do not exist.
    async fn faults(&mut self, tables: &[(Option<String>, String)]) -> Result<Vec<TableFault>, DatabaseError>;

    /// Closes the session cleanly, if the server answers.
    async fn close(self: Box<Self>);
}

impl dyn Session + '_ {
    /// The server and the session.
    pub fn server_info(&self) -> &ServerInfo {
        self.sql().server_info()
    }

    /// The capabilities of the server.
    pub fn capabilities(&self) -> Capabilities {
        self.sql().capabilities()
    }
}
