//! The connection that watches the working session.

use async_trait::async_trait;

use super::lock_sql::held_by;
use super::wire::Wire;
use crate::database::{Activity, DatabaseError, Holder, MonitorConnection};

/// Finds the working session behind a pooler, which forwards the application name. The connection that holds the lock has that name too, and
/// may be busy for a moment: the statement of a script is the older one.
const WORKING_SESSION: &str = "FROM pg_catalog.pg_stat_activity w WHERE w.application_name = current_setting('application_name') \
     AND w.pid <> pg_catalog.pg_backend_pid() AND w.state = 'active' \
     ORDER BY w.query_start LIMIT 1";

pub(super) struct PostgresMonitor {
    pub(super) wire: Wire,
}

impl PostgresMonitor {
    pub(super) fn new(wire: Wire) -> Self {
        Self { wire }
    }
}

#[async_trait]
impl MonitorConnection for PostgresMonitor {
    async fn activity(&mut self, process: Option<u64>) -> Result<Activity, DatabaseError> {
        match process {
            Some(process) => self.wire.activity(process).await,
            None => Ok(Activity::Unknown),
        }
    }

    async fn blocker(&mut self, process: Option<u64>) -> Result<Option<Holder>, DatabaseError> {
        let process =
            process.map_or_else(|| format!("(SELECT w.pid {WORKING_SESSION})"), |process| process.to_string());
        let sql = format!(
            "SELECT b.pid, a.usename, a.application_name, coalesce(host(a.client_addr), 'a local socket'), \
               to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), a.state, left(a.query, 300) \
             FROM unnest(pg_catalog.pg_blocking_pids({process})) AS b (pid) \
             LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid ORDER BY a.xact_start LIMIT 1"
        );
        Ok(self.wire.query(&sql).await?.pop().map(held_by))
    }

    async fn cancel(&mut self, process: Option<u64>) -> Result<(), DatabaseError> {
        let sql = match process {
            Some(process) => format!("SELECT pg_catalog.pg_cancel_backend({process})"),
            None => format!("SELECT pg_catalog.pg_cancel_backend(w.pid) {WORKING_SESSION}"),
        };
        self.wire.query(&sql).await.map(drop)
    }
}
