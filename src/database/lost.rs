//! Replaces a session whose connection is lost, so that it is not used any more.

use async_trait::async_trait;

use super::activity::silent;
use super::failure::DatabaseError;
use super::limits::Limits;
use super::query::{Execute, Query};
use super::row::Row;
use super::session::Session;
use super::sharing::Sharing;
use super::sql::Sql;
use super::transaction::{RolledBack, Transaction, TransactionState, Urgency};
use super::value::Done;
use crate::plan::TableFault;

/// Stops using a session: from now on every request fails immediately with [`ErrorKind::Lost`](super::ErrorKind::Lost).
pub(crate) fn give_up(session: &mut Box<dyn Session>) {
    let lost = std::mem::replace(session, Box::new(LostSession(None)));
    *session = Box::new(LostSession(Some(lost)));
}

/// The lost session, which still writes SQL but is never sent anything.
struct LostSession(Option<Box<dyn Session>>);

#[async_trait]
impl Session for LostSession {
    fn sql(&self) -> &dyn Sql {
        self.0.as_ref().expect("a lost session is empty only while it is being made").sql()
    }

    async fn begin(&mut self, _: Transaction<'_>) -> Result<(), DatabaseError> {
        Err(silent())
    }

    async fn limit(&mut self, _: &Limits) -> Result<(), DatabaseError> {
        Err(silent())
    }

    async fn execute(&mut self, _: Execute<'_>) -> Result<Done, DatabaseError> {
        Err(silent())
    }

    async fn conclude(&mut self, _: Option<&str>, _: &[String]) -> Result<Done, DatabaseError> {
        Err(silent())
    }

    async fn rollback(&mut self) -> Result<RolledBack, DatabaseError> {
        Err(silent())
    }

    async fn transaction(&mut self) -> Result<TransactionState, DatabaseError> {
        Err(silent())
    }

    async fn query(&mut self, _: Query<'_>) -> Result<Vec<Row>, DatabaseError> {
        Err(silent())
    }

    async fn note(&mut self, _: &[String], _: Urgency) -> Result<(), DatabaseError> {
        Err(silent())
    }

    async fn reset(&mut self) -> Result<(), DatabaseError> {
        Err(silent())
    }

    async fn share(&mut self, _: Sharing) -> Result<(), DatabaseError> {
        Err(silent())
    }

    async fn claim(&mut self, _: &str) -> Result<bool, DatabaseError> {
        Err(silent())
    }

    async fn faults(&mut self, _: &[(Option<String>, String)]) -> Result<Vec<TableFault>, DatabaseError> {
        Err(silent())
    }

    async fn close(self: Box<Self>) {}
}
