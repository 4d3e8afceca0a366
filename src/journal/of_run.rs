//! What stands of one run.

use super::begun::has_begun;
use super::executing::{Executing, executing};
use super::failed::LastFailure;
use super::failed::{failure, last_failures};
use super::form::PRESENT_FORM;
use super::last_run::{LastRun, Steps};
use super::record::Ending;
use super::retries::Retried;
use super::unrecorded::UnrecordedEnd;
use crate::database::{DatabaseError, Row, Session, Value};
use crate::event::RunContext;
use crate::history::{Attempt, Direction, Reached, State};
use crate::ledger::{Creation, qualified, rows_if_table};
use crate::migration::{Checksum, Version};
use crate::report::Outcome;
use std::time::SystemTime;

/// The migrations of one run that have ended.
pub(crate) async fn steps(session: &mut dyn Session, name: &str, run_id: &str) -> Result<Steps, DatabaseError> {
    let table = qualified(session, name);
    super::last_run::steps_of(session, &table, run_id).await
}

/// When something of this run was last recorded.
pub(crate) async fn last_sign(
    session: &mut dyn Session,
    name: &str,
    run_id: &str,
) -> Result<Option<SystemTime>, DatabaseError> {
    let table = qualified(session, name);
    super::last_run::last_sign_of(session, &table, run_id).await
}
