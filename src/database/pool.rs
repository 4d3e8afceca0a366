//! Connections like those of an application's own pool. The only public signatures that name `sqlx`.

use super::{ConnectOptions, Connector};

/// A pool whose settings we connect with: host, credentials, TLS and all that its URL or its program has said.
///
/// No connection is taken from the pool: migrations run on connections of their own, which end with the run and whatever was
/// set on them. A pool of a SQLite database in memory is served as long as one of its connections lives.
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
    /// Makes connections as the pool does.
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
