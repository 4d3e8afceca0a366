//! The lock of MySQL and MariaDB: `GET_LOCK`, tried with no waiting time.

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use super::wire::Wire;
use crate::database::{Activity, Another, DatabaseError, Holder, Keeper, Row, ToolLock, silence};

/// Keeps the server from ending a session of ours that has nothing to do, because it waits for the lock, holds it, or pauses.
pub(super) const STAY_IDLE: &str =
    "SET SESSION wait_timeout = CAST(GREATEST(@@SESSION.wait_timeout, 86400) AS UNSIGNED)";

pub(super) struct MysqlKeeper {
    wire: Wire,
    name: String,
}

impl MysqlKeeper {
    pub(super) fn new(wire: Wire, database: &str, ledger: &str) -> Self {
        Self { wire, name: lock_name(database, ledger) }
    }
}

async fn value(wire: &mut Wire, sql: &str) -> Result<Option<String>, DatabaseError> {
    let rows = wire.query(sql).await?;
    Ok(rows.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
}

/// Locks are the whole server's and have at most 64 characters: `migrascope:` and half a SHA-256 over database and table.
fn lock_name(database: &str, ledger: &str) -> String {
    format!("migrascope:{}", half_digest(database, ledger))
}

/// The name of the session that works.
pub(super) fn claim_name(database: &str, ledger: &str) -> String {
    format!("migrascope-work:{}", half_digest(database, ledger))
}

fn half_digest(database: &str, ledger: &str) -> String {
    let digest = Sha256::digest(format!("{database}\0{ledger}"));
    let half = digest.iter().take(16).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    format!("{half:032x}")
}

/// Whether another session has the lock of a ledger; one that could be taken is given back.
pub(super) async fn is_locked(wire: &mut Wire, database: &str, ledger: &str) -> Result<bool, DatabaseError> {
    let name = lock_name(database, ledger);
    if !try_lock(wire, &name, 0).await? {
        return Ok(true);
    }
    value(wire, &format!("SELECT CAST(RELEASE_LOCK('{name}') AS CHAR)")).await?;
    Ok(false)
}

/// Tries to lock this name for the session, for so many seconds.
pub(super) async fn try_lock(wire: &mut Wire, name: &str, seconds: u8) -> Result<bool, DatabaseError> {
    Ok(value(wire, &format!("SELECT CAST(GET_LOCK('{name}', {seconds}) AS CHAR)")).await?.as_deref() == Some("1"))
}

/// Who has locked this name.
pub(super) async fn holder(wire: &mut Wire, name: &str) -> Result<Option<Holder>, DatabaseError> {
    let Some(id) = value(wire, &format!("SELECT CAST(IS_USED_LOCK('{name}') AS CHAR)")).await? else {
        return Ok(None);
    };
    // The process list shows other users' sessions only with the PROCESS privilege: the number alone is worth telling.
    let sql = format!(
        "SELECT CAST(USER AS CHAR), CAST(HOST AS CHAR), CAST(COMMAND AS CHAR), CAST(TIME AS CHAR) \
         FROM information_schema.PROCESSLIST WHERE ID = {id}"
    );
    let mut row = wire.query(&sql).await?.pop().unwrap_or_default().into_iter();
    let mut next = || row.next().flatten();
    let (user, client, command, time) = (next(), next(), next(), next());
    Ok(Some(Holder {
        process: id.parse().ok(),
        user,
        application: None,
        client,
        since: None,
        doing: command.map(|command| format!("{command} for {} s", time.unwrap_or_default())),
    }))
}

/// Questions for who is in the way of a session: for its rows on MariaDB and on MySQL, for its table on MySQL, and where the
/// server does not tell of tables, who has the oldest transaction in the same database while it waits for one.
fn blockers(process: u64) -> [String; 4] {
    let told = |from: &str| {
        format!(
            "SELECT CAST(b.trx_mysql_thread_id AS CHAR), CAST(p.USER AS CHAR), CAST(p.HOST AS CHAR), \
               DATE_FORMAT(CONVERT_TZ(b.trx_started, @@session.time_zone, '+00:00'), '%Y-%m-%dT%H:%i:%sZ'), CAST(p.COMMAND AS CHAR) \
             FROM {from} LEFT JOIN information_schema.PROCESSLIST p ON p.ID = b.trx_mysql_thread_id \
             ORDER BY b.trx_started LIMIT 1"
        )
    };
    [
        told(&format!(
            "information_schema.INNODB_LOCK_WAITS w \
             JOIN information_schema.INNODB_TRX r ON r.trx_id = w.requesting_trx_id AND r.trx_mysql_thread_id = {process} \
             JOIN information_schema.INNODB_TRX b ON b.trx_id = w.blocking_trx_id"
        )),
        told(&format!(
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
        told(&format!(
            "information_schema.PROCESSLIST o JOIN information_schema.INNODB_TRX b ON b.trx_mysql_thread_id <> o.ID \
               AND o.ID = {process} AND o.STATE LIKE 'Waiting for table metadata lock%' \
             JOIN information_schema.PROCESSLIST n ON n.ID = b.trx_mysql_thread_id AND n.DB = o.DB"
        )),
    ]
}

fn in_the_way(row: Row) -> Holder {
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

#[async_trait]
impl Keeper for MysqlKeeper {
    async fn process(&mut self) -> Result<Option<u64>, DatabaseError> {
        Ok(None)
    }

    async fn unshared(&mut self) -> Result<(), DatabaseError> {
        self.wire.query(STAY_IDLE).await.map(drop)
    }

    fn pooled(&mut self) {}

    async fn try_lock(&mut self) -> Result<bool, DatabaseError> {
        try_lock(&mut self.wire, &self.name, 0).await
    }

    async fn try_tool_lock(&mut self, lock: &ToolLock) -> Result<bool, DatabaseError> {
        match lock {
            ToolLock::Name(name) => try_lock(&mut self.wire, name, 0).await,
            ToolLock::Key(_) => Ok(true),
        }
    }

    async fn tool_holder(&mut self, lock: &ToolLock) -> Result<Option<Holder>, DatabaseError> {
        match lock {
            ToolLock::Name(name) => holder(&mut self.wire, name).await,
            ToolLock::Key(_) => Ok(None),
        }
    }

    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError> {
        holder(&mut self.wire, &self.name).await
    }

    async fn alive(&mut self) -> Result<(), DatabaseError> {
        self.wire.query("SELECT 1").await.map(drop)
    }

    async fn activity(&mut self, process: Option<u64>) -> Result<Activity, DatabaseError> {
        match process {
            Some(process) => self.wire.activity(process).await,
            None => Ok(Activity::Unknown),
        }
    }

    async fn blocker(&mut self, process: Option<u64>) -> Result<Option<Holder>, DatabaseError> {
        let Some(process) = process else { return Ok(None) };
        for sql in blockers(process) {
            // Which of these tables there are, and who may read them, is a matter of product, version and rights.
            if let Ok(mut rows) = self.wire.query(&sql).await
                && let Some(row) = rows.pop()
            {
                return Ok(Some(in_the_way(row)));
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

    fn another(&self) -> Another {
        let (login, name) = (self.wire.login().clone(), self.name.clone());
        Box::new(move || {
            let (login, name) = (login.clone(), name.clone());
            Box::pin(async move {
                let wire = Wire::to(&login, silence::ASKING).await?;
                Ok(Box::new(Self { wire, name }) as Box<dyn Keeper>)
            })
        })
    }

    async fn unlock(mut self: Box<Self>) -> Result<(), DatabaseError> {
        let released = value(&mut self.wire, &format!("SELECT CAST(RELEASE_LOCK('{}') AS CHAR)", self.name)).await;
        // The lock ends with its session at the latest.
        self.wire.close().await;
        released.map(drop)
    }
}
