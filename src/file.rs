//! Files that are opened without surprises: nothing waits for a pipe, wakes a device or follows a planted link.

use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::{env, iter};

/// The longest file of settings, secrets or certificates, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// The longest file of certificates that another crate reads whole, in bytes: a system's authorities have some hundred thousand.
const LONGEST_BUNDLE: u64 = 8 * 1024 * 1024;

/// How it is said that there is no such file: the one device that is as good as an empty one.
const NONE: &str = "/dev/null";

/// Reads a regular file of any length.
///
/// # Errors
/// When it cannot be read, and at once when it is a pipe, a socket, a device or a directory.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
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

/// What there is by this name instead of a regular file, with its article; `None` where there is one, nothing, or
/// what [`read_short`] reads. Links are followed.
pub fn irregular(path: &Path) -> Option<&'static str> {
    let there = fs::metadata(path).ok().filter(|_| path != Path::new(NONE));
    there.and_then(|there| kind(there.file_type()))
}

/// Why another crate that opens and reads this file whole must not do so, such as `a named pipe, not a file`; `None` where it may, and
/// where there is no such file. Links are followed.
pub fn unfit(path: &Path) -> Option<String> {
    match irregular(path) {
        Some(other) => Some(format!("{other}, not a file")),
        None if fs::metadata(path).is_ok_and(|there| there.len() > LONGEST_BUNDLE) => {
            Some("longer than 8 MiB".to_owned())
        }
        None => None,
    }
}

/// The files that the system's certificate authorities are read from because a variable says so, each with the variable. The crate that
/// reads them would wait for a pipe, and read a device without end.
pub fn authorities() -> Vec<(&'static str, PathBuf)> {
    const FILE: &str = "SSL_CERT_FILE";
    const DIRECTORIES: &str = "SSL_CERT_DIR";
    let directories = env::var_os(DIRECTORIES).unwrap_or_default();
    let entries = env::split_paths(&directories).filter_map(|directory| fs::read_dir(directory).ok()).flatten();
    // Of a directory, it reads the regular files alone.
    let entries = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file());
    let file = env::var_os(FILE).map(|file| (FILE, PathBuf::from(file)));
    file.into_iter().chain(iter::repeat(DIRECTORIES).zip(entries)).collect()
}

/// The same of the name itself: a link is one.
pub fn irregular_itself(path: &Path) -> Option<&'static str> {
    fs::symlink_metadata(path).ok().and_then(|there| kind(there.file_type()))
}

/// Opens a file of our own, with what is to be done to it: a link is not followed, and a file of two names is not ours.
///
/// # Errors
/// When it cannot be opened, and when it is anything but a regular file of this one name.
pub fn open_own(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    if let Ok(there) = fs::symlink_metadata(path) {
        own(&there)?;
    }
    // What has come to be there since is refused by the system, or below.
    let file = at_home(options).open(path)?;
    own(&file.metadata()?)?;
    Ok(file)
}

fn open(path: &Path) -> io::Result<File> {
    // Devices are not opened to find out what they are: that alone does something to some of them.
    regular(&fs::metadata(path)?)?;
    let file = patient(OpenOptions::new().read(true)).open(path)?;
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
    match names(there) {
        0 | 1 => Ok(()),
        names => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("the file has {names} names, one of them elsewhere"),
        )),
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
        () if there.is_symlink() => Some("a link"),
        () => Some("something else"),
    }
}

/// Whether this process may write to what is there, or create it: by its rights and by how the file system is mounted. Nothing is opened:
/// to close a file takes the system's locks on it from everything else in the process.
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
fn names(there: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    there.nlink()
}

#[cfg(not(unix))]
fn names(_: &Metadata) -> u64 {
    1
}

/// Without waiting for anybody, whatever is there.
#[cfg(unix)]
fn patient(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
}

/// The same, and without following a link.
#[cfg(unix)]
fn at_home(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_NOFOLLOW)
}

#[cfg(not(unix))]
fn patient(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(not(unix))]
fn at_home(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}
