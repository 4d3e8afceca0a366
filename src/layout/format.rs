//! The layout of a directory.

use std::fmt;
use std::path::{Path, PathBuf};

use super::fault::LayoutError;
use super::source::Source;
use crate::migration::{Dialect, MigrationSet};

/// The layout of a directory: which files are migrations, and what their names say.
pub struct Layout {
    /// Its name, as an option gives it.
    pub(super) word: &'static str,
    /// The format of the history table that the layout's own tool has.
    pub(super) history: &'static str,
    /// Reads the migrations of a directory; their scripts are not split yet.
    pub(super) read: fn(Source<'_>, Dialect) -> Result<MigrationSet, LayoutError>,
    /// Makes the files of a new migration, and returns their paths.
    pub(super) create: fn(&Path, &NewMigration<'_>) -> Result<Vec<PathBuf>, LayoutError>,
}

impl Layout {
    /// Makes the files of a new migration in a directory, with comments that say what to write, and returns their paths.
    ///
    /// The version continues what the directory has: the next number where versions count up, otherwise the timestamp.
    ///
    /// # Errors
    /// When the directory cannot be read or written, or the name has no letter or digit.
    pub fn create(&self, directory: &Path, new: &NewMigration<'_>) -> Result<Vec<PathBuf>, LayoutError> {
        (self.create)(directory, new)
    }

    /// The name of the format of the history table that the layout's own tool has.
    #[must_use]
    pub fn history(&self) -> &'static str {
        self.history
    }
}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Layout").field(&self.word).finish()
    }
}

impl PartialEq for Layout {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}

impl Eq for Layout {}

/// A migration that is to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewMigration<'n> {
    /// What it is called.
    pub name: &'n str,
    /// The time in UTC as `YYYYMMDDhhmmss`.
    pub timestamp: &'n str,
    /// Which files it gets.
    pub ways: Ways,
}

/// Which files a new migration gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ways {
    /// The way forward alone.
    Up,
    /// A down file as well.
    UpAndDown,
}
