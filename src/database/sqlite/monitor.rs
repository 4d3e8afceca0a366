//! Cancels the statement of the working session, which belongs to the same process.

use std::sync::Arc;

use async_trait::async_trait;

use super::interrupt::Interrupt;
use crate::database::{Activity, DatabaseError, Holder, MonitorConnection};

pub(super) struct SqliteMonitor {
    interrupt: Arc<Interrupt>,
}

impl SqliteMonitor {
    pub(super) fn new(interrupt: Arc<Interrupt>) -> Self {
        Self { interrupt }
    }
}

#[async_trait]
impl MonitorConnection for SqliteMonitor {
    async fn activity(&mut self, _process: Option<u64>) -> Result<Activity, DatabaseError> {
        Ok(Activity::Unknown)
    }

    async fn blocker(&mut self, _process: Option<u64>) -> Result<Option<Holder>, DatabaseError> {
        // SQLite does not report which process has locked the file.
        Ok(None)
    }

    async fn cancel(&mut self, _process: Option<u64>) -> Result<(), DatabaseError> {
        self.interrupt.request();
        Ok(())
    }
}
