//! What the journal contains about one run.

use std::time::SystemTime;

use super::last_run::Steps;
use crate::database::{DatabaseError, Session};
use crate::ledger::qualified;

/// The migrations of one run that have ended.
pub(crate) async fn steps(session: &mut dyn Session, name: &str, run_id: &str) -> Result<Steps, DatabaseError> {
    let table = qualified(session.sql(), name);
    super::last_run::steps_of(session, &table, run_id).await
}

/// The time of this run's last record.
pub(crate) async fn last_sign(
    session: &mut dyn Session,
    name: &str,
    run_id: &str,
) -> Result<Option<SystemTime>, DatabaseError> {
    let table = qualified(session.sql(), name);
    super::last_run::last_sign_of(session, &table, run_id).await
}
