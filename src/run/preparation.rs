//! What a run still has to do to its own tables before its first statement.

use std::time::Instant;

use crate::history::Direction;
use crate::plan::Plan;

/// What a run still has to do to its own tables before its first statement.
#[derive(Debug, Clone)]
pub(super) struct Preparation {
    /// When the run started.
    pub(super) started: Instant,
    /// The number of steps in its plan.
    pub(super) steps: usize,
    /// The directions of its steps.
    pub(super) directions: Vec<Direction>,
    /// The form (schema version) of the journal before the run.
    pub(super) form: Option<u32>,
    /// Whether the rows of earlier runs have been completed.
    pub(super) settled: bool,
}

impl Preparation {
    pub(super) fn of(plan: &Plan<'_>, started: Instant) -> Self {
        let mut directions = Vec::new();
        for step in &plan.steps {
            if !directions.contains(&step.direction) {
                directions.push(step.direction);
            }
        }
        Self { started, steps: plan.steps.len(), directions, form: None, settled: false }
    }
}
