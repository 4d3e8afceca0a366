//! A directory of health checks of one's own: one SQL file a check, named by it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::source::Source;
use super::{Fault, FileProblem, LayoutError, read_script, variant};
use crate::migration::{Dialect, Place, Script, StatementKind};

/// A health check of one's own: healthy when none of its statements returns a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnCheck {
    /// The file's name without its endings.
    pub name: String,
    /// Its statements.
    pub script: Script,
}

pub(super) fn read(source: Source<'_>, dialect: Dialect) -> Result<Vec<OwnCheck>, LayoutError> {
    let (mut checks, mut problems) = (Vec::new(), Vec::<FileProblem>::new());
    for (name, path) in files(source, dialect)? {
        match read_script(source, &path, dialect) {
            Ok(script) => match transaction_control(&script) {
                Some(found) => problems.push(found),
                None => checks.push(OwnCheck { name, script }),
            },
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(checks) } else { Err(LayoutError::Files(problems)) }
}

/// The first statement with which a check would leave the transaction that keeps it from writing.
fn transaction_control(script: &Script) -> Option<FileProblem> {
    let control = |kind| matches!(kind, StatementKind::Begin { .. } | StatementKind::Commit | StatementKind::Rollback);
    let statement = script.statements.iter().find(|statement| control(statement.kind))?;
    Some(FileProblem {
        path: script.path.clone(),
        place: Some(Place::at(&script.text, statement.start)),
        fault: Fault::CheckInTransaction,
        text: Some(script.text.clone()),
    })
}

/// The file of each check in the order of their names; one for this database wins over the plain one.
fn files(source: Source<'_>, dialect: Dialect) -> Result<BTreeMap<String, PathBuf>, LayoutError> {
    let (mut plain, mut own) = (BTreeMap::new(), BTreeMap::new());
    for entry in source.list()? {
        let file_name = entry.file_name.to_string_lossy();
        let Some(stem) = file_name.strip_suffix(".sql").filter(|stem| !stem.is_empty() && !stem.starts_with('.'))
        else {
            continue;
        };
        match variant(stem) {
            Some((name, named)) if named == dialect => own.insert(name.to_owned(), entry.path),
            Some(_) => continue,
            None => plain.insert(stem.to_owned(), entry.path),
        };
    }
    plain.append(&mut own);
    Ok(plain)
}
