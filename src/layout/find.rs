//! Finds the files of migrations in a directory.

use std::path::{Path, PathBuf};

use super::entry::{Home, escaped, sql_files};
use super::fault::{Fault, FileProblem, LayoutError};
use super::rules::{FileName, Find, FolderFiles, Named, Rules};
use super::source::{Listed, Source};

/// The deepest folder below a directory. A tree that is deeper has a circle of links in it.
const DEEPEST: usize = 40;

/// Lists the files of migrations.
///
/// # Errors
/// If the directory cannot be read. A faulty file is one of `problems`.
pub(super) fn list(
    source: Source<'_>,
    rules: &Rules,
    problems: &mut Vec<FileProblem>,
) -> Result<Vec<FileName>, LayoutError> {
    if let Find::Listed(listed) = rules.find {
        return listed(source, problems);
    }
    let (mut found, mut misnamed) = (Vec::new(), Vec::new());
    let mut take = |named: Result<Option<Named>, Fault>, path: PathBuf| match named {
        Ok(named) => found.extend(named.map(|named| FileName { path, named })),
        Err(fault) => misnamed.push(FileProblem::of_file(&path, fault)),
    };
    match rules.find {
        Find::Strictly => {
            for (stem, Listed { path, outside, .. }) in sql_files(source, Home::Migrations, problems)? {
                take(allowed(outside).and_then(|()| (rules.parse)(&stem)), path);
            }
        }
        Find::Files | Find::FilesOfEitherDirection | Find::Tree { .. } | Find::Listed(_) => {
            for entry in files(source, rules.find)? {
                take(parsed(&entry, rules), entry.path);
            }
        }
        Find::Folders(files) => {
            for folder in source.list()?.into_iter().filter(|entry| entry.folder) {
                let own = is_own_folder(source, &folder, files);
                match parsed(&folder, rules) {
                    Ok(Some(named)) if !own => {
                        for (file, named) in in_folder(source, &folder.path, &named, files) {
                            take(named, file);
                        }
                    }
                    Ok(_) => {}
                    Err(fault) => take(Err(fault), folder.path),
                }
            }
        }
    }
    problems.extend(misnamed);
    Ok(found)
}

/// The files of the directory, and of its folders if the layout searches them.
pub(super) fn files(source: Source<'_>, find: Find) -> Result<Vec<Listed>, LayoutError> {
    let Find::Tree { hidden, linked } = find else {
        return Ok(source.list()?.into_iter().filter(|entry| !entry.folder).collect());
    };
    let is_searched = |name: &str, link: bool| (hidden || !name.starts_with('.')) && (linked || !link);
    source.walk(&is_searched, DEEPEST)
}

/// The files of a migration in its folder.
fn in_folder(
    source: Source<'_>,
    folder: &Path,
    named: &Named,
    files: FolderFiles,
) -> Vec<(PathBuf, Result<Option<Named>, Fault>)> {
    let of = |down: bool| Ok(Some(Named { down, ..named.clone() }));
    let (up, down) = (folder.join(files.up), folder.join(files.down));
    let up_named = match files.needs_up && !source.has(&up) {
        true => Err(Fault::WithoutFile { file: files.up }),
        false => allowed(source.outside(&up)).and_then(|()| of(false)),
    };
    let down_named =
        (up_named.is_ok() && source.has(&down)).then(|| allowed(source.outside(&down)).and_then(|()| of(true)));
    [Some((up, up_named)), down_named.map(|named| (down, named))].into_iter().flatten().collect()
}

/// Whether a folder is one of hooks or checks.
fn is_own_folder(source: Source<'_>, folder: &Listed, files: FolderFiles) -> bool {
    let name = folder.file_name.to_str();
    name.is_some_and(|name| super::entry::OWN_FOLDERS.contains(&name)) && !source.has(&folder.path.join(files.up))
}

/// Whether a file may be read.
///
/// # Errors
/// If it is a link to this target, which is outside of the directory.
pub(super) fn allowed(outside: Option<PathBuf>) -> Result<(), Fault> {
    outside.map_or(Ok(()), |target| Err(Fault::LinkOutside(target)))
}

/// Parses the name of a file or a folder. A name that is not UTF-8 is a fault where it would be a migration.
fn parsed(entry: &Listed, rules: &Rules) -> Result<Option<Named>, Fault> {
    let named = (rules.parse)(&entry.file_name.to_string_lossy())?;
    match (named, entry.file_name.to_str()) {
        (Some(_), None) => Err(Fault::NameNotUtf8(escaped(&entry.file_name))),
        (Some(named), Some(_)) => allowed(entry.outside.clone()).map(|()| Some(named)),
        (None, _) => Ok(None),
    }
}
