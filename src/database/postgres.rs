//! PostgreSQL 13 and later.
//!
//! Everything goes out by the simple query protocol: `BEGIN` and the limits ride in front of the first statement, the
//! records and `COMMIT` behind the last one, so that a migration of one statement is one round trip.

mod error;
mod existence;
mod health;
mod keeper;
mod schemas;
mod session;
mod text;
mod transaction;
mod wire;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection};

use self::error::from_connect;
use self::keeper::PostgresKeeper;
use self::session::PostgresSession;
use self::wire::Wire;
use super::url::Extras;
use super::{
    Access, ConnectOptions, Connector, DatabaseError, Identity, Keeper, SecretUrl, Session, UrlError, failure,
};
use crate::migration::Dialect;

pub(super) struct Postgres {
    driver: PgConnectOptions,
    extras: Extras,
    init: Vec<String>,
}

impl Postgres {
    pub(super) fn new(url: &SecretUrl, options: ConnectOptions) -> Result<Self, UrlError> {
        Ok(Self { extras: Extras::default(), ..Self::with(url.driver_options()?, options) })
    }

    /// Connects as `driver` says.
    pub(super) fn with(driver: PgConnectOptions, options: ConnectOptions) -> Self {
        // The driver logs whole statements, slow ones as warnings; migrations carry data that must not go there.
        let driver = driver.application_name(&options.application).disable_statement_logging();
        Self { driver, extras: Extras::default(), init: options.init }
    }

    /// A new connection; every one is made here.
    async fn connect(&self) -> Result<Wire, DatabaseError> {
        let limit = self.extras.limit();
        let connection = tokio::time::timeout(limit, PgConnection::connect_with(&self.driver)).await;
        let connection = connection.map_err(|_| failure::unanswered(limit))?.map_err(|error| from_connect(&error))?;
        Ok(Wire { connection })
    }
}

#[async_trait]
impl Connector for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn expected(&self) -> Identity {
        let socket = self.driver.get_socket().map(|path| path.display().to_string());
        let port = self.driver.get_port();
        Identity {
            system: "postgresql",
            version: String::new(),
            database: self.driver.get_database().unwrap_or(self.driver.get_username()).to_owned(),
            schema: None,
            user: Some(self.driver.get_username().to_owned()),
            address: Some(socket.unwrap_or_else(|| self.driver.get_host().to_owned())),
            port: (port != 5432).then_some(port),
            process: None,
            read_only: None,
        }
    }

    async fn session(&self, access: Access) -> Result<Box<dyn Session>, DatabaseError> {
        let mut session = PostgresSession::new(self.connect().await?, self.expected(), self.init.clone(), access);
        session.prepare().await?;
        Ok(Box::new(session))
    }

    async fn keeper(&self, ledger: &str) -> Result<Box<dyn Keeper>, DatabaseError> {
        Ok(Box::new(PostgresKeeper::new(self.connect().await?, ledger)))
    }
}
