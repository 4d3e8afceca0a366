//! The values of the columns `kind` and `outcome`.

use crate::report::Outcome;

/// `outcome` of a row that has not ended yet.
pub(super) const EXECUTING: &str = "executing";

/// `kind` of a run's row.
pub(super) const RUN: &str = "run";

/// `kind` of an attempt's row.
pub(super) const MIGRATION: &str = "migration";

/// `kind` of a health check's row; `outcome` is that of the check.
pub(super) const CHECK: &str = "check";

/// `kind` of the row of an attempt that was retried; `outcome` is the reason.
pub(super) const RETRY: &str = "retry";

/// `kind` of the row of a change to the history that the operator requested; `outcome` is the type of change.
pub(super) const REPAIR: &str = "repair";

/// `kind` of a row with totals; see `fold.rs`.
pub(super) const TOTAL: &str = "total";

/// `kind` and id of the row that contains the form of the table.
pub(super) const FORM: &str = "form";

/// The word for an outcome in the journal, for users who read it with plain SQL.
pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Cancellation => "interrupted",
        outcome => outcome.word(),
    }
}
