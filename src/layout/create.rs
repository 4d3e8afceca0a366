//! Creates the files of a new migration.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::fault::LayoutError;
use super::find;
use super::format::{NewMigration, Ways};
use super::links::Links;
use super::rules::{FileName, Rules};
use super::source::Source;
use super::template;

/// How a layout names the files of a new migration.
pub(super) struct Naming {
    /// What is before the version.
    pub(super) start: &'static str,
    /// What is between version and name.
    pub(super) separator: &'static str,
    /// The files, from what their names begin with: version and name.
    pub(super) files: fn(&str, Ways) -> Vec<NewFile>,
}

/// A file to create.
pub(super) struct NewFile {
    /// The rest of its name. A slash makes the first part the name of a folder.
    pub(super) end: &'static str,
    /// Its text.
    pub(super) text: String,
}

impl Naming {
    /// `<version>_<name>` and an end.
    pub(super) const fn ending(files: fn(&str, Ways) -> Vec<NewFile>) -> Self {
        Self { start: "", separator: "_", files }
    }
}

/// An up file, and a down file if the migration is to be reversible; `alone` is the end of the name of an up file without one.
pub(super) fn two_files(stem: &str, ways: Ways, alone: &'static str, [up, down]: [&'static str; 2]) -> Vec<NewFile> {
    let first = |end| NewFile { end, text: template::up(stem, down) };
    match ways {
        Ways::Up => vec![first(alone)],
        Ways::UpAndDown => vec![first(up), NewFile { end: down, text: template::down(stem) }],
    }
}

/// Creates the files and returns their paths.
///
/// # Errors
/// When the directory cannot be read or written, or the name has no letter or digit.
pub(super) fn create(
    directory: &Path,
    new: &NewMigration<'_>,
    rules: &Rules,
    naming: &Naming,
) -> Result<Vec<PathBuf>, LayoutError> {
    let NewMigration { name, timestamp, ways } = *new;
    let slug = slug(name).ok_or_else(|| LayoutError::Name { name: name.to_owned() })?;
    let written =
        |path: &Path, error: &std::io::Error| LayoutError::Write { path: path.to_owned(), reason: error.to_string() };
    fs::create_dir_all(directory).map_err(|error| written(directory, &error))?;
    let names = find::list(Source::Disk { directory, links: Links::Anywhere }, rules, &mut Vec::new())?;
    let version = next_version(&names, timestamp);
    let stem = format!("{}{version}{}{slug}", naming.start, naming.separator);
    let files = (naming.files)(&stem, ways).into_iter();
    let files: Vec<_> = files.map(|NewFile { end, text }| (directory.join(format!("{stem}{end}")), text)).collect();
    for (path, text) in &files {
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::File::create_new(path));
        let made = made.and_then(|mut file| file.write_all(text.as_bytes()));
        made.map_err(|error| written(path, &error))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// An up file in a layout that has no down files.
pub(super) fn one_file(stem: &str, end: &'static str) -> Vec<NewFile> {
    vec![NewFile { end, text: template::only_up(stem) }]
}

/// The next number, with the same width, where all versions are shorter than a date; otherwise the timestamp.
fn next_version(names: &[FileName], timestamp: &str) -> String {
    let Some(last) = names.iter().filter_map(|name| name.named.key.version()).max() else {
        return timestamp.to_owned();
    };
    let written = last.as_str();
    // In a version of several parts, the last one counts up.
    let (parts, number) = written.rsplit_once('.').map_or(("", written), |(parts, last)| (parts, last));
    match number.parse::<u64>() {
        Ok(next) if number.len() < "20260131".len() => {
            let next = format!("{:0width$}", next + 1, width = number.len());
            if parts.is_empty() { next } else { format!("{parts}.{next}") }
        }
        _ => timestamp.to_owned(),
    }
}

fn slug(name: &str) -> Option<String> {
    let words: Vec<String> =
        name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    (!words.is_empty()).then(|| words.join("_"))
}
