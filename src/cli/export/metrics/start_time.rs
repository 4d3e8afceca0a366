//! The start time of counters.

use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

/// When counters began to count. No counter is sent before it is set; clones share it.
#[derive(Debug, Clone, Default)]
pub(in crate::cli::export) struct StartTime(Arc<OnceLock<SystemTime>>);

impl StartTime {
    /// Sets it, once: counters do not begin anew while the process lives.
    pub(super) fn set(&self, start: SystemTime) {
        let _ = self.0.set(start);
    }

    /// Nanoseconds since 1970; `None` before it is set.
    pub(in crate::cli::export) fn nanoseconds(&self) -> Option<u64> {
        let since = self.0.get()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Some(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }
}
