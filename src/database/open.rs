//! Selects the connector for a URL.

use super::connector::{ConnectOptions, Connector};
use super::url::{SecretUrl, UrlError};
use crate::migration::Dialect;

/// Prepares connections to the database in the URL, without connecting yet.
///
/// # Errors
/// If the URL's scheme is unknown, its parts do not fit the database, or this build does not support the database: the cargo features
/// `sqlite`, `postgres` and `mysql` enable them.
pub fn open(url: &SecretUrl, options: ConnectOptions) -> Result<Box<dyn Connector>, UrlError> {
    match url.dialect()? {
        #[cfg(feature = "postgres")]
        Dialect::Postgres => Ok(Box::new(super::postgres::Postgres::new(url, options)?)),
        #[cfg(feature = "mysql")]
        Dialect::Mysql => Ok(Box::new(super::mysql::Mysql::new(url, options)?)),
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => Ok(Box::new(super::sqlite::Sqlite::new(url, options)?)),
        #[cfg(not(all(feature = "postgres", feature = "mysql", feature = "sqlite")))]
        absent => {
            drop(options);
            Err(UrlError::NotBuilt { database: absent.word() })
        }
    }
}

impl SecretUrl {
    /// The environment variables that contain or name a password which would be sent to the server in this URL, because the URL itself has
    /// none. Empty if the URL has a password, names no server or cannot be used, and for databases that read no variables.
    #[must_use]
    pub fn password_variables(&self) -> &'static [&'static str] {
        match self.dialect() {
            #[cfg(feature = "postgres")]
            Ok(Dialect::Postgres) => super::postgres::password_variables(self),
            _ => &[],
        }
    }
}
