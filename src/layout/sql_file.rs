//! One SQL file.

use std::path::Path;
use std::sync::Arc;

use super::fault::{Fault, FileProblem};
use super::source::Source;
use crate::migration::{Dialect, Place, Script, SplitScript};

/// Reads one SQL file without splitting it; returns its problem when it cannot be used.
pub(super) fn read_script(source: Source<'_>, path: &Path, dialect: Dialect) -> Result<Script, FileProblem> {
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

/// Reads and splits one SQL file; returns its problems when it cannot be used.
pub(super) fn read_split(source: Source<'_>, path: &Path, dialect: Dialect) -> Result<SplitScript, Vec<FileProblem>> {
    let script = read_script(source, path, dialect).map_err(|problem| vec![problem])?;
    let text = Arc::clone(script.text());
    script.split().map_err(|problems| FileProblem::of_text(path, &text, &problems).collect())
}
