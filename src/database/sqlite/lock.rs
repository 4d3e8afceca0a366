//! The lock on SQLite: an exclusive lock on a file beside the database, `<database>-migrascope.lock`.
//!
//! SQLite's own locks are not suitable: one that excludes other runners during the whole run would also exclude the runner's own
//! connection. The operating system releases the file lock when its holder dies, for whatever reason. The file contains a description of
//! its holder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;

use super::interrupt::Interrupt;
use super::monitor::SqliteMonitor;
use crate::database::{DatabaseError, ErrorKind, Holder, LockConnection, MonitorConnection, Sharing};
use crate::file;

/// The maximum number of bytes that are read of the holder's description.
const LONGEST_HOLDER: u64 = 4096;

pub(super) struct SqliteLock {
    /// `None` for an in-memory database, which no other process can access.
    path: Option<PathBuf>,
    held: Option<File>,
    application: String,
    monitor: SqliteMonitor,
}

impl SqliteLock {
    pub(super) fn new(database: Option<&Path>, application: &str, interrupt: Arc<Interrupt>) -> Self {
        let monitor = SqliteMonitor::new(interrupt);
        Self { path: database.map(lock_path), held: None, application: application.to_owned(), monitor }
    }
}

/// Placed beside the real file, so that two links to one database share one lock.
fn lock_path(database: &Path) -> PathBuf {
    let real = database.canonicalize().unwrap_or_else(|_| database.to_owned());
    let mut name = real.into_os_string();
    name.push("-migrascope.lock");
    PathBuf::from(name)
}

#[async_trait]
impl LockConnection for SqliteLock {
    async fn process(&mut self) -> Result<Option<u64>, DatabaseError> {
        Ok(None)
    }

    async fn share(&mut self, _sharing: Sharing) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn try_lock(&mut self) -> Result<bool, DatabaseError> {
        let Some(path) = &self.path else {
            return Ok(true);
        };
        let failed = |error: io::Error| refused("lock", path, &error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = file::open_own(path, &mut options).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        if !is_still(path, &file) {
            // The last holder removed the file after it was opened and before it was locked.
            return Ok(false);
        }
        write_holder(&mut file, &self.application).map_err(failed)?;
        self.held = Some(file);
        Ok(true)
    }

    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError> {
        let Some(path) = &self.path else { return Ok(None) };
        let file = match file::open_own(path, OpenOptions::new().read(true)) {
            Ok(file) => file,
            // No process holds it any more.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refused("read", path, &error)),
        };
        // If the holder has died, its file remains, but not the lock on it.
        if file.try_lock_shared().is_ok() {
            return Ok(None);
        }
        let mut text = String::new();
        // The lock may be held before its holder has written the description.
        let named = file.take(LONGEST_HOLDER).read_to_string(&mut text).ok().and_then(|_| read_holder(&text));
        Ok(Some(named.unwrap_or_default()))
    }

    async fn worker(&mut self) -> Result<Option<Holder>, DatabaseError> {
        // The working session ends with its process, which holds the lock.
        Ok(None)
    }

    async fn alive(&mut self) -> Result<(), DatabaseError> {
        // The operating system releases a file's lock only when its process ends.
        Ok(())
    }

    fn monitor(&mut self) -> &mut dyn MonitorConnection {
        &mut self.monitor
    }

    async fn unlock(mut self: Box<Self>) -> Result<(), DatabaseError> {
        if let (Some(file), Some(path)) = (self.held.take(), &self.path) {
            // Removed while it is still locked, so that no other process can lock a file that is about to be removed.
            let removed = fs::remove_file(path);
            drop(file);
            removed.map_err(|error| DatabaseError::new(ErrorKind::Other, error.to_string()))?;
        }
        Ok(())
    }
}

fn refused(doing: &str, path: &Path, error: &io::Error) -> DatabaseError {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => ErrorKind::Permission,
        _ => ErrorKind::Other,
    };
    DatabaseError::new(kind, format!("cannot {doing} {}: {error}", path.display()))
}

fn write_holder(file: &mut File, application: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    let since = humantime::format_rfc3339_seconds(SystemTime::now());
    let host = whoami::hostname().unwrap_or_default();
    let user = whoami::username().unwrap_or_default();
    writeln!(file, "{}\n{user}\n{application}\n{host}\n{since}", std::process::id())
}

fn read_holder(text: &str) -> Option<Holder> {
    let mut lines = text.lines().map(|line| (!line.is_empty()).then(|| line.to_owned()));
    let mut next = || lines.next().flatten();
    let process = next()?.parse().ok();
    Some(Holder { process, user: next(), application: next(), client: next(), since: next(), doing: None })
}

#[cfg(unix)]
fn is_still(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (fs::symlink_metadata(path), file.metadata()) {
        (Ok(named), Ok(opened)) => (named.dev(), named.ino()) == (opened.dev(), opened.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still(path: &Path, _file: &File) -> bool {
    path.exists()
}
