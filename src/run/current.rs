//! A run from its first event to its last.

use super::job::Job;
use super::state::RunState;
use crate::event::Observer;

/// A run that has begun: what it does, who observes it, and what it has done so far.
pub(super) struct CurrentRun<'r> {
    pub(super) job: &'r Job<'r>,
    pub(super) observer: &'r mut dyn Observer,
    pub(super) state: RunState,
}
