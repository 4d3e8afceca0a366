//! A directory of migration files → [`MigrationSet`]. The only readers of migration files; one file a layout.

mod checks;
mod entry;
mod fault;
mod hooks;
mod native;
mod source;
mod template;
mod word;

use std::fmt;
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::checks::OwnCheck;
pub use self::fault::{Fault, FileProblem, LayoutError};
pub use self::hooks::HookScripts;
pub use self::source::EmbeddedFiles;
use self::source::Source;
use crate::migration::{Dialect, MigrationSet, Place, Script, SplitScript, split_all};

/// Every layout; a new one is a line here, and a file.
const LAYOUTS: &[&Layout] = &[&native::LAYOUT];

/// The layout of a directory: which files are migrations, and what their names say.
pub struct Layout {
    /// Its name, as an option gives it.
    word: &'static str,
    /// The format of the history table that the layout's own tool has.
    history: &'static str,
    /// Reads the migrations of a directory; their scripts are not split yet.
    read: fn(Source<'_>, Dialect) -> Result<MigrationSet, LayoutError>,
    /// Makes the files of a new migration, and returns their paths.
    create: fn(&Path, &NewMigration<'_>) -> Result<Vec<PathBuf>, LayoutError>,
}

impl Layout {
    /// Our own.
    #[must_use]
    pub fn native() -> &'static Self {
        &native::LAYOUT
    }

    /// The layout of this name.
    #[must_use]
    pub fn named(word: &str) -> Option<&'static Self> {
        LAYOUTS.iter().copied().find(|layout| layout.word == word)
    }

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

    /// The names of all of them.
    pub fn words() -> impl Iterator<Item = &'static str> {
        LAYOUTS.iter().map(|layout| layout.word)
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
enum Files<'f> {
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

/// Where links among the files of a directory may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Links {
    /// To files inside the directory, as Kubernetes mounts them.
    #[default]
    Inside,
    /// Anywhere.
    Anywhere,
}

/// Which files a new migration gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ways {
    /// The way forward alone.
    Up,
    /// A down file as well.
    UpAndDown,
}

/// Reads one SQL file, and does not split it; its problems when it cannot be used.
fn read_script(source: Source<'_>, path: &Path, dialect: Dialect) -> Result<Script, FileProblem> {
    let problem = |place, fault, text| FileProblem { path: path.to_owned(), place, fault, text };
    let bytes = source.read(path).map_err(|reason| problem(None, Fault::Unreadable(reason), None))?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Script::new(path, text, dialect)),
        Err(error) => {
            let text = String::from_utf8_lossy(&bytes);
            Err(problem(Some(Place::at(&text, error.valid_up_to())), Fault::NotUtf8, Some(text.into())))
        }
    }
}

/// Reads and splits one SQL file; its problems when it cannot be used.
fn read_split(source: Source<'_>, path: &Path, dialect: Dialect) -> Result<SplitScript, Vec<FileProblem>> {
    let script = read_script(source, path, dialect).map_err(|problem| vec![problem])?;
    let text = Arc::clone(script.text());
    script.split().map_err(|problems| FileProblem::of_text(path, &text, &problems).collect())
}
