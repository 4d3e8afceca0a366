//! MySQL 8 and later, MariaDB 10.5 and later. DDL commits implicitly here.

mod classes;
mod error;
mod existence;
mod faults;
mod health;
mod lock;
mod lock_sql;
mod login;
mod monitor;
mod options;
mod parameters;
mod plugin;
mod product;
mod session;
mod sql;
mod target;
mod text;
mod transaction;
mod wire;

use self::lock::MysqlLock;
use self::monitor::MysqlMonitor;
use self::session::MysqlSession;
use self::sql::MysqlSql;
pub(super) use self::target::Mysql;
use self::wire::Wire;
use super::{
    Access, ConnectMonitor, Connector, DatabaseError, LockConnection, MonitorConnection, ServerInfo, Session, Sql,
    silence,
};
use crate::migration::Dialect;
use async_trait::async_trait;
use std::time::Duration;

#[async_trait]
impl Connector for Mysql {
    fn dialect(&self) -> Dialect {
        Dialect::Mysql
    }

    fn expected(&self) -> ServerInfo {
        let driver = &self.login.driver;
        let socket = driver.get_socket().map(|path| path.display().to_string());
        let address = socket.unwrap_or_else(|| driver.get_host().to_owned());
        let port = driver.get_port();
        ServerInfo {
            system: "mysql",
            version: String::new(),
            database: driver.get_database().unwrap_or_default().to_owned(),
            schema: None,
            user: Some(driver.get_username().to_owned()),
            address: Some(address.clone()),
            port: (!address.starts_with('/')).then_some(port),
            file: None,
            process: None,
            read_only: None,
        }
    }

    fn sql(&self) -> Box<dyn Sql> {
        Box::new(MysqlSql::new(self.expected()))
    }

    fn lock_timeout(&self) -> Option<Option<Duration>> {
        self.extras.lock_timeout
    }

    async fn session(&self, access: Access, home: Option<&str>) -> Result<Box<dyn Session>, DatabaseError> {
        let connector = Self { login: self.login.clone(), extras: self.extras.clone(), init: self.init.clone() };
        let mut session = MysqlSession::new(self.connect().await?, self.expected(), connector, access);
        session.sql.home = home.map(str::to_owned);
        session.prepare().await?;
        Ok(Box::new(session))
    }

    async fn lock(&self, ledger: &str) -> Result<Box<dyn LockConnection>, DatabaseError> {
        let database = self.login.driver.get_database().unwrap_or_default();
        Ok(Box::new(MysqlLock::new(self.connect().await?, database, ledger)))
    }

    fn monitors(&self) -> ConnectMonitor {
        let login = self.login.clone();
        Box::new(move || {
            let login = login.clone();
            Box::pin(async move {
                let wire = Wire::to(&login, silence::ASKING).await?;
                Ok(Box::new(MysqlMonitor::new(wire)) as Box<dyn MonitorConnection>)
            })
        })
    }
}
