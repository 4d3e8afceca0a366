//! A URL → what makes connections to its database.

use super::connector::{ConnectOptions, Connector};
use super::url::{SecretUrl, UrlError};
use crate::migration::Dialect;

/// Prepares connections to the database that the URL names; touches nothing.
///
/// # Errors
/// When the URL's scheme is unknown, its parts do not fit the database, or this build does not have that database:
/// cargo's features `sqlite`, `postgres` and `mysql` say which it has.
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
