//! Advisory locks of PostgreSQL: their keys, and the queries about them.

use sha2::{Digest, Sha256};

use super::pinned;
use super::wire::Wire;
use crate::database::{DatabaseError, Holder, Row};

/// The advisory key of a ledger: the first eight bytes of SHA-256 over `migrascope:` and the quoted table name.
///
/// Advisory locks belong to one database, so its name is not part of the key.
pub(super) fn lock_key(ledger: &str) -> i64 {
    key(&format!("migrascope:{ledger}"))
}

/// The key of the worker lock: the same with `migrascope-work:`.
pub(super) fn worker_key(ledger: &str) -> i64 {
    key(&format!("migrascope-work:{ledger}"))
}

fn key(name: &str) -> i64 {
    Sha256::digest(name).iter().take(8).fold(0_i64, |key, byte| (key << 8) | i64::from(*byte))
}

/// A query that returns `granted` if this session could acquire the lock, and releases it at the end of the statement.
pub(super) fn probe(ledger: &str) -> String {
    format!("SELECT CASE WHEN pg_catalog.pg_try_advisory_xact_lock({}) THEN 'granted' END", lock_key(ledger))
}

/// Tries once to acquire the lock with this key for the session.
pub(super) async fn try_lock(wire: &mut Wire, key: i64) -> Result<bool, DatabaseError> {
    let rows = wire.query(&format!("SELECT pg_catalog.pg_try_advisory_lock({key})")).await?;
    Ok(is_true(&rows))
}

pub(super) fn is_true(rows: &[Row]) -> bool {
    rows.first().and_then(|row| row.first()?.as_deref()) == Some("t")
}

/// A condition for the locks with this key; `pg_locks` shows a bigint key in two halves, with objsubid 1.
pub(super) fn is_key(key: i64) -> String {
    format!(
        "l.locktype = 'advisory' AND l.objsubid = 1 \
         AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) \
         AND l.classid::bigint = {} AND l.objid::bigint = {}",
        (key >> 32) & 0xffff_ffff,
        key & 0xffff_ffff,
    )
}

/// The holder of the lock with this key.
pub(super) async fn holder(wire: &mut Wire, key: i64) -> Result<Option<Holder>, DatabaseError> {
    // Of the holder's other sessions, one executes migrations; others watch it or read the journal.
    let sql = format!(
        "SELECT l.pid, a.usename, a.application_name, coalesce(host(a.client_addr), 'a local socket'), \
           to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), \
           coalesce(w.state, a.state), left(coalesce(w.query, CASE WHEN a.state = 'active' THEN a.query END), 300) \
         FROM pg_catalog.pg_locks l \
         LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
         LEFT JOIN LATERAL (SELECT s.state, s.query FROM pg_catalog.pg_stat_activity s \
           WHERE s.application_name = a.application_name AND s.pid <> a.pid AND s.datname = a.datname \
           AND a.application_name LIKE 'migrascope/%' ORDER BY (s.state = 'active') IS NOT TRUE, s.backend_start LIMIT 1) w ON true \
         WHERE l.granted AND {} LIMIT 1",
        is_key(key)
    );
    Ok(wire.query(&sql).await?.pop().map(held_by))
}

/// The holder from a row of process, user, application, client, since, state and message.
pub(super) fn held_by(row: Row) -> Holder {
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

/// The state of the session and its statement, up to the first literal, which may contain private data.
fn doing(state: Option<String>, message: Option<&str>) -> Option<String> {
    let statement = message.map(scripts_own).unwrap_or_default();
    let statement = statement.split(['\'', '$']).next().unwrap_or_default().trim_end();
    if statement.is_empty() { state } else { Some(format!("{}: {statement}", state.unwrap_or_default())) }
}

/// The script's statement in a message of the runner, without the runner's own statements around it.
fn scripts_own(message: &str) -> &str {
    let mut statement = message.split("\n;").next().unwrap_or_default();
    while let Some((ahead, rest)) = statement.split_once(';')
        && (ahead == "BEGIN" || ahead.starts_with("SET LOCAL ") || ahead == pinned::PIN)
    {
        statement = rest;
    }
    statement
}
