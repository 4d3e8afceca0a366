//! A directory of custom health checks: one SQL file per check, which gives the check its name.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;
use std::sync::Arc;

use super::entry::{Home, sql_files};
use super::source::{Listed, Source};
use super::word::{Database, variant};
use super::{Fault, FileProblem, LayoutError, read_split};
use crate::migration::{Dialect, Place, SplitScript, StatementKind};

/// A custom health check: healthy when none of its statements returns a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomCheck {
    /// The file's name without its extensions.
    pub name: String,
    /// Its statements.
    pub script: SplitScript,
}

pub(super) fn read(source: Source<'_>, dialect: Dialect) -> Result<Vec<CustomCheck>, LayoutError> {
    let (mut checks, mut problems) = (Vec::new(), Vec::<FileProblem>::new());
    for (name, path) in files(source, dialect, &mut problems)? {
        match read_split(source, &path, dialect) {
            Ok(script) => match transaction_control(&script) {
                Some(found) => problems.push(found),
                None => checks.push(CustomCheck { name, script }),
            },
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(checks) } else { Err(LayoutError::Files(problems)) }
}

/// The first statement with which a check would leave its read-only transaction.
fn transaction_control(script: &SplitScript) -> Option<FileProblem> {
    let control = |kind| matches!(kind, StatementKind::Begin { .. } | StatementKind::Commit | StatementKind::Rollback);
    let statement = script.statements().iter().find(|statement| control(statement.kind))?;
    Some(FileProblem {
        path: script.path().to_owned(),
        place: Some(Place::at(script.text(), statement.start)),
        fault: Fault::CheckInTransaction,
        text: Some(Arc::clone(script.text())),
    })
}

/// The file of each check, in the order of their names; a file for this database takes precedence over the plain one.
fn files(
    source: Source<'_>,
    dialect: Dialect,
    problems: &mut Vec<FileProblem>,
) -> Result<BTreeMap<String, PathBuf>, LayoutError> {
    let mut found: BTreeMap<(String, bool), PathBuf> = BTreeMap::new();
    for (stem, Listed { path, .. }) in sql_files(source, Home::Others, problems)? {
        let (name, database) = match variant(&stem) {
            Ok((_, Some(database))) if database != Database::Ours(dialect) => continue,
            Ok((name, database)) => (name.to_owned(), database),
            Err(fault) => {
                problems.push(FileProblem::of_file(&path, fault));
                continue;
            }
        };
        match found.entry((name, database.is_none())) {
            Entry::Vacant(entry) => drop(entry.insert(path)),
            Entry::Occupied(other) => {
                let fault = Fault::SameName { other: other.get().clone() };
                problems.push(FileProblem::of_file(&path, fault));
            }
        }
    }
    // The file for this database sorts before the plain one.
    let mut files = BTreeMap::new();
    for ((name, _), path) in found {
        files.entry(name).or_insert(path);
    }
    Ok(files)
}
