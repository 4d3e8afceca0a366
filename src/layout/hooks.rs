//! SQL around each migration: `hooks/before_each.sql` and `hooks/after_each.sql` in the directory of the migrations.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::entry::{Home, sql_files};
use super::source::{Listed, Source, leads_outside};
use super::stem::{is_left_behind, sql_stem};
use super::word::{Database, variant};
use super::{Fault, FileProblem, LayoutError, Links, read_split};
use crate::migration::{Dialect, Place, Placeholders, SplitScript, Statement, StatementKind};

/// The folder of the files, in the migrations directory.
const FOLDER: &str = "hooks";
const BEFORE: &str = "before_each";
const AFTER: &str = "after_each";
/// The similarity from which on one name counts as a typo of the other.
const ALIKE: f64 = 0.8;

/// The scripts to run before and after each migration; `None` where there is no such file or it has no statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HookScripts {
    /// `before_each.sql`.
    pub before_each: Option<SplitScript>,
    /// `after_each.sql`.
    pub after_each: Option<SplitScript>,
}

impl HookScripts {
    /// The same scripts with the values of placeholders.
    pub(super) fn with(self, placeholders: &Placeholders) -> Result<Self, LayoutError> {
        let with = |script: SplitScript| {
            let script = script.script().clone().with(placeholders);
            let problems = FileProblem::of_script(&script);
            script.split().map_err(|_| LayoutError::Files(problems))
        };
        let before_each = self.before_each.map(with).transpose()?;
        Ok(Self { before_each, after_each: self.after_each.map(with).transpose()? })
    }
}

/// `source` is the migrations directory.
pub(super) fn read(source: Source<'_>, dialect: Dialect) -> Result<HookScripts, LayoutError> {
    match source {
        Source::Disk { directory, links } => {
            let folder = directory.join(FOLDER);
            let outside = (links == Links::Inside).then(|| leads_outside(directory, &folder)).flatten();
            match outside {
                Some(target) => {
                    Err(LayoutError::Files(vec![FileProblem::of_file(&folder, Fault::LinkOutside(target))]))
                }
                None if folder.is_dir() => read_folder(Source::Disk { directory: &folder, links }, dialect),
                None if folder.exists() => {
                    Err(LayoutError::Files(vec![FileProblem::of_file(&folder, Fault::NoFolder)]))
                }
                None if folder.is_symlink() => {
                    Err(LayoutError::Files(vec![FileProblem::of_file(&folder, Fault::LinkNowhere)]))
                }
                None => Ok(HookScripts::default()),
            }
        }
        Source::Embedded { files, directory } => {
            read_folder(Source::Embedded { files, directory: &directory.join(FOLDER) }, dialect)
        }
    }
}

fn read_folder(source: Source<'_>, dialect: Dialect) -> Result<HookScripts, LayoutError> {
    let mut problems = Vec::new();
    let found = list(source, dialect, &mut problems)?;
    not_sql(source, &mut problems)?;
    let mut load = |name: &str| load(source, found.best(name)?, dialect, &mut problems);
    let scripts = HookScripts { before_each: load(BEFORE), after_each: load(AFTER) };
    if problems.is_empty() { Ok(scripts) } else { Err(LayoutError::Files(problems)) }
}

/// The hook files for this database, and those for all databases.
#[derive(Default)]
struct Found {
    own: Vec<(String, PathBuf)>,
    plain: Vec<(String, PathBuf)>,
}

impl Found {
    /// The file for this database takes precedence.
    fn best(&self, name: &str) -> Option<&Path> {
        let mut all = self.own.iter().chain(&self.plain);
        all.find(|(stem, _)| stem == name).map(|(_, path)| path.as_path())
    }

    /// Adds a file; returns the file that already defines the same hook, if there is one.
    fn add(&mut self, name: &str, database: Option<Database>, path: &Path) -> Option<PathBuf> {
        let place = if database.is_some() { &mut self.own } else { &mut self.plain };
        let other = place.iter().find(|(stem, _)| stem == name).map(|(_, path)| path.clone());
        place.push((name.to_owned(), path.to_owned()));
        other
    }
}

/// A hook that would never run is an error. Shell scripts and text files are allowed in the folder.
fn list(source: Source<'_>, dialect: Dialect, problems: &mut Vec<FileProblem>) -> Result<Found, LayoutError> {
    let mut found = Found::default();
    for (stem, Listed { file_name, path, outside, .. }) in sql_files(source, Home::Others, problems)? {
        let fault = match (variant(&stem), outside) {
            (Ok((name, _)), _) if ![BEFORE, AFTER].contains(&name) => Some(unknown(&file_name.to_string_lossy())),
            (Ok((_, Some(database))), _) if database != Database::Ours(dialect) => None,
            (Ok(_), Some(target)) => Some(Fault::LinkOutside(target)),
            (Ok((name, database)), None) => found.add(name, database, &path).map(|other| Fault::SameName { other }),
            (Err(fault), _) => Some(fault),
        };
        problems.extend(fault.map(|fault| FileProblem::of_file(&path, fault)));
    }
    Ok(found)
}

/// Reports files that are named like a hook and are not SQL.
fn not_sql(source: Source<'_>, problems: &mut Vec<FileProblem>) -> Result<(), LayoutError> {
    for Listed { file_name, path, folder, .. } in source.list()? {
        let name = file_name.to_string_lossy();
        let hook = !folder && !is_left_behind(&name) && sql_stem(&name).is_none();
        let named = problems.iter().any(|problem| problem.path == path);
        if hook && !named && (name.starts_with(BEFORE) || name.starts_with(AFTER)) {
            problems.push(FileProblem::of_file(&path, unknown(&name)));
        }
    }
    Ok(())
}

/// Reads a hook; `None` if it has no statement, or is one of `problems`.
pub(super) fn load(
    source: Source<'_>,
    path: &Path,
    dialect: Dialect,
    problems: &mut Vec<FileProblem>,
) -> Option<SplitScript> {
    match read_split(source, path, dialect) {
        Ok(script) => {
            let stray = script.statements().iter().find(|statement| leaves_transaction(statement));
            problems.extend(stray.map(|statement| misplaced(&script, statement)));
            if script.directives().no_transaction {
                problems.push(FileProblem::of_file(path, Fault::HookInTransaction));
            }
            Some(script).filter(|script| !script.statements().is_empty())
        }
        Err(found) => {
            problems.extend(found);
            None
        }
    }
}

/// Whether a statement would end the hook's transaction, or cannot run in one.
fn leaves_transaction(statement: &Statement) -> bool {
    !matches!(statement.kind, StatementKind::Ordinary | StatementKind::Savepoint | StatementKind::Release)
}

fn misplaced(script: &SplitScript, statement: &Statement) -> FileProblem {
    FileProblem {
        path: script.path().to_owned(),
        place: Some(Place::at(script.text(), statement.start)),
        fault: Fault::HookInTransaction,
        text: Some(Arc::clone(script.text())),
    }
}

fn unknown(name: &str) -> Fault {
    let likeness = |known: &&str| strsim::jaro_winkler(&name.to_ascii_lowercase(), known);
    let known = ["before_each.sql", "after_each.sql"];
    let suggestion = known.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    Fault::UnknownHook { suggestion: suggestion.filter(|best| likeness(best) >= ALIKE) }
}
