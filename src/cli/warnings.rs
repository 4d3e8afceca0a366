//! The warnings of this process: people see each at once, programs see all of them in the report.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::explain::Diagnosis;

/// The number of warnings that a report lists: `serve` may run for months.
const MOST: usize = 100;

/// The warnings so far; clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    /// Keeps each of them for the report, once.
    pub(crate) fn record(&self, warnings: &[Diagnosis]) {
        let mut kept = self.kept();
        for Diagnosis { message, .. } in warnings {
            if kept.len() < MOST && !kept.contains(message) {
                kept.push(message.clone());
            }
        }
    }

    /// The messages in the order in which they were recorded.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.kept().clone()
    }

    fn kept(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
