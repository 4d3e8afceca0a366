//! SQLite, bundled. The lock is a file of its own, so that readers and the application's own writers stay free.

mod classes;
mod error;
mod health;
mod interrupt;
mod keeper;
mod options;
mod orphans;
mod parameters;
mod session;
mod wire;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use self::error::from_connect;
use self::interrupt::Interrupt;
use self::keeper::SqliteKeeper;
use self::options::Location;
use self::session::SqliteSession;
use self::wire::Wire;
use super::shelter::shelter;
use super::{Access, ConnectOptions, Connector, DatabaseError, Identity, Keeper, SecretUrl, Session, UrlError};
use crate::file;
use crate::migration::Dialect;

/// Virtual machine steps between two looks at the interrupt flag: some ten microseconds of work.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

pub(super) struct Sqlite {
    driver: SqliteConnectOptions,
    file: Option<PathBuf>,
    create: bool,
    /// Why nothing can be written, where the URL says so.
    read_only: Option<&'static str>,
    init: Vec<String>,
    application: String,
    interrupt: Arc<Interrupt>,
}

impl Sqlite {
    pub(super) fn new(url: &SecretUrl, options: ConnectOptions) -> Result<Self, UrlError> {
        Ok(Self::at(options::parse(url)?, options))
    }

    /// Connects as `driver` says.
    pub(super) fn with(driver: SqliteConnectOptions, options: ConnectOptions) -> Self {
        Self::at(options::of(driver), options)
    }

    fn at(location: Location, options: ConnectOptions) -> Self {
        let Location { driver, file, create, read_only } = location;
        let ConnectOptions { application, init } = options;
        Self { driver, file, create, read_only, init, application, interrupt: Arc::default() }
    }

    /// Why this process cannot write to the file. SQLite itself says it only when something is written.
    fn read_only(&self) -> Option<&'static str> {
        let file = self.file.as_deref()?;
        let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        self.read_only
            .or_else(|| (!file::may_be_written(file)).then_some("its file may not be written"))
            .or_else(|| (!file::may_be_written(directory)).then_some("its directory may not be written"))
    }

    async fn connect(&self, access: Access) -> Result<Wire, DatabaseError> {
        let driver = match access {
            Access::Write if self.create => self.driver.clone().create_if_missing(true),
            Access::Write => self.driver.clone(),
            Access::Check => self.driver.clone().create_if_missing(false),
            // Nothing may be created: an empty database in memory stands in for a file that does not exist.
            Access::Read if self.file.as_ref().is_some_and(|file| !file.exists()) => {
                SqliteConnectOptions::new().in_memory(true).foreign_keys(false)
            }
            Access::Read | Access::Watch => self.driver.clone().create_if_missing(false).pragma("query_only", "ON"),
        };
        let mut connection =
            shelter(SqliteConnection::connect_with(&driver)).await.map_err(|error| from_connect(&error))?;
        let interrupt = Arc::clone(&self.interrupt);
        let mut handle = connection.lock_handle().await.map_err(|error| from_connect(&error))?;
        handle.set_progress_handler(STEPS_BETWEEN_LOOKS, move || !interrupt.is_requested());
        drop(handle);
        Ok(Wire { connection })
    }
}

#[async_trait]
impl Connector for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn expected(&self) -> Identity {
        let name = self.file.as_ref().and_then(|file| file.file_name()).map(|name| name.to_string_lossy().into_owned());
        Identity {
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

    fn is_absent(&self) -> bool {
        self.file.as_ref().is_some_and(|file| !file.exists())
    }

    async fn session(&self, access: Access) -> Result<Box<dyn Session>, DatabaseError> {
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
        let mut session = SqliteSession::new(wire, Identity { read_only, ..self.expected() }, connector, access);
        session.prepare().await?;
        Ok(Box::new(session))
    }

    async fn keeper(&self, _ledger: &str) -> Result<Box<dyn Keeper>, DatabaseError> {
        Ok(Box::new(SqliteKeeper::new(self.file.as_deref(), &self.application, Arc::clone(&self.interrupt))))
    }
}
