//! Reads the contents of one directory in a given layout.

use std::iter;
use std::path::{Path, PathBuf};

use super::checks;
use super::checks::CustomCheck;
use super::fault::{FileProblem, LayoutError};
use super::format::Layout;
use super::hooks::HookScripts;
use super::links::Links;
use super::source::EmbeddedFiles;
use super::source::Source;
use crate::migration::{Dialect, MigrationSet, Placeholders, split_all};

/// Reads one directory, on disk or embedded in the program: migrations, hooks and health checks, for one dialect.
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
    placeholders: Placeholders,
}

#[derive(Clone)]
pub(super) enum Files<'f> {
    Directory(PathBuf),
    Embedded(&'f EmbeddedFiles),
}

impl<'f> Reader<'f> {
    /// A reader of a directory on disk, in the native layout.
    #[must_use]
    pub fn directory(path: impl Into<PathBuf>, dialect: Dialect) -> Self {
        Self::of(Files::Directory(path.into()), dialect)
    }

    /// A reader of embedded files, in the native layout.
    #[must_use]
    pub fn embedded(files: &'f EmbeddedFiles, dialect: Dialect) -> Self {
        Self::of(Files::Embedded(files), dialect)
    }

    fn of(files: Files<'f>, dialect: Dialect) -> Self {
        Self {
            files,
            dialect,
            links: Links::default(),
            layout: Layout::native(),
            placeholders: Placeholders::default(),
        }
    }

    /// Sets where symbolic links among the files may point.
    #[must_use]
    pub fn links(self, links: Links) -> Self {
        Self { links, ..self }
    }

    /// Sets the layout.
    #[must_use]
    pub fn layout(self, layout: &'static Layout) -> Self {
        Self { layout, ..self }
    }

    /// Sets the values of placeholders in migrations and hooks; without any, a text is left as it is.
    #[must_use]
    pub fn placeholders(self, placeholders: Placeholders) -> Self {
        Self { placeholders, ..self }
    }

    /// The migrations. No file is skipped silently, except those that the layout's own tool ignores. Scripts are split when a plan needs them.
    ///
    /// # Errors
    /// All problems of all files at once; see [`LayoutError`].
    pub fn migrations(&self) -> Result<MigrationSet, LayoutError> {
        let set = (self.layout.read)(self.source(Path::new("")), self.dialect)?;
        Ok(set.with(&self.placeholders))
    }

    /// Like [`Self::migrations`], with every script split, including applied ones.
    ///
    /// # Errors
    /// As [`Self::migrations`], and all problems of all texts.
    pub fn split_migrations(&self) -> Result<MigrationSet, LayoutError> {
        let set = self.migrations()?;
        let scripts = || set.iter().flat_map(|migration| iter::once(&migration.up).chain(&migration.down));
        split_all(scripts());
        let problems: Vec<_> = scripts().flat_map(FileProblem::of_script).collect();
        if problems.is_empty() { Ok(set) } else { Err(LayoutError::Files(problems)) }
    }

    /// The scripts to run before and after each migration: `hooks/before_each.sql` and `hooks/after_each.sql` in the migrations
    /// directory. A file for one database, such as `before_each.postgres.sql` (`.mysql.`, `.sqlite.`), takes precedence. A layout may
    /// have other names for them as well.
    ///
    /// # Errors
    /// When the directory cannot be read, all problems of all files at once, and a file whose name looks like a hook but is
    /// not one.
    pub fn hooks(&self) -> Result<HookScripts, LayoutError> {
        (self.layout.hooks)(self.source(Path::new("")), self.dialect)?.with(&self.placeholders)
    }

    /// The custom health checks in a directory, or in the folder `checks` of embedded files, in the order of their names. Symbolic links may
    /// point anywhere.
    ///
    /// `<name>.sql` is a check; `<name>.postgres.sql` (`.mysql.`, `.sqlite.`) is one for that database and takes precedence.
    /// Databases have the same names as in migration files.
    ///
    /// # Errors
    /// When the directory cannot be read, or all problems of all files at once.
    pub fn checks(&self) -> Result<Vec<CustomCheck>, LayoutError> {
        checks::read(self.clone().links(Links::Anywhere).source(Path::new("checks")), self.dialect)
    }

    /// `folder` is the folder of embedded files.
    fn source<'s>(&'s self, folder: &'s Path) -> Source<'s> {
        match &self.files {
            Files::Directory(directory) => Source::Disk { directory, links: self.links },
            Files::Embedded(files) => Source::Embedded { files, directory: folder },
        }
    }
}
