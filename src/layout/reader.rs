//! Reads what lies in one directory, in some layout.

use std::iter;
use std::path::{Path, PathBuf};

use super::checks::OwnCheck;
use super::fault::{FileProblem, LayoutError};
use super::format::Layout;
use super::hooks::HookScripts;
use super::links::Links;
use super::source::EmbeddedFiles;
use super::source::Source;
use super::{checks, hooks};
use crate::migration::{Dialect, MigrationSet, split_all};

/// Reads what lies in one directory, on disk or built into the program: migrations, hooks and health checks, for one dialect.
///
/// ```
/// use migrascope::layout::{EmbeddedFiles, Reader};
/// use migrascope::migration::Dialect;
///
/// let files = EmbeddedFiles::from(vec![("1_users.sql", "CREATE TABLE users (id INTEGER);")]);
/// let set = Reader::embedded(&files, Dialect::Sqlite).migrations()?;
/// assert_eq!(set.len(), 1);
/// # Ok::<(), migrascope::layout::LayoutError>(())
/// ```
#[derive(Clone)]
pub struct Reader<'f> {
    files: Files<'f>,
    dialect: Dialect,
    links: Links,
    layout: &'static Layout,
}

#[derive(Clone)]
pub(super) enum Files<'f> {
    Directory(PathBuf),
    Embedded(&'f EmbeddedFiles),
}

impl<'f> Reader<'f> {
    /// Of a directory on disk, in our own layout.
    #[must_use]
    pub fn directory(path: impl Into<PathBuf>, dialect: Dialect) -> Self {
        Self::of(Files::Directory(path.into()), dialect)
    }

    /// Of files that were built into the program, in our own layout.
    #[must_use]
    pub fn embedded(files: &'f EmbeddedFiles, dialect: Dialect) -> Self {
        Self::of(Files::Embedded(files), dialect)
    }

    fn of(files: Files<'f>, dialect: Dialect) -> Self {
        Self { files, dialect, links: Links::default(), layout: Layout::native() }
    }

    /// The same where links among the files may lead elsewhere.
    #[must_use]
    pub fn links(self, links: Links) -> Self {
        Self { links, ..self }
    }

    /// The same in another layout.
    #[must_use]
    pub fn layout(self, layout: &'static Layout) -> Self {
        Self { layout, ..self }
    }

    /// The migrations; nothing is left out without a word. Their scripts are split when a plan needs them.
    ///
    /// # Errors
    /// With every problem of every file at once; see [`LayoutError`].
    pub fn migrations(&self) -> Result<MigrationSet, LayoutError> {
        (self.layout.read)(self.source(Path::new("")), self.dialect)
    }

    /// The same with every script split, applied ones as well.
    ///
    /// # Errors
    /// As [`Self::migrations`], and with every problem of every text.
    pub fn split_migrations(&self) -> Result<MigrationSet, LayoutError> {
        let set = self.migrations()?;
        let scripts = || set.iter().flat_map(|migration| iter::once(&migration.up).chain(&migration.down));
        split_all(scripts());
        let problems: Vec<_> = scripts().flat_map(FileProblem::of_script).collect();
        if problems.is_empty() { Ok(set) } else { Err(LayoutError::Files(problems)) }
    }

    /// What is run before and after each migration: `hooks/before_each.sql` and `hooks/after_each.sql` in the directory of the
    /// migrations, or `before_each.postgres.sql` (`.mysql.`, `.sqlite.`) for that database, where it wins.
    ///
    /// # Errors
    /// When the directory cannot be read, with every problem of every file at once, and for a file with another name that looks
    /// like a hook.
    pub fn hooks(&self) -> Result<HookScripts, LayoutError> {
        hooks::read(self.source(Path::new("")), self.dialect)
    }

    /// The health checks in a directory of their own, or in the folder `checks` of files that were built into the program, in the order of
    /// their names; links may lead anywhere.
    ///
    /// `<name>.sql` is a check, `<name>.postgres.sql` (`.mysql.`, `.sqlite.`) one for that database, where it wins.
    /// Databases have the names that they have in the files of migrations.
    ///
    /// # Errors
    /// When the directory cannot be read, or with every problem of every file at once.
    pub fn checks(&self) -> Result<Vec<OwnCheck>, LayoutError> {
        checks::read(self.clone().links(Links::Anywhere).source(Path::new("checks")), self.dialect)
    }

    /// `folder` is where embedded files are looked for.
    fn source<'s>(&'s self, folder: &'s Path) -> Source<'s> {
        match &self.files {
            Files::Directory(directory) => Source::Disk { directory, links: self.links },
            Files::Embedded(files) => Source::Embedded { files, directory: folder },
        }
    }
}
