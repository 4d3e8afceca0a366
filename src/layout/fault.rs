//! Why a directory, or one of its files, cannot be used.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::migration::{Dialect, Place, Script};
use crate::script::{self, ScriptError};

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
    pub text: Option<Arc<str>>,
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

impl FileProblem {
    /// One of the file as a whole.
    pub(super) fn of_file(path: &Path, fault: Fault) -> Self {
        Self { path: path.to_owned(), place: None, fault, text: None }
    }

    /// What is wrong with the text of a script, which is split for it.
    pub(super) fn of_script(script: &Script) -> Vec<Self> {
        let problems = script.parsed().err().unwrap_or_default();
        Self::of_text(script.path(), script.text(), problems).collect()
    }

    /// What is wrong with a text.
    pub(crate) fn of_text(path: &Path, text: &Arc<str>, problems: &[ScriptError]) -> impl Iterator<Item = Self> {
        problems.iter().map(move |error| Self {
            path: path.to_owned(),
            place: Some(error.place),
            fault: Fault::Script(error.problem.clone()),
            text: Some(Arc::clone(text)),
        })
    }
}
