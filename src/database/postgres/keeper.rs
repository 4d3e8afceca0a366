//! The lock of PostgreSQL: a session advisory lock, tried and never waited for.
//!
//! A session that waits inside `pg_advisory_lock` holds a snapshot, and another runner's `CREATE INDEX CONCURRENTLY` waits
//! for that snapshot: a deadlock between two deployments (golang-migrate/migrate#960, flyway/flyway#1654).

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use super::wire::Wire;
use super::{pinned, sharing};
use crate::database::{Activity, Another, DatabaseError, ErrorKind, Holder, Keeper, Row, ToolLock, silence};

pub(super) struct PostgresKeeper {
    wire: Wire,
    key: i64,
    /// Whether the lock is that of a transaction that stays open.
    pooled: bool,
}

impl PostgresKeeper {
    pub(super) fn new(wire: Wire, ledger: &str) -> Self {
        Self { wire, key: lock_key(ledger), pooled: false }
    }

    /// The transaction is idle and has no snapshot, so nothing waits for it; no limit for idle transactions may end it.
    async fn try_lock_in_transaction(&mut self) -> Result<bool, DatabaseError> {
        let begin = "BEGIN;SET LOCAL idle_in_transaction_session_timeout = 0;SET LOCAL statement_timeout = 0";
        let sql = format!("{begin};SELECT pg_catalog.pg_try_advisory_xact_lock('{}'::bigint)", self.key);
        let rows = self.wire.plain(&sql).await?;
        let ours = rows.first().and_then(|row| row.first()?.as_deref()) == Some("t");
        if !ours {
            self.wire.plain("ROLLBACK").await?;
        }
        Ok(ours)
    }
}

/// The session that works for us behind a pooler, which hands our application name on.
const OURS: &str = "FROM pg_catalog.pg_stat_activity w WHERE w.application_name = current_setting('application_name') \
     AND w.pid <> pg_catalog.pg_backend_pid() AND w.state = 'active' LIMIT 1";

/// The state of the session that works, and its statement up to the first literal: what that holds is nobody's business.
fn doing(state: Option<String>, message: Option<&str>) -> Option<String> {
    let statement = message.map(scripts_own).unwrap_or_default();
    let statement = statement.split(['\'', '$']).next().unwrap_or_default().trim_end();
    if statement.is_empty() { state } else { Some(format!("{}: {statement}", state.unwrap_or_default())) }
}

/// The script's statement in a message of ours, without what rides in front of it and behind it.
fn scripts_own(message: &str) -> &str {
    let mut statement = message.split("\n;").next().unwrap_or_default();
    while let Some((ahead, rest)) = statement.split_once(';')
        && (ahead == "BEGIN" || ahead.starts_with("SET LOCAL ") || ahead == pinned::PIN)
    {
        statement = rest;
    }
    statement
}

/// The advisory key of a ledger: the first eight bytes of SHA-256 over `migrascope:` and the quoted table name.
///
/// Advisory locks belong to one database, so its name is not part of the key.
fn lock_key(ledger: &str) -> i64 {
    key(&format!("migrascope:{ledger}"))
}

/// The key of the session that works: the same over `migrascope-work:` and the quoted table name.
pub(super) fn claim_key(ledger: &str) -> i64 {
    key(&format!("migrascope-work:{ledger}"))
}

fn key(name: &str) -> i64 {
    Sha256::digest(name).iter().take(8).fold(0_i64, |key, byte| (key << 8) | i64::from(*byte))
}

/// Whether another session has the lock of a ledger; one that could be taken is free again when the statement has ended.
pub(super) async fn is_locked(wire: &mut Wire, ledger: &str) -> Result<bool, DatabaseError> {
    let sql = format!("SELECT pg_catalog.pg_try_advisory_xact_lock({})", lock_key(ledger));
    let rows = wire.query(&sql).await?;
    Ok(rows.first().and_then(|row| row.first()?.as_deref()) == Some("f"))
}

/// Tries once to lock this key for the session.
pub(super) async fn try_lock(wire: &mut Wire, key: i64) -> Result<bool, DatabaseError> {
    let rows = wire.query(&format!("SELECT pg_catalog.pg_try_advisory_lock({key})")).await?;
    Ok(rows.first().and_then(|row| row.first()?.as_deref()) == Some("t"))
}

/// A condition for the locks of a key; a bigint shows as two halves, with objsubid 1.
fn is_key(key: i64) -> String {
    format!(
        "l.locktype = 'advisory' AND l.objsubid = 1 \
         AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) \
         AND l.classid::bigint = {} AND l.objid::bigint = {}",
        (key >> 32) & 0xffff_ffff,
        key & 0xffff_ffff,
    )
}

/// Who has locked this key.
pub(super) async fn holder(wire: &mut Wire, key: i64) -> Result<Option<Holder>, DatabaseError> {
    // The holder's other session is the one that works.
    let sql = format!(
        "SELECT l.pid, a.usename, a.application_name, coalesce(host(a.client_addr), 'a local socket'), \
           to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), \
           coalesce(w.state, a.state), left(coalesce(w.query, CASE WHEN a.state = 'active' THEN a.query END), 300) \
         FROM pg_catalog.pg_locks l \
         LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
         LEFT JOIN pg_catalog.pg_stat_activity w ON w.application_name = a.application_name \
           AND w.pid <> a.pid AND w.datname = a.datname AND a.application_name LIKE 'migrascope/%' \
         WHERE l.granted AND {} LIMIT 1",
        is_key(key)
    );
    let Some(row) = wire.query(&sql).await?.pop() else {
        return Ok(None);
    };
    Ok(Some(held_by(row)))
}

fn held_by(row: Row) -> Holder {
    let mut column = row.into_iter();
    let mut next = || column.next().flatten();
    Holder {
        process: next().and_then(|pid| pid.parse().ok()),
        user: next(),
        application: next().filter(|name| !name.is_empty()),
        client: next(),
        since: next(),
        doing: doing(next(), next().as_deref()),
    }
}

#[async_trait]
impl Keeper for PostgresKeeper {
    async fn process(&mut self) -> Result<Option<u64>, DatabaseError> {
        self.wire.process().await
    }

    async fn unshared(&mut self) -> Result<(), DatabaseError> {
        self.wire.process = self.wire.process().await?;
        self.wire.query(&sharing::keep_alive(&sharing::TCP)).await?;
        self.wire.query(sharing::STAY_IDLE).await.map(drop)
    }

    fn pooled(&mut self) {
        self.pooled = true;
    }

    async fn try_lock(&mut self) -> Result<bool, DatabaseError> {
        if self.pooled { self.try_lock_in_transaction().await } else { try_lock(&mut self.wire, self.key).await }
    }

    async fn try_tool_lock(&mut self, lock: &ToolLock) -> Result<bool, DatabaseError> {
        let ToolLock::Key(key) = lock else { return Ok(true) };
        // Behind a pooler it is one of the same open transaction.
        let function = if self.pooled { "pg_try_advisory_xact_lock" } else { "pg_try_advisory_lock" };
        let rows = self.wire.plain(&format!("SELECT pg_catalog.{function}('{key}'::bigint)")).await?;
        Ok(rows.first().and_then(|row| row.first()?.as_deref()) == Some("t"))
    }

    async fn tool_holder(&mut self, lock: &ToolLock) -> Result<Option<Holder>, DatabaseError> {
        match lock {
            ToolLock::Key(key) => holder(&mut self.wire, *key).await,
            ToolLock::Name(_) => Ok(None),
        }
    }

    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError> {
        holder(&mut self.wire, self.key).await
    }

    async fn alive(&mut self) -> Result<(), DatabaseError> {
        let sql = format!(
            "SELECT 1 FROM pg_catalog.pg_locks l WHERE l.pid = pg_catalog.pg_backend_pid() AND {} AND l.granted",
            is_key(self.key)
        );
        match self.wire.query(&sql).await?.is_empty() {
            true => Err(DatabaseError::new(ErrorKind::Other, "its session does not have it any more")),
            false => Ok(()),
        }
    }

    async fn activity(&mut self, process: Option<u64>) -> Result<Activity, DatabaseError> {
        match process {
            Some(process) => self.wire.activity(process).await,
            None => Ok(Activity::Unknown),
        }
    }

    async fn blocker(&mut self, process: Option<u64>) -> Result<Option<Holder>, DatabaseError> {
        let process = process.map_or_else(|| format!("(SELECT w.pid {OURS})"), |process| process.to_string());
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
            None => format!("SELECT pg_catalog.pg_cancel_backend(w.pid) {OURS}"),
        };
        self.wire.query(&sql).await.map(drop)
    }

    fn another(&self) -> Another {
        let (login, key, pooled) = (self.wire.login().clone(), self.key, self.pooled);
        Box::new(move || {
            let login = login.clone();
            Box::pin(async move {
                let wire = Wire::to(&login, silence::ASKING).await?;
                Ok(Box::new(Self { wire, key, pooled }) as Box<dyn Keeper>)
            })
        })
    }

    async fn unlock(mut self: Box<Self>) -> Result<(), DatabaseError> {
        let sql = match self.pooled {
            true => "COMMIT".to_owned(),
            false => format!("SELECT pg_catalog.pg_advisory_unlock('{}'::bigint)", self.key),
        };
        let released = self.wire.plain(&sql).await;
        // The lock ends with its session at the latest.
        self.wire.close().await;
        released.map(drop)
    }
}
