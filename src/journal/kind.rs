//! The words in the columns kind and outcome.

use super::begun::has_begun;
use super::executing::{Executing, executing};
use super::failed::LastFailure;
use super::failed::{failure, last_failures};
use super::form::PRESENT_FORM;
use super::last_run::{LastRun, Steps};
use super::left::attempt;
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

/// The word in `outcome` for what has not ended yet.
pub(super) const EXECUTING: &str = "executing";

/// The word in `kind` for the row of a run.
pub(super) const RUN: &str = "run";

/// The word in `kind` for the row of an attempt.
pub(super) const MIGRATION: &str = "migration";

/// The word in `kind` for the row of a health check; its outcome is that of the check.
pub(super) const CHECK: &str = "check";

/// The word in `kind` for the row of an attempt that was followed by another one; its outcome is the reason.
pub(super) const RETRY: &str = "retry";

/// The word in `kind` for the row of a change of history that a person has asked for; its outcome says which.
pub(super) const REPAIR: &str = "repair";

/// The word in `kind` for the row of what was folded; see [`fold`].
pub(super) const TOTAL: &str = "total";

/// The word in `kind` for the row that says which form the table has, and its id.
pub(super) const FORM: &str = "form";

/// The journal's word for an outcome, for people who read it with plain SQL.
pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Cancellation => "interrupted",
        outcome => outcome.word(),
    }
}
