//! Classifies each entry of a directory by its name: SQL, an unrelated file, or a fault.

use std::ffi::OsStr;

use super::source::{Listed, Source};
use super::stem::{extension, is_left_behind, sql_stem};
use super::word::is_database;
use super::{Fault, FileProblem, LayoutError};

/// The folders in the migrations directory that have a meaning.
pub(super) const OWN_FOLDERS: [&str; 2] = ["hooks", "checks"];
/// File names that other tools use for SQL in one folder per migration.
const IN_A_FOLDER_EACH: [&str; 3] = ["up", "down", "migration"];
/// Extensions of text files, which may be numbered too.
const PROSE: [&str; 6] = ["md", "markdown", "mdx", "txt", "rst", "adoc"];
/// Extensions of source code: a migration in code has its own message.
const CODE: [&str; 20] = [
    "go", "rs", "ts", "js", "py", "mjs", "cjs", "mts", "cts", "rb", "php", "java", "kt", "groovy", "scala", "cs", "ex",
    "exs", "pl", "sh",
];

/// The directory that contains the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// The migrations, whose names begin with a version.
    Migrations,
    /// Hooks or checks, whose names do not.
    Others,
}

/// The entries that are SQL, each with its stem. Every other entry is unrelated or a problem.
pub(super) fn sql_files(
    source: Source<'_>,
    home: Home,
    problems: &mut Vec<FileProblem>,
) -> Result<Vec<(String, Listed)>, LayoutError> {
    let mut files = Vec::new();
    for entry in source.list()? {
        let name = entry.file_name.to_string_lossy().into_owned();
        match kind(source, home, &entry, &name) {
            Kind::Neighbour => {}
            Kind::Sql(_) if entry.file_name.to_str().is_none() => {
                let fault = Fault::NameNotUtf8(escaped(&entry.file_name));
                problems.push(FileProblem::of_file(&entry.path, fault));
            }
            Kind::Sql(stem) => files.push((stem.to_owned(), entry)),
            Kind::Fault(fault) => problems.push(FileProblem::of_file(&entry.path, fault)),
        }
    }
    Ok(files)
}

/// A name with invalid UTF-8 bytes as `\xff`.
pub(super) fn escaped(name: &OsStr) -> String {
    let chunks = name.as_encoded_bytes().utf8_chunks();
    chunks.map(|chunk| format!("{}{}", chunk.valid(), chunk.invalid().escape_ascii())).collect()
}

enum Kind<'n> {
    Neighbour,
    Sql(&'n str),
    Fault(Fault),
}

fn kind<'n>(source: Source<'_>, home: Home, entry: &Listed, name: &'n str) -> Kind<'n> {
    match sql_stem(name) {
        // Kubernetes mounts a ConfigMap with links that have such names.
        _ if name.starts_with('.') => Kind::Neighbour,
        Some(_) if entry.folder && !name.starts_with('_') => Kind::Fault(Fault::NoFile),
        _ if entry.folder => folder(source, home, entry, name),
        _ if is_left_behind(name) => Kind::Neighbour,
        Some(stem) => Kind::Sql(stem),
        None => fault_of(home, name).map_or(Kind::Neighbour, Kind::Fault),
    }
}

/// The fault of a file whose name does not end in `.sql`; `None` for an unrelated file.
fn fault_of(home: Home, name: &str) -> Option<Fault> {
    let lower = name.to_ascii_lowercase();
    let end = extension(&lower);
    let is = |ends: &[&str]| ends.contains(&end);
    let numbered = home == Home::Migrations && is_numbered(name) && !is(&PROSE);
    if numbered && is(&CODE) {
        return Some(Fault::Code);
    }
    (numbered || lower.contains(".sql.") || end.ends_with("sql")).then_some(Fault::NotSql)
}

fn folder(source: Source<'_>, home: Home, entry: &Listed, name: &str) -> Kind<'static> {
    let own = home == Home::Migrations && OWN_FOLDERS.contains(&name);
    if own || name.starts_with('_') || name == "lost+found" {
        return Kind::Neighbour;
    }
    let all = home == Home::Others || is_database(name);
    let found = match source.sql_below(&entry.path, &|stem| all || is_migration(stem)) {
        Ok(found) => found,
        Err(reason) => return Kind::Fault(Fault::Unreadable(reason)),
    };
    let stem = found.as_ref().and_then(|file| file.file_stem()).map(|stem| stem.to_string_lossy().to_ascii_lowercase());
    match (found, stem) {
        (_, Some(stem)) if IN_A_FOLDER_EACH.contains(&stem.as_str()) => Kind::Fault(Fault::Folder),
        (Some(file), _) => Kind::Fault(Fault::SubFolder { file }),
        (None, _) if home == Home::Migrations && names_migration(name) => Kind::Fault(Fault::Folder),
        (None, _) => Kind::Neighbour,
    }
}

/// Whether SQL with this stem is probably a migration, of this or of another tool.
fn is_migration(stem: &str) -> bool {
    let lower = stem.to_ascii_lowercase();
    let versioned = lower.trim_start_matches(['v', 'u', 'b', 'r']);
    is_numbered(stem)
        || is_numbered(versioned) && lower.len() == versioned.len() + 1
        || lower.starts_with("r__")
        || IN_A_FOLDER_EACH.contains(&lower.as_str())
        || lower.starts_with("before_each")
        || lower.starts_with("after_each")
}

fn is_numbered(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a folder is named like a migration.
fn names_migration(name: &str) -> bool {
    is_numbered(name) && name.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with('_')
}
