//! SQLite, bundled. The lock is a separate file, so that readers and the application's own writers are not blocked.

mod classes;
mod error;
mod health;
mod interrupt;
mod lock;
mod monitor;
mod options;
mod orphans;
mod parameters;
mod session;
mod sql;
mod target;
mod wire;

use self::lock::SqliteLock;
use self::monitor::SqliteMonitor;
use self::session::SqliteSession;
use self::sql::SqliteSql;
pub(super) use self::target::Sqlite;
use super::{
    Access, ConnectMonitor, Connector, DatabaseError, LockConnection, MonitorConnection, ServerInfo, Session, Sql,
};
use crate::migration::Dialect;
use async_trait::async_trait;
use std::sync::Arc;

#[async_trait]
impl Connector for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn expected(&self) -> ServerInfo {
        let name = self.file.as_ref().and_then(|file| file.file_name()).map(|name| name.to_string_lossy().into_owned());
        ServerInfo {
            system: "sqlite",
            version: String::new(),
            database: name.unwrap_or_else(|| ":memory:".to_owned()),
            schema: None,
            user: None,
            address: None,
            port: None,
            file: self.file.as_ref().map(|file| file.display().to_string()),
            process: None,
            read_only: None,
        }
    }

    fn sql(&self) -> Box<dyn Sql> {
        Box::new(SqliteSql { identity: self.expected(), foreign_keys: false })
    }

    fn is_absent(&self) -> bool {
        self.file.as_ref().is_some_and(|file| !file.exists())
    }

    async fn session(&self, access: Access, _home: Option<&str>) -> Result<Box<dyn Session>, DatabaseError> {
        let connector = Self {
            driver: self.driver.clone(),
            file: self.file.clone(),
            create: false,
            read_only: self.read_only,
            init: self.init.clone(),
            application: self.application.clone(),
            interrupt: Arc::clone(&self.interrupt),
        };
        let wire = self.connect(access).await?;
        let read_only = if access.only_reads() { None } else { self.read_only() };
        let mut session = SqliteSession::new(wire, ServerInfo { read_only, ..self.expected() }, connector, access);
        session.prepare().await?;
        Ok(Box::new(session))
    }

    async fn lock(&self, _ledger: &str) -> Result<Box<dyn LockConnection>, DatabaseError> {
        Ok(Box::new(SqliteLock::new(self.file.as_deref(), &self.application, Arc::clone(&self.interrupt))))
    }

    fn monitors(&self) -> ConnectMonitor {
        let interrupt = Arc::clone(&self.interrupt);
        Box::new(move || {
            let monitor = SqliteMonitor::new(Arc::clone(&interrupt));
            Box::pin(async move { Ok(Box::new(monitor) as Box<dyn MonitorConnection>) })
        })
    }
}
