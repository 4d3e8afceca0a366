//! The layout of a migrations directory.

use std::fmt;
use std::path::{Path, PathBuf};

use super::fault::LayoutError;
use super::hooks::HookScripts;
use super::signs::Signs;
use super::source::Source;
use crate::migration::{Dialect, MigrationSet};

/// The layout of a directory: which files are migrations, and what their names mean.
pub struct Layout {
    /// Its name, as used in options.
    pub(super) word: &'static str,
    /// The history table format of the tool that this layout comes from.
    pub(super) history: &'static str,
    /// What its directories look like.
    pub(super) signs: Signs,
    /// Reads the migrations of a directory without splitting their scripts.
    pub(super) read: fn(Source<'_>, Dialect) -> Result<MigrationSet, LayoutError>,
    /// Reads the scripts to run before and after each migration.
    pub(super) hooks: fn(Source<'_>, Dialect) -> Result<HookScripts, LayoutError>,
    /// Creates the files of a new migration and returns their paths.
    pub(super) create: fn(&Path, &NewMigration<'_>) -> Result<Vec<PathBuf>, LayoutError>,
}

impl Layout {
    /// Creates the files of a new migration in a directory, with comments that say what to write, and returns their paths.
    ///
    /// The version follows the existing ones: the next number where versions count up, otherwise the timestamp.
    ///
    /// # Errors
    /// When the directory cannot be read or written, or the name has no letter or digit.
    pub fn create(&self, directory: &Path, new: &NewMigration<'_>) -> Result<Vec<PathBuf>, LayoutError> {
        (self.create)(directory, new)
    }

    /// Its name.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.word
    }

    /// Whether it is to be preferred to others whose directories look alike.
    #[must_use]
    pub fn is_common(&self) -> bool {
        self.signs.common
    }

    /// Whether it is the native layout.
    pub(super) fn is_default(&self) -> bool {
        self.word == "native"
    }

    /// The name of the history table format of the tool that this layout comes from.
    #[must_use]
    pub fn history(&self) -> &'static str {
        self.history
    }
}

/// Whether this build reads a layout that needs more libraries than others.
///
/// # Errors
/// [`LayoutError::Feature`] without the feature `tools`.
pub(super) fn needs_tools(layout: &'static str) -> Result<(), LayoutError> {
    if cfg!(feature = "tools") { Ok(()) } else { Err(LayoutError::Feature { layout }) }
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

/// A migration to create.
#[derive(Debug, Clone, Copy)]
pub struct NewMigration<'n> {
    /// Its name.
    pub name: &'n str,
    /// The current time in UTC as `YYYYMMDDhhmmss`.
    pub timestamp: &'n str,
    /// The files to create.
    pub ways: Ways,
}

/// The files to create for a new migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ways {
    /// The up file only.
    Up,
    /// An up and a down file.
    UpAndDown,
}
