//! The lock of MySQL and MariaDB: `GET_LOCK`, tried with no waiting time.

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use sqlx::Connection;

use super::Wire;
use crate::database::{DatabaseError, Holder, Keeper};

pub(super) struct MysqlKeeper {
    wire: Wire,
    name: String,
}

impl MysqlKeeper {
    pub(super) fn new(wire: Wire, database: &str, ledger: &str) -> Self {
        Self { wire, name: lock_name(database, ledger) }
    }

    async fn value(&mut self, sql: &str) -> Result<Option<String>, DatabaseError> {
        let rows = self.wire.query(sql).await?;
        Ok(rows.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
    }
}

/// Locks are the whole server's and have at most 64 characters: `migrascope:` and half a SHA-256 over database and table.
fn lock_name(database: &str, ledger: &str) -> String {
    let digest = Sha256::digest(format!("{database}\0{ledger}"));
    let half = digest.iter().take(16).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    format!("migrascope:{half:032x}")
}

#[async_trait]
impl Keeper for MysqlKeeper {
    async fn try_lock(&mut self) -> Result<bool, DatabaseError> {
        let sql = format!("SELECT CAST(GET_LOCK('{}', 0) AS CHAR)", self.name);
        Ok(self.value(&sql).await?.as_deref() == Some("1"))
    }

    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError> {
        let Some(id) = self.value(&format!("SELECT CAST(IS_USED_LOCK('{}') AS CHAR)", self.name)).await? else {
            return Ok(None);
        };
        // The process list shows other users' sessions only with the PROCESS privilege: the number alone is worth telling.
        let sql = format!(
            "SELECT CAST(USER AS CHAR), CAST(HOST AS CHAR), CAST(COMMAND AS CHAR), CAST(TIME AS CHAR) \
             FROM information_schema.PROCESSLIST WHERE ID = {id}"
        );
        let mut row = self.wire.query(&sql).await?.pop().unwrap_or_default().into_iter();
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

    async fn alive(&mut self) -> Result<(), DatabaseError> {
        self.wire.query("SELECT 1").await.map(drop)
    }

    async fn cancel(&mut self, process: Option<u64>) -> Result<(), DatabaseError> {
        if let Some(process) = process {
            self.wire.query(&format!("KILL QUERY {process}")).await?;
        }
        Ok(())
    }

    async fn unlock(mut self: Box<Self>) -> Result<(), DatabaseError> {
        let released = self.value(&format!("SELECT CAST(RELEASE_LOCK('{}') AS CHAR)", self.name)).await;
        // The lock ends with its session at the latest.
        let _ = self.wire.connection.close().await;
        released.map(drop)
    }
}
