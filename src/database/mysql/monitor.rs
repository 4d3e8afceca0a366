//! The connection that watches the working session.

use async_trait::async_trait;

use super::wire::Wire;
use crate::database::{Activity, DatabaseError, Holder, MonitorConnection, Row};

pub(super) struct MysqlMonitor {
    pub(super) wire: Wire,
}

impl MysqlMonitor {
    pub(super) fn new(wire: Wire) -> Self {
        Self { wire }
    }
}

#[async_trait]
impl MonitorConnection for MysqlMonitor {
    async fn activity(&mut self, process: Option<u64>) -> Result<Activity, DatabaseError> {
        match process {
            Some(process) => self.wire.activity(process).await,
            None => Ok(Activity::Unknown),
        }
    }

    async fn blocker(&mut self, process: Option<u64>) -> Result<Option<Holder>, DatabaseError> {
        let Some(process) = process else { return Ok(None) };
        for sql in blockers(process) {
            // Which of these tables exist and are readable depends on product, version and privileges.
            if let Ok(mut rows) = self.wire.query(&sql).await
                && let Some(row) = rows.pop()
            {
                return Ok(Some(blocker(row)));
            }
        }
        Ok(None)
    }

    async fn cancel(&mut self, process: Option<u64>) -> Result<(), DatabaseError> {
        if let Some(process) = process {
            self.wire.query(&format!("KILL QUERY {process}")).await?;
        }
        Ok(())
    }
}

/// Queries for the session that blocks another one: by row locks on MariaDB and on MySQL, by table locks on MySQL. If the server does not
/// show table locks, the last query returns the session with the oldest transaction in the same database.
fn blockers(process: u64) -> [String; 4] {
    let from_transactions = |from: &str| {
        format!(
            "SELECT CAST(b.trx_mysql_thread_id AS CHAR), CAST(p.USER AS CHAR), CAST(p.HOST AS CHAR), \
               DATE_FORMAT(CONVERT_TZ(b.trx_started, @@session.time_zone, '+00:00'), '%Y-%m-%dT%H:%i:%sZ'), CAST(p.COMMAND AS CHAR) \
             FROM {from} LEFT JOIN information_schema.PROCESSLIST p ON p.ID = b.trx_mysql_thread_id \
             ORDER BY b.trx_started LIMIT 1"
        )
    };
    [
        from_transactions(&format!(
            "information_schema.INNODB_LOCK_WAITS w \
             JOIN information_schema.INNODB_TRX r ON r.trx_id = w.requesting_trx_id AND r.trx_mysql_thread_id = {process} \
             JOIN information_schema.INNODB_TRX b ON b.trx_id = w.blocking_trx_id"
        )),
        from_transactions(&format!(
            "performance_schema.data_lock_waits w \
             JOIN information_schema.INNODB_TRX r ON r.trx_id = w.REQUESTING_ENGINE_TRANSACTION_ID AND r.trx_mysql_thread_id = {process} \
             JOIN information_schema.INNODB_TRX b ON b.trx_id = w.BLOCKING_ENGINE_TRANSACTION_ID"
        )),
        format!(
            "SELECT CAST(t.PROCESSLIST_ID AS CHAR), t.PROCESSLIST_USER, t.PROCESSLIST_HOST, NULL, t.PROCESSLIST_COMMAND \
             FROM performance_schema.metadata_locks w \
             JOIN performance_schema.threads o ON o.THREAD_ID = w.OWNER_THREAD_ID AND o.PROCESSLIST_ID = {process} \
             JOIN performance_schema.metadata_locks g ON g.OBJECT_SCHEMA = w.OBJECT_SCHEMA AND g.OBJECT_NAME = w.OBJECT_NAME \
               AND g.LOCK_STATUS = 'GRANTED' AND g.OWNER_THREAD_ID <> w.OWNER_THREAD_ID \
             JOIN performance_schema.threads t ON t.THREAD_ID = g.OWNER_THREAD_ID \
             WHERE w.LOCK_STATUS = 'PENDING' LIMIT 1"
        ),
        from_transactions(&format!(
            "information_schema.PROCESSLIST o JOIN information_schema.INNODB_TRX b ON b.trx_mysql_thread_id <> o.ID \
               AND o.ID = {process} AND o.STATE LIKE 'Waiting for table metadata lock%' \
             JOIN information_schema.PROCESSLIST n ON n.ID = b.trx_mysql_thread_id AND n.DB = o.DB"
        )),
    ]
}

fn blocker(row: Row) -> Holder {
    let mut column = row.into_iter();
    let mut next = || column.next().flatten();
    Holder {
        process: next().and_then(|id| id.parse().ok()),
        user: next(),
        application: None,
        client: next(),
        since: next(),
        doing: next(),
    }
}
