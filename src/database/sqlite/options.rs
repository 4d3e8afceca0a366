//! `sqlite://path?mode=…` → the driver's options.

use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::parameters::{Key, TABLE};
use crate::database::url::{Given, first, query, understand};
use crate::database::{SecretUrl, UrlError};
use crate::file;

/// What a connection waits for another's lock, unless it is told otherwise.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) struct Location {
    pub(super) driver: SqliteConnectOptions,
    /// The file; `None` for a database in memory.
    pub(super) file: Option<PathBuf>,
    /// Whether a missing file is created: yes, unless the URL has a `mode` of its own.
    pub(super) create: bool,
    /// Why nothing can be written, where the URL says so.
    pub(super) read_only: Option<&'static str>,
}

pub(super) fn parse(url: &SecretUrl) -> Result<Location, UrlError> {
    let rest = url.without_scheme();
    let (path, behind) = rest.split_once('?').unwrap_or((rest, ""));
    // A URL of a server with the wrong scheme: a file name may hold an @, but not behind a colon.
    if behind.contains('@') || path.rsplit_once('@').is_some_and(|(login, _)| login.contains(':')) {
        return Err(UrlError::Unusable {
            reason: "it reads like the URL of a server, with a password; a file is sqlite://path/to/file.db, and its : and @ are percent-encoded"
                .to_owned(),
        });
    }
    if path.is_empty() {
        return Err(UrlError::Unusable {
            reason: "it names no file; for one in memory write sqlite::memory:".to_owned(),
        });
    }
    let parameters = query(behind)?;
    let settings = understand(TABLE, parameters.into_iter().map(Given::in_url).collect())?;
    let mode = first(&settings, Key::Mode).map(|given| given.value.to_ascii_lowercase());
    let mode = mode.as_deref();
    let pairs = settings.iter().map(|(key, given)| {
        let value = if *key == Key::Vfs { given.value.clone() } else { given.value.to_ascii_lowercase() };
        format!("{}={}", key.word(), utf8_percent_encode(&value, NON_ALPHANUMERIC))
    });
    let pairs: Vec<String> = pairs.collect();
    // The driver knows `sqlite:`, not `file:`.
    let driver: SqliteConnectOptions = SecretUrl::new(format!("sqlite:{path}?{}", pairs.join("&"))).driver_options()?;
    let in_memory = path == ":memory:" || mode == Some("memory");
    let file = (!in_memory).then(|| driver.get_filename().to_owned());
    if let Some((file, other)) = file.as_deref().and_then(|file| Some((file, file::irregular(file)?))) {
        return Err(UrlError::Unusable { reason: format!("{} is {other}, not a file", file.display()) });
    }
    let immutable = first(&settings, Key::Immutable).is_some_and(|given| given.value != "0");
    let read_only = match mode {
        Some("ro") => Some("its URL says mode=ro"),
        _ => immutable.then_some("its URL says immutable"),
    };
    Ok(Location { driver: ours(driver), file, create: mode.is_none() || mode == Some("rwc"), read_only })
}

/// Where these options lead.
pub(super) fn of(driver: SqliteConnectOptions) -> Location {
    let name = driver.get_filename().to_string_lossy();
    // The driver's name for a database in memory that several connections share, and SQLite's own for one alone.
    let in_memory = name.starts_with("file:sqlx-in-memory-") || name == ":memory:";
    let file = (!in_memory).then(|| driver.get_filename().to_owned());
    Location { driver: ours(driver), file, create: false, read_only: None }
}

/// Foreign keys stay as SQLite itself has them: off. With them on, DROP TABLE in a table rebuild deletes the rows of the tables
/// that refer to it.
fn ours(driver: SqliteConnectOptions) -> SqliteConnectOptions {
    driver.foreign_keys(false).busy_timeout(BUSY_TIMEOUT).disable_statement_logging()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Location, String> {
        parse(&SecretUrl::new(url)).map_err(|error| error.to_string())
    }

    #[test]
    fn parameters_are_honoured_or_without_effect_or_refused() {
        for (url, create, file) in [
            ("sqlite://a.db", true, Some("a.db")),
            ("sqlite:a.db?mode=rw", false, Some("a.db")),
            ("sqlite://a.db?Mode=RWC&cache=private", true, Some("a.db")),
            ("file:a.db?connection_limit=1&socket_timeout=10", true, Some("a.db")),
            ("sqlite://a.db?mode=memory", false, None),
        ] {
            let found = read(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            let path = found.file.map(|path| path.display().to_string());
            assert_eq!((found.create, path.as_deref()), (create, file), "{url}");
        }
        for url in ["sqlite://u:hunter@h/d", "sqlite://h/d?hunter=1@h", "file:u:x/hunter@h"] {
            let error = read(url).err().expect(url);
            assert!(!error.contains("hunter"), "{error}");
        }
        assert_eq!(read("sqlite://a@b.db").expect("a name").file, Some("a@b.db".into()));
        let refused = |query: &str| read(&format!("sqlite://a.db?{query}")).err().expect("refused");
        assert_eq!(refused("mod=ro"), "the URL's parameter mod is not known; did you mean mode?");
        assert_eq!(
            refused("mode=ro&mode=rw"),
            "the URL's parameter mode contradicts the URL's parameter mode: only one of them can be right"
        );
        for query in [
            "_foreign_keys=on",
            "_journal=WAL",
            "_pragma=foreign_keys(1)",
            "_auth_pass=hunter",
            "mode=hunter2",
            "zzz=hunter",
        ] {
            refused(query);
        }
        assert!(!refused("_auth_pass=hunter").contains("hunter"));
    }
}
