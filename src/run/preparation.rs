//! What a run still has to do to its own tables before its first statement.

use crate::history::Direction;
use crate::plan::Plan;

/// What a run still has to do to its own tables before its first statement.
#[derive(Debug, Clone)]
pub(super) struct Preparation {
    /// The number of steps in its plan.
    pub(super) steps: usize,
    /// The directions of its steps. A repeatable migration that is applied again reverts its row first.
    pub(super) directions: Vec<Direction>,
    /// Whether the rows of earlier runs have been completed.
    pub(super) settled: bool,
}

impl Preparation {
    pub(super) fn of(plan: &Plan<'_>, settled: bool) -> Self {
        let repeats = plan.steps.iter().any(|step| step.migration.key.is_repeatable());
        let is_needed = |direction: &Direction| {
            let reverts = *direction == Direction::Down;
            reverts && repeats || plan.steps.iter().any(|step| step.direction == *direction)
        };
        let directions = [Direction::Up, Direction::Down].into_iter().filter(is_needed).collect();
        Self { steps: plan.steps.len(), directions, settled }
    }
}
