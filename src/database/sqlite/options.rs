//! Converts `sqlite://path?mode=…` to the driver's options.

use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::parameters::{Key, TABLE};
use crate::database::url::{Given, first, query, understand};
use crate::database::{SecretUrl, UrlError};
use crate::file;

/// The default time that a connection waits for another connection's lock.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) struct Location {
    pub(super) driver: SqliteConnectOptions,
    /// The file; `None` for a database in memory.
    pub(super) file: Option<PathBuf>,
    /// Whether a missing file is created: yes, unless the URL has a `mode`.
    pub(super) create: bool,
    /// Why the database is read-only, where the URL makes it so.
    pub(super) read_only: Option<&'static str>,
}

pub(super) fn parse(url: &SecretUrl) -> Result<Location, UrlError> {
    let rest = url.without_scheme();
    let (path, behind) = rest.split_once('?').unwrap_or((rest, ""));
    // A server's URL with the wrong scheme: a file name may contain an @, but not after a colon.
    if behind.contains('@') || path.rsplit_once('@').is_some_and(|(login, _)| login.contains(':')) {
        return Err(UrlError::Unusable {
            reason: "it looks like the URL of a server with a password; a file is sqlite://path/to/file.db, with : and @ percent-encoded"
                .to_owned(),
        });
    }
    if path.is_empty() {
        return Err(UrlError::Unusable {
            reason: "it names no file; for a database in memory use sqlite::memory:".to_owned(),
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
    // The driver supports `sqlite:`, not `file:`.
    let driver: SqliteConnectOptions = SecretUrl::new(format!("sqlite:{path}?{}", pairs.join("&"))).driver_options()?;
    let in_memory = path == ":memory:" || mode == Some("memory");
    let file = (!in_memory).then(|| driver.get_filename().to_owned());
    if let Some((file, other)) = file.as_deref().and_then(|file| Some((file, file::irregular(file)?))) {
        return Err(UrlError::Unusable { reason: format!("{} is {other}, not a file", file.display()) });
    }
    let immutable = first(&settings, Key::Immutable).is_some_and(|given| given.value != "0");
    let read_only = match mode {
        Some("ro") => Some("its URL has mode=ro"),
        _ => immutable.then_some("its URL has immutable"),
    };
    Ok(Location { driver: ours(driver), file, create: mode.is_none() || mode == Some("rwc"), read_only })
}

/// The location that these options refer to.
pub(super) fn of(driver: SqliteConnectOptions) -> Location {
    let name = driver.get_filename().to_string_lossy();
    // The driver's name for a shared in-memory database, and SQLite's for a private one.
    let in_memory = name.starts_with("file:sqlx-in-memory-") || name == ":memory:";
    let file = (!in_memory).then(|| driver.get_filename().to_owned());
    Location { driver: ours(driver), file, create: false, read_only: None }
}

/// Foreign keys keep SQLite's default: off. With them on, DROP TABLE in a table rebuild deletes the rows of the tables
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
        assert_eq!(refused("mod=ro"), "the URL's parameter mod is unknown; did you mean mode?");
        assert_eq!(
            refused("mode=ro&mode=rw"),
            "the URL's parameter mode contradicts the URL's parameter mode: remove one of them"
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
