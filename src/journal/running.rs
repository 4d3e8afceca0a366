//! A run that is executing.

use std::collections::HashMap;
use std::time::SystemTime;

use crate::history::{self, Direction};
use crate::report::RetryReason;

/// A run that has started and not ended, according to the journal and the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Running {
    /// Its id.
    pub run_id: String,
    /// Its direction.
    pub direction: Direction,
    /// When it started.
    pub began: SystemTime,
    /// Whether it holds the lock; `None` if that cannot be determined.
    pub lock_held: Option<bool>,
    /// How often a migration or a statement was retried, by reason.
    pub retries: HashMap<RetryReason, u64>,
    /// Its progress.
    pub run: history::Running,
}
