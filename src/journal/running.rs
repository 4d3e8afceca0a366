//! A run that is going on.

use std::collections::HashMap;
use std::time::SystemTime;

use crate::history::{self, Direction};
use crate::report::RetryReason;

/// A run that has begun and not ended, as far as the journal and the lock tell.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Running {
    /// The run.
    pub run_id: String,
    /// Which way.
    pub direction: Direction,
    /// When it began.
    pub began: SystemTime,
    /// Whether it has its lock; `None` where that cannot be seen.
    pub lock_held: Option<bool>,
    /// How often a migration or a statement was tried again, by reason.
    pub retries: HashMap<RetryReason, u64>,
    /// How far it has come.
    pub run: history::Running,
}
