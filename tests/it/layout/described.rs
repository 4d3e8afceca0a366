//! Directories of other tools as lines of text.

use migrascope::layout::{EmbeddedFiles, Layout, LayoutError, Reader};
use migrascope::migration::{Dialect, Migration};

/// Each migration as `version = name`, with what is particular about it, or all problems.
pub fn described(layout: &str, files: &[(&'static str, &'static str)]) -> Result<Vec<String>, String> {
    let files = EmbeddedFiles::from(files.to_vec());
    let reader = Reader::embedded(&files, Dialect::Postgres).layout(Layout::named(layout).unwrap());
    match reader.migrations() {
        Ok(set) => Ok(set.iter().map(line).collect()),
        Err(LayoutError::Files(problems)) => {
            let lines = problems.iter().map(|one| format!("{}: {one}", one.path.display()));
            Err(lines.collect::<Vec<_>>().join("; "))
        }
        Err(other) => Err(other.to_string()),
    }
}

fn line(migration: &Migration) -> String {
    let directives = migration.up.parsed().unwrap().directives.clone();
    let particulars = [
        (migration.up.is_empty(), ", empty"),
        (directives.no_transaction, ", no transaction"),
        (directives.out_of_order, ", out of order"),
        (migration.down.is_some(), ", down"),
        (migration.down.as_ref().is_some_and(migrascope::migration::Script::is_empty), " is empty"),
    ];
    let particulars: String = particulars.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
    format!("{} = {}{particulars}", migration.key, migration.name)
}
