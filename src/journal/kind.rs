//! The words in the columns kind and outcome.

use crate::report::Outcome;

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

/// The word in `kind` for the row of what was folded; see `fold.rs`.
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
