//! The location of a database file, and how it is opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::super::shelter::shelter;
use super::error::from_connect;
use super::interrupt::Interrupt;
use super::options::Location;
use super::wire::Wire;
use crate::database::{Access, ConnectOptions, DatabaseError, SecretUrl, UrlError};
use crate::file;

/// Virtual machine steps between two checks of the interrupt flag: about ten microseconds of work.
pub(super) const STEPS_BETWEEN_LOOKS: i32 = 10_000;

pub(in crate::database) struct Sqlite {
    pub(in crate::database) driver: SqliteConnectOptions,
    pub(in crate::database) file: Option<PathBuf>,
    pub(in crate::database) create: bool,
    /// Why the database is read-only, where the URL makes it so.
    pub(in crate::database) read_only: Option<&'static str>,
    pub(in crate::database) init: Vec<String>,
    pub(in crate::database) application: String,
    pub(super) interrupt: Arc<Interrupt>,
}

impl Sqlite {
    pub(in crate::database) fn new(url: &SecretUrl, options: ConnectOptions) -> Result<Self, UrlError> {
        Ok(Self::at(super::options::parse(url)?, options))
    }

    /// A target that connects with these driver options.
    pub(in crate::database) fn with(driver: SqliteConnectOptions, options: ConnectOptions) -> Self {
        Self::at(super::options::of(driver), options)
    }

    fn at(location: Location, options: ConnectOptions) -> Self {
        let Location { driver, file, create, read_only } = location;
        let ConnectOptions { application, init } = options;
        Self { driver, file, create, read_only, init, application, interrupt: Arc::default() }
    }

    /// Why this process cannot write to the file. SQLite itself reports that only on a write.
    pub(in crate::database) fn read_only(&self) -> Option<&'static str> {
        let file = self.file.as_deref()?;
        let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        self.read_only
            .or_else(|| (!file::may_be_written(file)).then_some("its file is not writable"))
            .or_else(|| (!file::may_be_written(directory)).then_some("its directory is not writable"))
    }

    pub(super) async fn connect(&self, access: Access) -> Result<Wire, DatabaseError> {
        let driver = match access {
            Access::Write if self.create => self.driver.clone().create_if_missing(true),
            Access::Write => self.driver.clone(),
            Access::Check => self.driver.clone().create_if_missing(false),
            // Reading must not create the file: an empty in-memory database stands in for a file that does not exist.
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
