//! The source of files: a directory on disk, or files embedded in the program.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::stem::sql_stem;
use super::{LayoutError, Links};
use crate::file;

/// The maximum depth of the search for SQL below a folder.
const DEEPEST: usize = 3;

/// The files of one directory.
#[derive(Clone, Copy)]
pub(super) enum Source<'s> {
    /// On disk.
    Disk {
        /// The directory.
        directory: &'s Path,
        /// Where symbolic links in it may point.
        links: Links,
    },
    /// Embedded in the program.
    Embedded {
        /// All embedded files.
        files: &'s EmbeddedFiles,
        /// The directory among them; empty for the root.
        directory: &'s Path,
    },
}

/// Files embedded in a program: contents, and paths relative to the directory that contains them all.
///
/// Works with any macro that embeds a directory, such as `include_dir!`.
///
/// ```
/// use migrascope::Migrator;
/// use migrascope::layout::EmbeddedFiles;
///
/// // include_str! and include_bytes! work too.
/// let few = vec![("1_users.sql", "CREATE TABLE users (id INTEGER);"), ("hooks/after_each.sql", "SELECT 1;")];
/// let migrator = Migrator::builder().url("sqlite::memory:").embedded(few).build()?;
///
/// let generated = (1..=3).map(|n| (format!("{n}_t{n}.sql"), format!("CREATE TABLE t{n} (i INTEGER);").into_bytes()));
/// let migrator = Migrator::builder().url("sqlite::memory:").embedded(EmbeddedFiles::from_iter(generated)).build()?;
/// # Ok::<(), migrascope::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmbeddedFiles(Vec<(PathBuf, Cow<'static, [u8]>)>);

impl<P, C> FromIterator<(P, C)> for EmbeddedFiles
where
    P: Into<PathBuf>,
    C: Into<Cow<'static, [u8]>>,
{
    fn from_iter<I: IntoIterator<Item = (P, C)>>(files: I) -> Self {
        let mut files: Vec<_> = files.into_iter().map(|(path, content)| (path.into(), content.into())).collect();
        files.sort();
        Self(files)
    }
}

impl<P: AsRef<Path>, C: AsRef<[u8]>> From<Vec<(P, C)>> for EmbeddedFiles {
    fn from(files: Vec<(P, C)>) -> Self {
        files.into_iter().map(|(path, content)| (path.as_ref().to_owned(), content.as_ref().to_vec())).collect()
    }
}

/// One entry of a directory.
pub(super) struct Listed {
    pub(super) file_name: OsString,
    pub(super) path: PathBuf,
    pub(super) folder: bool,
    /// The target of a link out of the directory, where that is not allowed.
    pub(super) outside: Option<PathBuf>,
}

impl Source<'_> {
    /// The path of the directory.
    pub(super) fn directory(&self) -> &Path {
        match self {
            Self::Disk { directory, .. } | Self::Embedded { directory, .. } => directory,
        }
    }

    /// The entries of the directory, in the order of their names.
    pub(super) fn list(&self) -> Result<Vec<Listed>, LayoutError> {
        match self {
            Self::Disk { directory, links } => on_disk(directory, *links),
            Self::Embedded { files, directory } => Ok(embedded(files, directory)),
        }
    }

    /// The files of the directory and of the folders below, in the order of their paths. A folder is searched if `is_searched` is true for
    /// its name and whether it is a link.
    pub(super) fn walk(
        &self,
        is_searched: &dyn Fn(&str, bool) -> bool,
        deepest: usize,
    ) -> Result<Vec<Listed>, LayoutError> {
        let mut files = Vec::new();
        for entry in self.list()? {
            if !entry.folder {
                files.push(entry);
            } else if is_searched(&entry.file_name.to_string_lossy(), entry.path.is_symlink()) {
                let deeper = |source: Source<'_>| source.walk(is_searched, deepest.saturating_sub(1));
                files.extend(match self {
                    _ if deepest == 0 => return Err(too_deep(&entry.path)),
                    Self::Disk { links, .. } => deeper(Source::Disk { directory: &entry.path, links: *links })?,
                    Self::Embedded { files, .. } => deeper(Source::Embedded { files, directory: &entry.path })?,
                });
            }
        }
        Ok(files)
    }

    /// Whether there is a file with this path.
    pub(super) fn has(&self, path: &Path) -> bool {
        match self {
            Self::Disk { .. } => path.is_file() || path.is_symlink(),
            Self::Embedded { files, .. } => files.0.binary_search_by(|(name, _)| name.as_path().cmp(path)).is_ok(),
        }
    }

    /// The target of a file in a folder below, if it is a link out of the directory and that is not allowed.
    pub(super) fn outside(&self, path: &Path) -> Option<PathBuf> {
        match self {
            Self::Disk { directory, links: Links::Inside } if path.is_symlink() => leads_outside(directory, path),
            Self::Disk { .. } | Self::Embedded { .. } => None,
        }
    }

    /// An SQL file below one of its folders for whose stem `wanted` is true, not counting hidden ones. The error is the operating
    /// system's message when a folder cannot be read.
    pub(super) fn sql_below(&self, folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<Option<PathBuf>, String> {
        match self {
            Self::Disk { .. } => sql_on_disk(folder, wanted, DEEPEST).map_err(|error| error.to_string()),
            Self::Embedded { files, .. } => {
                let mut below = files.0.iter().map(|(path, _)| path).filter(|path| path.starts_with(folder));
                Ok(below.find(|path| is_wanted(path, wanted)).cloned())
            }
        }
    }

    /// The bytes of one of its files. The error is the operating system's message.
    pub(super) fn read(&self, path: &Path) -> Result<Cow<'_, [u8]>, String> {
        match self {
            Self::Disk { .. } => file::read(path).map(Cow::Owned).map_err(|error| error.to_string()),
            Self::Embedded { files, .. } => {
                let file = files.0.binary_search_by(|(name, _)| name.as_path().cmp(path)).map(|at| &files.0[at]);
                file.map(|(_, content)| Cow::Borrowed(&**content)).map_err(|_| "it is not embedded".to_owned())
            }
        }
    }
}

fn too_deep(path: &Path) -> LayoutError {
    LayoutError::Directory {
        path: path.to_owned(),
        reason: "it is too deep, or a link leads to a folder above it".to_owned(),
    }
}

fn on_disk(directory: &Path, links: Links) -> Result<Vec<Listed>, LayoutError> {
    let unreadable =
        |error: std::io::Error| LayoutError::Directory { path: directory.to_owned(), reason: error.to_string() };
    let mut listed = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        // The directory entry has the type without another system call, except that a link may point to a file or a folder.
        let link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        let path = entry.path();
        let folder = entry.file_type().is_ok_and(|kind| kind.is_dir()) || link && path.is_dir();
        let outside = (link && links == Links::Inside).then(|| leads_outside(directory, &path)).flatten();
        listed.push(Listed { file_name: entry.file_name(), path, folder, outside });
    }
    listed.sort_by(|a, b| a.file_name.cmp(&b.file_name));
    Ok(listed)
}

/// The target of a link, where that is outside of its directory.
pub(super) fn leads_outside(directory: &Path, link: &Path) -> Option<PathBuf> {
    let (home, target) = (directory.canonicalize().ok()?, link.canonicalize().ok()?);
    (!target.starts_with(home)).then_some(target)
}

fn sql_on_disk(folder: &Path, wanted: &dyn Fn(&str) -> bool, depth: usize) -> std::io::Result<Option<PathBuf>> {
    let mut entries = fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name();
        let deeper = entry.file_type().is_ok_and(|kind| kind.is_dir()) && depth > 0;
        if deeper && name != "node_modules" && !name.to_string_lossy().starts_with('.') {
            if let Some(found) = sql_on_disk(&path, wanted, depth - 1)? {
                return Ok(Some(found));
            }
        } else if is_wanted(&path, wanted) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn is_wanted(path: &Path, wanted: &dyn Fn(&str) -> bool) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    !name.starts_with('.') && sql_stem(&name).is_some_and(wanted)
}

/// The files of one directory, and its subfolders that contain files.
fn embedded(files: &EmbeddedFiles, directory: &Path) -> Vec<Listed> {
    let mut listed: Vec<Listed> = Vec::new();
    for (path, _) in &files.0 {
        let mut parts = path.strip_prefix(directory).map(Path::components).into_iter().flatten();
        let Some(first) = parts.next() else { continue };
        let (file_name, folder) = (first.as_os_str().to_owned(), parts.next().is_some());
        if !folder || listed.last().is_none_or(|last| !last.folder || last.file_name != file_name) {
            listed.push(Listed { path: directory.join(&file_name), file_name, folder, outside: None });
        }
    }
    listed
}
