//! The result of planning.

use crate::error::Error;
use crate::plan::Plan;

/// Whether the history was read, even where the plan was refused; otherwise the counts in the event mean nothing.
pub(super) fn history_was_read(result: Result<&Plan<'_>, &Error>) -> bool {
    matches!(result, Ok(_) | Err(Error::Refused(_) | Error::Layout(_)))
}
