//! A directory of migration files → [`MigrationSet`]. The only readers of migration files; one room a layout.

mod checks;
mod entry;
mod hooks;
mod native;
mod source;
mod template;
mod word;

use std::path::{Path, PathBuf};

use thiserror::Error;

pub use self::checks::OwnCheck;
pub use self::hooks::HookScripts;
pub use self::source::EmbeddedFiles;
use self::source::Source;
use crate::migration::{Checksum, Dialect, MigrationSet, Place, Script};
use crate::script;

/// Reads and splits every file of a directory; nothing is left out without a word.
///
/// # Errors
/// With every problem of every file at once; see [`LayoutError`].
pub fn read(directory: &Path, dialect: Dialect) -> Result<MigrationSet, LayoutError> {
    read_with_links(directory, dialect, Links::Inside)
}

/// The same, where links among the files may lead elsewhere.
///
/// # Errors
/// As [`read`].
pub fn read_with_links(directory: &Path, dialect: Dialect, links: Links) -> Result<MigrationSet, LayoutError> {
    native::read(Source::Disk { directory, links }, dialect)
}

/// The same for files that were built into the program.
///
/// # Errors
/// As [`read`].
pub fn read_embedded(files: &EmbeddedFiles, dialect: Dialect) -> Result<MigrationSet, LayoutError> {
    native::read(Source::Embedded { files, directory: Path::new("") }, dialect)
}

/// Where links among the files of a directory may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Links {
    /// To files inside the directory, as Kubernetes mounts them.
    #[default]
    Inside,
    /// Anywhere.
    Anywhere,
}

/// Reads and splits the health checks of a directory, in the order of their names.
///
/// `<name>.sql` is a check, `<name>.postgres.sql` (`.mysql.`, `.sqlite.`) one for that database, where it wins.
/// Databases have the names that they have in the files of migrations.
///
/// # Errors
/// When the directory cannot be read, or with every problem of every file at once.
pub fn checks(directory: &Path, dialect: Dialect) -> Result<Vec<OwnCheck>, LayoutError> {
    checks::read(Source::Disk { directory, links: Links::Anywhere }, dialect)
}

/// The same for those in the folder `checks` of files that were built into the program; none where there is no such folder.
///
/// # Errors
/// As [`checks`].
pub fn embedded_checks(files: &EmbeddedFiles, dialect: Dialect) -> Result<Vec<OwnCheck>, LayoutError> {
    checks::read(Source::Embedded { files, directory: Path::new("checks") }, dialect)
}

/// Reads and splits what is run before and after each migration: `hooks/before_each.sql` and `hooks/after_each.sql` in the
/// directory of the migrations, or `before_each.postgres.sql` (`.mysql.`, `.sqlite.`) for that database, where it wins.
///
/// # Errors
/// When the directory cannot be read, with every problem of every file at once, and for a file with another name that looks
/// like a hook.
pub fn hooks(directory: &Path, dialect: Dialect, links: Links) -> Result<HookScripts, LayoutError> {
    hooks::read(Source::Disk { directory, links }, dialect)
}

/// The same for files that were built into the program.
///
/// # Errors
/// As [`hooks`].
pub fn embedded_hooks(files: &EmbeddedFiles, dialect: Dialect) -> Result<HookScripts, LayoutError> {
    hooks::read(Source::Embedded { files, directory: Path::new("") }, dialect)
}

/// Makes the files of a new migration, with comments that say what to write, and returns their paths; `timestamp` is UTC as `YYYYMMDDhhmmss`.
///
/// The version continues what the directory has: the next number where versions count up, otherwise the timestamp.
///
/// # Errors
/// When the directory cannot be read or written, or the name has no letter or digit.
pub fn create(directory: &Path, name: &str, timestamp: &str, ways: Ways) -> Result<Vec<PathBuf>, LayoutError> {
    native::create(directory, name, timestamp, ways)
}

/// Which files a new migration gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ways {
    /// The way forward alone.
    Up,
    /// A down file as well.
    UpAndDown,
}

/// Why a directory cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The directory cannot be read.
    #[error("cannot read the directory {}: {reason}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// There is no migration in it.
    #[error("the directory {} has no migrations for {}", path.display(), dialect.word())]
    Empty {
        /// The directory.
        path: PathBuf,
        /// The dialect that was looked for.
        dialect: Dialect,
    },
    /// A name that no file can have.
    #[error("{name:?} is no name for a migration: it needs a letter or digit")]
    Name {
        /// What was asked for.
        name: String,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// Some of the files cannot be used.
    #[error("{}", count(.0))]
    Files(Vec<FileProblem>),
}

fn count(problems: &[FileProblem]) -> String {
    match problems {
        [only] => only.to_string(),
        several => format!("{} problems in the migration files", several.len()),
    }
}

/// What is wrong with one file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{fault}")]
#[non_exhaustive]
pub struct FileProblem {
    /// The file.
    pub path: PathBuf,
    /// Where in it.
    pub place: Option<Place>,
    /// What.
    pub fault: Fault,
    /// The file's text without byte order mark, to show the place in.
    pub text: Option<String>,
}

/// The faults of a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The system does not let us read it.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
    /// It is not text.
    #[error("invalid UTF-8")]
    NotUtf8,
    /// Its name is not text.
    #[error("the file name is not UTF-8: {0}")]
    NameNotUtf8(
        /// The name with each other byte as `\xff`.
        String,
    ),
    /// Its name does not begin with digits and an underscore.
    #[error("the file name has no version: it must read like 20260131120000_add_users.sql")]
    NoVersion,
    /// A step in another language.
    #[error("a migration in code cannot be run, only SQL")]
    Code,
    /// A folder by a name that only a file can have.
    #[error("the name is that of a file of SQL, and it is a folder")]
    NoFile,
    /// A file by the name of a folder that means something.
    #[error("it should be a folder, and is a file")]
    NoFolder,
    /// A link to what is not there.
    #[error("it is a link that leads nowhere")]
    LinkNowhere,
    /// A folder where a file should be.
    #[error("a folder for each migration is another tool's layout")]
    Folder,
    /// A folder with SQL in it that would not be run.
    #[error("the folder has SQL that is not read: {}", .file.display())]
    SubFolder {
        /// The first such file.
        file: PathBuf,
    },
    /// A file that is no SQL by its name, and is named like some.
    #[error("the file is named like SQL to be run, and does not end in .sql")]
    NotSql,
    /// A word that is nearly the name of a database.
    #[error("no database is called {word}: the file would be used on all of them; did you mean .{suggestion}.sql?")]
    UnknownDatabase {
        /// The word as written.
        word: String,
        /// The name that was probably meant.
        suggestion: &'static str,
    },
    /// A word that stands where it chooses nothing.
    #[error(".{word} is not at the end of the name, where it would count")]
    SuffixInside {
        /// The word as written.
        word: String,
    },
    /// A way back by the name of another tool.
    #[error(".{word}.sql is not how a way back is named: the file would be run as a migration")]
    WayBack {
        /// The word as written.
        word: String,
    },
    /// Another file is the same check or hook.
    #[error("the same is in {} already", .other.display())]
    SameName {
        /// The other file.
        other: PathBuf,
    },
    /// Another file has the same version.
    #[error("the version is taken by {} already", .other.display())]
    Duplicate {
        /// The other file.
        other: PathBuf,
    },
    /// A way forward that is named as one, beside its way back.
    #[error("a migration named .up.sql is another tool's layout")]
    UpSuffix,
    /// A way back without a way forward.
    #[error("a down file without its migration")]
    DownAlone,
    /// A health check that could end the transaction that it is made in.
    #[error("a health check is made in a transaction that cannot write: it must not begin or end one itself")]
    CheckInTransaction,
    /// A hook with a statement that does not belong into a transaction.
    #[error("a hook is run in a transaction of its own: it must not begin or end one, nor do what none can hold")]
    HookInTransaction,
    /// A file that looks like a hook and would never be run.
    #[error("no hook has this name{}", .suggestion.map(|name| format!("; did you mean {name}?")).unwrap_or_default())]
    UnknownHook {
        /// What may be meant.
        suggestion: Option<&'static str>,
    },
    /// A link that leads out of the directory.
    #[error("the file is a link out of the directory, to {}", .0.display())]
    LinkOutside(PathBuf),
    /// Its SQL cannot be split.
    #[error(transparent)]
    Script(#[from] script::Problem),
}

/// Reads one SQL file; its problems when it cannot be used.
fn read_script(source: Source<'_>, path: &Path, dialect: Dialect) -> Result<Script, Vec<FileProblem>> {
    let problem = |place, fault, text| FileProblem { path: path.to_owned(), place, fault, text };
    let bytes = source.read(path).map_err(|reason| vec![problem(None, Fault::Unreadable(reason), None)])?;
    let text = match String::from_utf8(bytes.into_owned()) {
        Ok(text) => text,
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            return Err(vec![problem(Some(Place::at(&text, valid)), Fault::NotUtf8, Some(text))]);
        }
    };
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    match script::parse(&text, dialect) {
        Ok(parsed) => Ok(Script {
            path: path.to_owned(),
            checksum: Checksum::of_text(&text),
            token_checksum: parsed.token_checksum,
            statements: parsed.statements,
            directives: parsed.directives,
            text,
        }),
        Err(errors) => Err(errors
            .into_iter()
            .map(|error| problem(Some(error.place), Fault::Script(error.problem), Some(text.clone())))
            .collect()),
    }
}
