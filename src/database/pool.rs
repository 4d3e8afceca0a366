//! Connections with the settings of an application's own pool. These are the only public signatures that name `sqlx`.

use super::{ConnectOptions, Connector};

/// A pool whose settings the migrator connects with: host, credentials, TLS and all other connection options.
///
/// No connection is taken from the pool: migrations run on separate connections, which are closed after the run together with their session
/// settings. A pool of an in-memory SQLite database works as long as one of its connections exists.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use migrascope::Migrator;
/// use sqlx::PgPool;
///
/// let pool = PgPool::connect("postgres://app@localhost/app").await?;
/// Migrator::builder().pool(&pool).directory("migrations").build()?.up().await?;
/// # Ok(())
/// # }
/// ```
pub trait Pool {
    /// A connector with the settings of the pool.
    fn connector(&self, options: ConnectOptions) -> Box<dyn Connector>;
}

#[cfg(feature = "postgres")]
impl Pool for sqlx::PgPool {
    fn connector(&self, options: ConnectOptions) -> Box<dyn Connector> {
        Box::new(super::postgres::Postgres::with((*self.connect_options()).clone(), options))
    }
}

#[cfg(feature = "mysql")]
impl Pool for sqlx::MySqlPool {
    fn connector(&self, options: ConnectOptions) -> Box<dyn Connector> {
        Box::new(super::mysql::Mysql::with((*self.connect_options()).clone(), options))
    }
}

#[cfg(feature = "sqlite")]
impl Pool for sqlx::SqlitePool {
    fn connector(&self, options: ConnectOptions) -> Box<dyn Connector> {
        Box::new(super::sqlite::Sqlite::with((*self.connect_options()).clone(), options))
    }
}
