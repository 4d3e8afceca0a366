//! Named locks of MySQL and MariaDB, and the queries about them.

use sha2::{Digest, Sha256};

use super::wire::Wire;
use crate::database::{DatabaseError, Holder};

/// Prevents the server from closing a session that is idle because the runner waits for the lock, holds it, or pauses.
pub(super) const STAY_IDLE: &str =
    "SET SESSION wait_timeout = CAST(GREATEST(@@SESSION.wait_timeout, 86400) AS UNSIGNED)";

/// Lock names apply to the whole server and have at most 64 characters: `migrascope:` and half a SHA-256 of database and table.
pub(super) fn lock_name(database: &str, ledger: &str) -> String {
    format!("migrascope:{}", half_digest(database, ledger))
}

/// The name of the worker lock.
pub(super) fn worker_name(database: &str, ledger: &str) -> String {
    format!("migrascope-work:{}", half_digest(database, ledger))
}

fn half_digest(database: &str, ledger: &str) -> String {
    let digest = Sha256::digest(format!("{database}\0{ledger}"));
    let half = digest.iter().take(16).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    format!("{half:032x}")
}

/// A query that returns `granted` if this session could acquire the lock, and releases it again.
pub(super) fn probe(database: &str, ledger: &str) -> String {
    let name = lock_name(database, ledger);
    format!("SELECT CAST(IF(GET_LOCK('{name}', 0) = 1 AND RELEASE_LOCK('{name}') = 1, 'granted', NULL) AS CHAR)")
}

pub(super) async fn value(wire: &mut Wire, sql: &str) -> Result<Option<String>, DatabaseError> {
    let rows = wire.query(sql).await?;
    Ok(rows.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
}

/// Tries to acquire the lock with this name for the session, for up to `seconds`.
pub(super) async fn try_lock(wire: &mut Wire, name: &str, seconds: u8) -> Result<bool, DatabaseError> {
    Ok(value(wire, &format!("SELECT CAST(GET_LOCK('{name}', {seconds}) AS CHAR)")).await?.as_deref() == Some("1"))
}

/// The holder of the lock with this name.
pub(super) async fn holder(wire: &mut Wire, name: &str) -> Result<Option<Holder>, DatabaseError> {
    let Some(id) = value(wire, &format!("SELECT CAST(IS_USED_LOCK('{name}') AS CHAR)")).await? else {
        return Ok(None);
    };
    // The process list shows other users' sessions only with the PROCESS privilege: then only the number is reported.
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
