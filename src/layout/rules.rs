//! What a layout says about its files, and what their names say.

use std::path::PathBuf;

use super::fault::{Fault, FileProblem, LayoutError};
use super::source::Source;
use super::word::Database;
use crate::migration::{Key, Script, VersionOrder};

/// Where a layout has its files.
#[derive(Clone, Copy)]
pub(super) enum Find {
    /// SQL files of the directory itself. What is named almost like one is a fault. A layout parses the stem of the name.
    Strictly,
    /// Files of the directory itself. A layout parses the name.
    Files,
    /// The same, where a version may have a down file alone: its up file counts as empty.
    FilesOfEitherDirection,
    /// Files of the directory and of the folders below. A layout parses the name.
    Tree {
        /// Whether folders whose name begins with a dot are searched.
        hidden: bool,
        /// Whether links to folders are followed.
        linked: bool,
    },
    /// Files in one folder for each migration. A layout parses the name of the folder.
    Folders(FolderFiles),
    /// The files that a function of the layout returns. A faulty one is one of the problems.
    Listed(fn(Source<'_>, &mut Vec<FileProblem>) -> Result<Vec<FileName>, LayoutError>),
}

/// The files in the folder of a migration.
#[derive(Clone, Copy)]
pub(super) struct FolderFiles {
    /// The name of the up file.
    pub(super) up: &'static str,
    /// The name of the down file.
    pub(super) down: &'static str,
    /// Whether a folder without an up file is a fault. Otherwise that matters only when the migration is to run.
    pub(super) needs_up: bool,
}

/// What a layout says about its files.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// Where the files are.
    pub(super) find: Find,
    /// How versions are compared.
    pub(super) order: VersionOrder,
    /// Parses a name; `None` for a file that is not a migration in this layout.
    pub(super) parse: fn(&str) -> Result<Option<Named>, Fault>,
    /// Whether two files of one version exclude each other.
    pub(super) is_rival: fn(&Named, &Named) -> bool,
    /// Reads what a file says in the layout's own way: directives, and the sections for both directions.
    pub(super) interpret: fn(Source<'_>, Script) -> Result<Sides, Vec<FileProblem>>,
}

/// What one file has for each direction.
pub(super) struct Sides {
    /// What applies the migration, or all of a down file.
    pub(super) up: Script,
    /// What reverts it, if it is in the same file.
    pub(super) down: Option<Script>,
}

impl Sides {
    /// A file for one direction.
    pub(super) fn whole(script: Script) -> Self {
        Self { up: script, down: None }
    }
}

/// What the name of a file says.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) key: Key,
    pub(super) name: String,
    pub(super) down: bool,
    pub(super) database: Option<Database>,
}

/// A file with its parsed name.
#[derive(Debug, Clone)]
pub(super) struct FileName {
    pub(super) path: PathBuf,
    pub(super) named: Named,
}
