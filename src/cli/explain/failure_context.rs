//! What is known about the run around an error.

use migrascope::Report;
use migrascope::history::Direction;

/// The run that an error ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FailureContext<'a> {
    /// What the run did before; `None` where it did not begin.
    pub(crate) report: Option<&'a Report>,
    /// The direction of its migrations.
    pub(crate) direction: Direction,
}
