//! SQL around each migration: `hooks/before_each.sql` and `hooks/after_each.sql` in the directory of the migrations.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Fault, FileProblem, LayoutError, Links, leads_outside, read_script, variant};
use crate::migration::{Dialect, Place, Script, Statement, StatementKind};

/// Where the files are, in the directory of the migrations.
const FOLDER: &str = "hooks";
const BEFORE: &str = "before_each";
const AFTER: &str = "after_each";
/// From then on one name is taken for a slip of the other.
const ALIKE: f64 = 0.8;

/// What is run before and after each migration; each where there is such a file with a statement in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HookScripts {
    /// `before_each.sql`.
    pub before_each: Option<Script>,
    /// `after_each.sql`.
    pub after_each: Option<Script>,
}

pub(super) fn read(directory: &Path, dialect: Dialect, links: Links) -> Result<HookScripts, LayoutError> {
    let folder = directory.join(FOLDER);
    if !folder.is_dir() {
        return Ok(HookScripts::default());
    }
    let mut problems = Vec::new();
    if links == Links::Inside
        && let Some(target) = leads_outside(directory, &folder)
    {
        return Err(LayoutError::Files(vec![problem(&folder, Fault::LinkOutside(target))]));
    }
    let found = list(&folder, dialect, &mut problems)?;
    let mut load = |name: &str| load(directory, found.best(name)?, dialect, links, &mut problems);
    let scripts = HookScripts { before_each: load(BEFORE), after_each: load(AFTER) };
    if problems.is_empty() { Ok(scripts) } else { Err(LayoutError::Files(problems)) }
}

/// The files of this database, and those of all.
#[derive(Default)]
struct Found {
    own: Vec<(String, PathBuf)>,
    plain: Vec<(String, PathBuf)>,
}

impl Found {
    /// The one for this database wins.
    fn best(&self, name: &str) -> Option<&Path> {
        let mut all = self.own.iter().chain(&self.plain);
        all.find(|(stem, _)| stem == name).map(|(_, path)| path.as_path())
    }
}

/// Whoever writes a hook that is never run wants to hear of it; scripts for the shell and notes may lie beside them.
fn list(folder: &Path, dialect: Dialect, problems: &mut Vec<FileProblem>) -> Result<Found, LayoutError> {
    let unreadable =
        |error: std::io::Error| LayoutError::Directory { path: folder.to_owned(), reason: error.to_string() };
    let mut entries = fs::read_dir(folder).map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut found = Found::default();
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if name.starts_with('.') {
            continue;
        }
        let Some(stem) = name.strip_suffix(".sql") else {
            if name.starts_with(BEFORE) || name.starts_with(AFTER) {
                problems.push(problem(&path, unknown(&name)));
            }
            continue;
        };
        let (stem, named) = variant(stem).map_or((stem, None), |(stem, named)| (stem, Some(named)));
        match named {
            _ if ![BEFORE, AFTER].contains(&stem) => problems.push(problem(&path, unknown(&name))),
            None => found.plain.push((stem.to_owned(), path)),
            Some(named) if named == dialect => found.own.push((stem.to_owned(), path)),
            Some(_) => {}
        }
    }
    Ok(found)
}

fn load(
    directory: &Path,
    path: &Path,
    dialect: Dialect,
    links: Links,
    problems: &mut Vec<FileProblem>,
) -> Option<Script> {
    let outside = (links == Links::Inside).then(|| leads_outside(directory, path)).flatten();
    if let Some(target) = outside {
        problems.push(problem(path, Fault::LinkOutside(target)));
        return None;
    }
    match read_script(path, dialect) {
        Ok(script) => {
            let stray = script.statements.iter().find(|statement| leaves_transaction(statement));
            problems.extend(stray.map(|statement| misplaced(&script, statement)));
            if script.directives.no_transaction {
                problems.push(problem(path, Fault::HookInTransaction));
            }
            Some(script).filter(|script| !script.statements.is_empty())
        }
        Err(found) => {
            problems.extend(found);
            None
        }
    }
}

/// What would end the transaction that a hook is run in, or cannot be run in one.
fn leaves_transaction(statement: &Statement) -> bool {
    !matches!(statement.kind, StatementKind::Ordinary)
}

fn misplaced(script: &Script, statement: &Statement) -> FileProblem {
    FileProblem {
        path: script.path.clone(),
        place: Some(Place::at(&script.text, statement.start)),
        fault: Fault::HookInTransaction,
        text: Some(script.text.clone()),
    }
}

fn unknown(name: &str) -> Fault {
    let likeness = |known: &&str| strsim::jaro_winkler(&name.to_ascii_lowercase(), known);
    let known = ["before_each.sql", "after_each.sql"];
    let suggestion = known.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    Fault::UnknownHook { suggestion: suggestion.filter(|best| likeness(best) >= ALIKE) }
}

fn problem(path: &Path, fault: Fault) -> FileProblem {
    FileProblem { path: path.to_owned(), place: None, fault, text: None }
}
