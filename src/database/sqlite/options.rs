//! `sqlite://path?mode=…` → the driver's options.

use std::path::PathBuf;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::database::{SecretUrl, UrlError};

/// What a connection waits for another's lock, unless it is told otherwise.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) struct Location {
    pub(super) driver: SqliteConnectOptions,
    /// The file; `None` for a database in memory.
    pub(super) file: Option<PathBuf>,
    /// Whether a missing file is created: yes, unless the URL has a `mode` of its own.
    pub(super) create: bool,
}

pub(super) fn parse(url: &SecretUrl) -> Result<Location, UrlError> {
    let rest = url.without_scheme();
    let path = rest.split('?').next().unwrap_or_default();
    if path.is_empty() {
        return Err(UrlError::Unusable {
            reason: "it names no file; for one in memory write sqlite::memory:".to_owned(),
        });
    }
    // The driver knows `sqlite:`, not `file:`.
    let driver: SqliteConnectOptions = SecretUrl::new(format!("sqlite:{rest}")).driver_options()?;
    let mode = rest.split_once('?').and_then(|(_, query)| query.split('&').find_map(|part| part.strip_prefix("mode=")));
    let in_memory = path == ":memory:" || mode == Some("memory");
    let file = (!in_memory).then(|| driver.get_filename().to_owned());
    Ok(Location { driver: ours(driver), file, create: mode.is_none() || mode == Some("rwc") })
}

/// Where these options lead.
pub(super) fn of(driver: SqliteConnectOptions) -> Location {
    let name = driver.get_filename().to_string_lossy();
    // The driver's name for a database in memory that several connections share, and SQLite's own for one alone.
    let in_memory = name.starts_with("file:sqlx-in-memory-") || name == ":memory:";
    let file = (!in_memory).then(|| driver.get_filename().to_owned());
    Location { driver: ours(driver), file, create: false }
}

/// Foreign keys stay as SQLite itself has them: off. With them on, DROP TABLE in a table rebuild deletes the rows of the tables
/// that refer to it.
fn ours(driver: SqliteConnectOptions) -> SqliteConnectOptions {
    driver.foreign_keys(false).busy_timeout(BUSY_TIMEOUT).disable_statement_logging()
}
