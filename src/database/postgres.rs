//! PostgreSQL 13 and later.
//!
//! All SQL is sent by the simple query protocol. `BEGIN` and the limits are sent together with the first statement, the records and
//! `COMMIT` together with the last one, so that a migration with one statement needs one round trip.

mod authority;
mod classes;
mod client;
mod error;
mod existence;
mod faults;
mod health;
mod lock;
mod lock_sql;
mod login;
mod messages;
mod monitor;
mod options;
mod parameters;
mod pinned;
mod product;
mod schemas;
mod search_path;
mod service;
mod session;
mod sharing;
mod sql;
mod start;
mod text;
mod transaction;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use self::lock::PostgresLock;
use self::login::Login;
use self::monitor::PostgresMonitor;
pub(super) use self::options::password_variables;
use self::session::PostgresSession;
use self::sql::PostgresSql;
use self::wire::Wire;
use super::url::Extras;
use super::{
    Access, ConnectMonitor, ConnectOptions, Connector, DatabaseError, ErrorKind, LockConnection, MonitorConnection,
    SecretUrl, ServerInfo, Session, Sql, UrlError, silence,
};
use crate::migration::Dialect;

/// The number of bytes of an `application_name` that the server keeps.
const LONGEST_NAME: usize = 63;

pub(super) struct Postgres {
    login: Login,
    extras: Extras,
    init: Vec<String>,
}

impl Postgres {
    pub(super) fn new(url: &SecretUrl, options: ConnectOptions) -> Result<Self, UrlError> {
        let (driver, extras) = options::parse(url, &|name| std::env::var_os(name))?;
        let application = match &extras.application {
            Some(theirs) => beside(&options.application, theirs),
            None => options.application.clone(),
        };
        Ok(Self { extras, ..Self::with(driver, ConnectOptions { application, ..options }) })
    }

    /// Connects with these options of the driver.
    pub(super) fn with(driver: PgConnectOptions, options: ConnectOptions) -> Self {
        // The driver logs whole statements, slow ones as warnings; the data in migrations must not be logged.
        // Poolers refuse startup parameters that they cannot set for each client.
        let driver = driver.application_name(&options.application).extra_float_digits(None).disable_statement_logging();
        Self { login: Login { driver }, extras: Extras::default(), init: options.init }
    }

    /// Opens a connection; all connections are opened here.
    async fn connect(&self) -> Result<Wire, DatabaseError> {
        Wire::to(&self.login, self.extras.limit()).await
    }

    /// Whether a pooler in transaction mode is in use: then two connections may share one server session, or one connection may change
    /// sessions.
    async fn is_pooled(&self, wire: &mut Wire) -> Result<bool, DatabaseError> {
        let mut other = self.connect().await?;
        let (first, second) = (wire.process().await?, other.process().await?);
        let mut pooled = first == second;
        for _ in 0..POOLER_CHECKS {
            pooled = pooled || wire.process().await? != first || other.process().await? != second;
        }
        other.close().await;
        Ok(pooled)
    }
}

/// How often sessions are compared: a busy pooler may assign the same two a few times in a row.
const POOLER_CHECKS: usize = 5;

impl Postgres {
    /// Checks that the connection fits the URL: the server silently ignores a schema that does not exist.
    fn check(&self, session: &PostgresSession) -> Result<(), DatabaseError> {
        let identity = &session.sql.identity;
        // Statements that run on every connection may choose another schema on purpose.
        if let Some(schema) = self.extras.schema.as_ref().filter(|_| self.init.is_empty())
            && session.sql.home.as_ref() != Some(schema)
        {
            let user = identity.user.as_deref().unwrap_or_default();
            let message = format!("the schema {schema} does not exist, or the user {user} may not use it");
            return Err(DatabaseError::new(ErrorKind::NoSchema, message));
        }
        match identity.read_only {
            Some(reason) if self.extras.primary => Err(DatabaseError::new(
                ErrorKind::ReadOnly,
                format!("the URL requires a server that accepts writes: {reason}"),
            )),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Connector for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn expected(&self) -> ServerInfo {
        let driver = &self.login.driver;
        let socket = driver.get_socket().map(|path| path.display().to_string());
        let address = socket.unwrap_or_else(|| driver.get_host().to_owned());
        let port = driver.get_port();
        ServerInfo {
            system: "postgresql",
            version: String::new(),
            database: driver.get_database().unwrap_or(driver.get_username()).to_owned(),
            schema: self.extras.schema.clone(),
            user: Some(driver.get_username().to_owned()),
            address: Some(address.clone()),
            port: (!address.starts_with('/')).then_some(port),
            file: None,
            process: None,
            read_only: None,
        }
    }

    fn sql(&self) -> Box<dyn Sql> {
        let home = self.extras.schema.clone();
        Box::new(PostgresSql { home, ..PostgresSql::new(self.expected()) })
    }

    fn lock_timeout(&self) -> Option<Option<Duration>> {
        self.extras.lock_timeout
    }

    async fn session(&self, access: Access, home: Option<&str>) -> Result<Box<dyn Session>, DatabaseError> {
        let mut session = PostgresSession::new(self.connect().await?, self.expected(), self.init.clone(), access);
        session.prepare(self).await?;
        self.check(&session)?;
        if let Some(home) = home {
            session.sql.home = Some(home.to_owned());
        }
        Ok(Box::new(session))
    }

    async fn lock(&self, ledger: &str) -> Result<Box<dyn LockConnection>, DatabaseError> {
        Ok(Box::new(PostgresLock::new(self.connect().await?, ledger)))
    }

    fn monitors(&self) -> ConnectMonitor {
        let login = self.login.clone();
        Box::new(move || {
            let login = login.clone();
            Box::pin(async move {
                let wire = Wire::to(&login, silence::ASKING).await?;
                Ok(Box::new(PostgresMonitor::new(wire)) as Box<dyn MonitorConnection>)
            })
        })
    }
}

/// The runner's name, by which runs identify each other, followed by the application's own; the server truncates longer names.
fn beside(ours: &str, theirs: &str) -> String {
    let mut name = format!("{ours} {theirs}");
    name.truncate(name.floor_char_boundary(LONGEST_NAME));
    name
}
