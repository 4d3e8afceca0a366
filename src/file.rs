//! Opens files safely: without blocking on a pipe, opening a device, or following a planted symbolic link.

use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::{env, iter};

/// The maximum size of a file of settings, secrets or certificates, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// The maximum size of a certificate file that another crate reads whole, in bytes. A system's CA bundle has a few hundred thousand.
const LONGEST_BUNDLE: u64 = 8 * 1024 * 1024;

/// The one device that is accepted, as an empty file.
const NONE: &str = "/dev/null";

/// Reads a regular file of any length.
///
/// # Errors
/// When it cannot be read, and without blocking when it is a pipe, a socket, a device or a directory.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads the first bytes of a regular file, at most as many as `limit`.
///
/// # Errors
/// As [`read`].
pub fn read_start(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a regular file of settings, secrets or certificates.
///
/// # Errors
/// As [`read`], and when the file is longer than 1 MiB. `/dev/null` is empty.
pub fn read_short(path: &Path) -> io::Result<Vec<u8>> {
    if path == Path::new(NONE) {
        return Ok(Vec::new());
    }
    let mut bytes = Vec::new();
    open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 {
        0..=LONGEST => Ok(bytes),
        _ => Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than 1 MiB")),
    }
}

/// Reads a text as [`read_short`] does.
///
/// # Errors
/// As [`read_short`], and when it is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read_short(path)?).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

/// The type of file at this path, with its article, where it is not a regular file; `None` where it is one, does not exist, or is
/// `/dev/null`. Follows symbolic links.
pub fn irregular(path: &Path) -> Option<&'static str> {
    let there = fs::metadata(path).ok().filter(|_| path != Path::new(NONE));
    there.and_then(|there| kind(there.file_type()))
}

/// Why another crate must not open and read this file whole, such as `a named pipe, not a file`; `None` where it may, and where there is
/// no such file. Follows symbolic links.
pub fn unfit(path: &Path) -> Option<String> {
    match irregular(path) {
        Some(other) => Some(format!("{other}, not a file")),
        None if fs::metadata(path).is_ok_and(|there| there.len() > LONGEST_BUNDLE) => {
            Some("longer than 8 MiB".to_owned())
        }
        None => None,
    }
}

/// The files of certificate authorities that environment variables name, each with its variable. The crate that reads them would block on
/// a pipe, and read a device without end.
pub fn authorities() -> Vec<(&'static str, PathBuf)> {
    const FILE: &str = "SSL_CERT_FILE";
    const DIRECTORIES: &str = "SSL_CERT_DIR";
    let directories = env::var_os(DIRECTORIES).unwrap_or_default();
    let entries = env::split_paths(&directories).filter_map(|directory| fs::read_dir(directory).ok()).flatten();
    // In a directory, that crate reads only the regular files.
    let entries = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file());
    let file = env::var_os(FILE).map(|file| (FILE, PathBuf::from(file)));
    file.into_iter().chain(iter::repeat(DIRECTORIES).zip(entries)).collect()
}

/// Like [`irregular`], without following symbolic links: a link counts as not regular.
pub fn irregular_itself(path: &Path) -> Option<&'static str> {
    fs::symlink_metadata(path).ok().and_then(|there| kind(there.file_type()))
}

/// Opens a file that only this program uses, with these options. Refuses symbolic links and files with several hard links.
///
/// # Errors
/// When it cannot be opened, and when it is not a regular file with exactly one hard link.
pub fn open_own(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    if let Ok(there) = fs::symlink_metadata(path) {
        own(&there)?;
    }
    // If the path was replaced since, opening it fails here, or the check below does.
    let file = nonblocking_nofollow(options).open(path)?;
    own(&file.metadata()?)?;
    Ok(file)
}

fn open(path: &Path) -> io::Result<File> {
    // Check the type before opening: opening a device alone can have an effect.
    regular(&fs::metadata(path)?)?;
    let file = nonblocking(OpenOptions::new().read(true)).open(path)?;
    regular(&file.metadata()?)?;
    Ok(file)
}

fn regular(there: &Metadata) -> io::Result<()> {
    match kind(there.file_type()) {
        None => Ok(()),
        Some(other) => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {other}, not a file"))),
    }
}

fn own(there: &Metadata) -> io::Result<()> {
    regular(there)?;
    match hard_links(there) {
        0 | 1 => Ok(()),
        names => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, format!("the file has {names} hard links instead of one")))
        }
    }
}

#[cfg(unix)]
fn kind(there: FileType) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt as _;
    match () {
        () if there.is_fifo() => Some("a named pipe"),
        () if there.is_socket() => Some("a socket"),
        () if there.is_char_device() || there.is_block_device() => Some("a device"),
        () => kind_anywhere(there),
    }
}

#[cfg(not(unix))]
fn kind(there: FileType) -> Option<&'static str> {
    kind_anywhere(there)
}

fn kind_anywhere(there: FileType) -> Option<&'static str> {
    match () {
        () if there.is_file() => None,
        () if there.is_dir() => Some("a directory"),
        () if there.is_symlink() => Some("a symbolic link"),
        () => Some("something else"),
    }
}

/// Whether permissions and mount options allow this process to write or create this file. Does not open it, because closing a file
/// releases the whole process's POSIX locks on it.
#[cfg(all(unix, feature = "sqlite"))]
pub(crate) fn may_be_written(path: &Path) -> bool {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    use rustix::io::Errno;
    let refused = [Errno::ACCESS, Errno::PERM, Errno::ROFS];
    !accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_err_and(|error| refused.contains(&error))
}

#[cfg(all(not(unix), feature = "sqlite"))]
pub(crate) fn may_be_written(path: &Path) -> bool {
    !fs::metadata(path).is_ok_and(|there| there.permissions().readonly())
}

#[cfg(unix)]
fn hard_links(there: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    there.nlink()
}

#[cfg(not(unix))]
fn hard_links(_: &Metadata) -> u64 {
    1
}

/// Opens without blocking, whatever the file's type.
#[cfg(unix)]
fn nonblocking(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
}

/// Opens without blocking and without following a symbolic link.
#[cfg(unix)]
fn nonblocking_nofollow(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_NOFOLLOW)
}

#[cfg(not(unix))]
fn nonblocking(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(not(unix))]
fn nonblocking_nofollow(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}
