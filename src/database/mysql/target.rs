//! The address of a server, and how to connect to it.

use sqlx::ConnectOptions as _;
use sqlx::mysql::MySqlConnectOptions;

use super::super::url::Extras;
use super::login::Login;
use super::wire::Wire;
use crate::database::{ConnectOptions, DatabaseError, SecretUrl, UrlError};

pub(in crate::database) struct Mysql {
    pub(super) login: Login,
    pub(in crate::database) extras: Extras,
    pub(in crate::database) init: Vec<String>,
}

impl Mysql {
    pub(in crate::database) fn new(url: &SecretUrl, options: ConnectOptions) -> Result<Self, UrlError> {
        let (driver, extras) = super::options::parse(url)?;
        Ok(Self::to(driver, extras, options))
    }

    /// A target that connects with these driver options.
    pub(in crate::database) fn with(driver: MySqlConnectOptions, options: ConnectOptions) -> Self {
        Self::to(driver, Extras::default(), options)
    }

    fn to(driver: MySqlConnectOptions, extras: Extras, options: ConnectOptions) -> Self {
        // Keep the server's SQL mode and time zone, like the `mysql` client; the driver would change both.
        let driver = driver
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .charset("utf8mb4")
            .disable_statement_logging();
        Self { login: Login::new(driver, extras.clear_password), extras, init: options.init }
    }

    pub(super) async fn connect(&self) -> Result<Wire, DatabaseError> {
        Wire::to(&self.login, self.extras.limit()).await
    }
}
