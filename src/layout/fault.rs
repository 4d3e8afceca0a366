//! Why a directory or one of its files cannot be used.

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
        /// The operating system's error message.
        reason: String,
    },
    /// The directory has no migrations.
    #[error("the directory {} has no migrations for {}", path.display(), dialect.word())]
    Empty {
        /// The directory.
        path: PathBuf,
        /// The requested dialect.
        dialect: Dialect,
    },
    /// A name from which no file name can be made.
    #[error("{name:?} is not a valid migration name: it needs a letter or digit")]
    Name {
        /// The requested name.
        name: String,
    },
    /// A down file in a layout that has none.
    #[error("the layout {layout} has no down files")]
    NoDownFiles {
        /// The layout's name.
        layout: &'static str,
    },
    /// A layout that this build of the library does not read.
    #[error("the layout {layout} needs the cargo feature \"tools\"")]
    Feature {
        /// The layout's name.
        layout: &'static str,
    },
    /// A layout whose files only its tool can create.
    #[error("the files of the layout {layout} are created by its tool: run {command}")]
    OfTool {
        /// The layout's name.
        layout: &'static str,
        /// The command that creates them.
        command: &'static str,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's error message.
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
    /// The position in it.
    pub place: Option<Place>,
    /// What is wrong.
    pub fault: Fault,
    /// The file's text without byte order mark, to show an excerpt.
    pub text: Option<Arc<str>>,
}

/// The faults of a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The operating system cannot read it.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
    /// It is not UTF-8.
    #[error("invalid UTF-8")]
    NotUtf8,
    /// Its name is not UTF-8.
    #[error("the file name is not UTF-8: {0}")]
    NameNotUtf8(
        /// The name with invalid bytes as `\xff`.
        String,
    ),
    /// A down file of a repeatable migration.
    #[error("a repeatable migration has no down file: an earlier version of its file reverts it")]
    RepeatableDown,
    /// Its name does not begin with digits and an underscore.
    #[error("the file name has no version: it must read like 20260131120000_add_users.sql")]
    NoVersion,
    /// A version that its tool cannot store.
    #[error("the version does not fit into the history table, which has {limit}")]
    VersionTooLong {
        /// What fits.
        limit: &'static str,
    },
    /// A file without any text, in a layout whose tool refuses that.
    #[error("the file is empty")]
    Empty,
    /// Its version is zero, which the layout's tool does not accept.
    #[error("the version is zero, and must be at least 1")]
    VersionZero,
    /// Its tool applies it before another file with a lower version.
    #[error(
        "its tool orders files by name, and applies it before {}, which has a lower version: give all versions the same number of digits",
        .lower.display()
    )]
    NameOrder {
        /// The file with the lower version.
        lower: PathBuf,
    },
    /// A migration in a programming language.
    #[error("a migration in code cannot be run, only SQL")]
    Code,
    /// A folder whose name ends in `.sql`.
    #[error("it is named like an SQL file but is a folder")]
    NoFile,
    /// A file with the name of a special folder, such as `hooks`.
    #[error("it must be a folder but is a file")]
    NoFolder,
    /// A dangling symbolic link.
    #[error("it is a symbolic link to a path that does not exist")]
    LinkNowhere,
    /// A folder for one migration.
    #[error("one folder per migration is another tool's layout")]
    Folder,
    /// A folder of a migration without its file.
    #[error("the folder has no {file}")]
    WithoutFile {
        /// The name of the file.
        file: &'static str,
    },
    /// A file by which the directory belongs to another database.
    #[error("the migrations are for {provider}")]
    Provider {
        /// The database as written.
        provider: String,
    },
    /// A file that lists the migrations and cannot be used.
    #[error("the list of migrations cannot be used: {0}")]
    List(
        /// What is wrong with it.
        String,
    ),
    /// A file that is listed and does not exist.
    #[error("{list} lists this file, which does not exist")]
    ListedOnly {
        /// The file with the list.
        list: &'static str,
    },
    /// A migration that is listed after one with a later or the same time.
    #[error(
        "the time {when} of {tag} is not after that of {before}, which is listed before it: Drizzle applies both to a new database, \
         and passes over {tag} where {before} is applied; give it a later time, and change created_at in its row where it is applied"
    )]
    ListedLate {
        /// The migration.
        tag: String,
        /// Its time as a number.
        when: u64,
        /// The migration before it.
        before: String,
    },
    /// A folder with SQL in it that would not be run.
    #[error("the folder contains SQL that would not be run: {}", .file.display())]
    SubFolder {
        /// The first such file.
        file: PathBuf,
    },
    /// A file that is named like SQL without the extension `.sql`.
    #[error("the file is named like a script to run but does not end in .sql")]
    NotSql,
    /// A word that is similar to the name of a database.
    #[error("unknown database {word}: the file would run on every database; did you mean .{suggestion}.sql?")]
    UnknownDatabase {
        /// The word as written.
        word: String,
        /// The name that was probably meant.
        suggestion: &'static str,
    },
    /// A suffix in a position where it has no effect.
    #[error(".{word} has no effect here: it must be at the end of the name")]
    SuffixInside {
        /// The word as written.
        word: String,
    },
    /// A down migration with another tool's suffix.
    #[error(".{word}.sql is not the suffix of a down migration: the file would be run as an up migration")]
    WayBack {
        /// The word as written.
        word: String,
    },
    /// Another file defines the same check or hook.
    #[error("the same hook or check is already in {}", .other.display())]
    SameName {
        /// The other file.
        other: PathBuf,
    },
    /// Another file has the same version.
    #[error("the version is already used by {}", .other.display())]
    Duplicate {
        /// The other file.
        other: PathBuf,
    },
    /// Another file has the name of the same repeatable migration.
    #[error("the repeatable migration is already in {}", .other.display())]
    DuplicateName {
        /// The other file.
        other: PathBuf,
    },
    /// An up migration with the suffix `.up`, beside its down migration.
    #[error("a migration named .up.sql is another tool's layout")]
    UpSuffix,
    /// A down migration without an up migration.
    #[error("a down file has no migration with its version")]
    DownAlone,
    /// A health check that could end its transaction.
    #[error("a health check runs in a read-only transaction: it must not begin or end one itself")]
    CheckInTransaction,
    /// A hook with a statement that must not be in a transaction.
    #[error(
        "a hook runs in its own transaction: it must not begin or end one, nor have statements that cannot run in one"
    )]
    HookInTransaction,
    /// A hook of another tool that changes settings, which would end with the hook.
    #[error(
        "the hook changes settings of its session, and here they end with the hook: set them in each migration, or with --connection-init"
    )]
    HookSession,
    /// A script that another tool runs at an event for which there is no hook.
    #[error(
        "SQL for the event {event} is not run: run it with --before or --after, or move the file out of the directory"
    )]
    Callback {
        /// The tool's name of the event.
        event: &'static str,
    },
    /// A setting for one migration that is not supported.
    #[error("the setting {key} of a single migration is not supported")]
    Setting {
        /// The setting as written.
        key: String,
    },
    /// A version that cannot be ordered or recorded.
    #[error("the version {0}")]
    Version(
        /// What is wrong with it, as a predicate.
        &'static str,
    ),
    /// A file that looks like a hook and would never run.
    #[error("no hook has this name{}", .suggestion.map(|name| format!("; did you mean {name}?")).unwrap_or_default())]
    UnknownHook {
        /// The hook that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// A symbolic link out of the directory.
    #[error("the file is a symbolic link out of the directory, to {}", .0.display())]
    LinkOutside(PathBuf),
    /// Its SQL cannot be split.
    #[error(transparent)]
    Script(#[from] script::Problem),
}

impl FileProblem {
    /// A problem of the file as a whole.
    pub(super) fn of_file(path: &Path, fault: Fault) -> Self {
        Self { path: path.to_owned(), place: None, fault, text: None }
    }

    /// Splits a script and returns the problems of its text, without those that matter only when it is to run.
    pub(super) fn of_script(script: &Script) -> Vec<Self> {
        let problems = script.parsed().err().unwrap_or_default();
        let matters = |problem: &Self| !matches!(&problem.fault, Fault::Script(problem) if problem.is_of_run());
        Self::of_text(script.path(), script.file_text(), problems).filter(matters).collect()
    }

    /// Converts the problems of a text.
    pub(crate) fn of_text(path: &Path, text: &Arc<str>, problems: &[ScriptError]) -> impl Iterator<Item = Self> {
        problems.iter().map(move |error| Self {
            path: path.to_owned(),
            place: (error.problem != script::Problem::Absent).then_some(error.place),
            fault: Fault::Script(error.problem.clone()),
            text: Some(Arc::clone(text)),
        })
    }
}
