//! MySQL 8 and later, MariaDB 10.5 and later. DDL commits by itself here.

mod classes;
mod error;
mod existence;
mod faults;
mod health;
mod keeper;
mod login;
mod options;
mod parameters;
mod plugin;
mod product;
mod session;
mod target;
mod text;
mod transaction;
mod wire;

use self::keeper::MysqlKeeper;
use self::session::MysqlSession;
pub(super) use self::target::Mysql;
use super::{Access, Connector, DatabaseError, Identity, Keeper, Session};
use crate::migration::Dialect;
use async_trait::async_trait;
use std::time::Duration;

#[async_trait]
impl Connector for Mysql {
    fn dialect(&self) -> Dialect {
        Dialect::Mysql
    }

    fn expected(&self) -> Identity {
        let driver = &self.login.driver;
        let socket = driver.get_socket().map(|path| path.display().to_string());
        let address = socket.unwrap_or_else(|| driver.get_host().to_owned());
        let port = driver.get_port();
        Identity {
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

    fn lock_timeout(&self) -> Option<Option<Duration>> {
        self.extras.lock_timeout
    }

    async fn session(&self, access: Access) -> Result<Box<dyn Session>, DatabaseError> {
        let connector = Self { login: self.login.clone(), extras: self.extras.clone(), init: self.init.clone() };
        let mut session = MysqlSession::new(self.connect().await?, self.expected(), connector, access);
        session.prepare().await?;
        Ok(Box::new(session))
    }

    async fn keeper(&self, ledger: &str) -> Result<Box<dyn Keeper>, DatabaseError> {
        let database = self.login.driver.get_database().unwrap_or_default();
        Ok(Box::new(MysqlKeeper::new(self.connect().await?, database, ledger)))
    }
}
