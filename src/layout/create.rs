//! Creates the files of a new migration.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::assemble::{self, FileName, Rules};
use super::fault::LayoutError;
use super::format::{NewMigration, Ways};
use super::links::Links;
use super::source::Source;
use super::template;

/// The ends of the names of a new migration's files.
pub(super) struct Ends {
    /// That of a migration without a down file.
    pub(super) up: &'static str,
    /// Those of the two files of a reversible one.
    pub(super) up_and_down: [&'static str; 2],
}

/// Creates the files, named `<version>_<name>` and an end, and returns their paths.
///
/// # Errors
/// When the directory cannot be read or written, or the name has no letter or digit.
pub(super) fn create(
    directory: &Path,
    new: &NewMigration<'_>,
    rules: &Rules,
    ends: &Ends,
) -> Result<Vec<PathBuf>, LayoutError> {
    let NewMigration { name, timestamp, ways } = *new;
    let slug = slug(name).ok_or_else(|| LayoutError::Name { name: name.to_owned() })?;
    let written =
        |path: &Path, error: &std::io::Error| LayoutError::Write { path: path.to_owned(), reason: error.to_string() };
    fs::create_dir_all(directory).map_err(|error| written(directory, &error))?;
    let names = assemble::list(Source::Disk { directory, links: Links::Anywhere }, rules, &mut Vec::new())?;
    let version = next_version(&names, timestamp);
    let stem = format!("{version}_{slug}");
    let file = |end: &str| directory.join(format!("{stem}{end}"));
    let files = match ways {
        Ways::Up => vec![(file(ends.up), template::up(&stem, ends.up_and_down[1]))],
        Ways::UpAndDown => vec![
            (file(ends.up_and_down[0]), template::up(&stem, ends.up_and_down[1])),
            (file(ends.up_and_down[1]), template::down(&stem)),
        ],
    };
    for (path, text) in &files {
        let made = fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
        made.map_err(|error| written(path, &error))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// The next number, with the same width, where all versions are shorter than a date; otherwise the timestamp.
fn next_version(names: &[FileName], timestamp: &str) -> String {
    let Some(last) = names.iter().max_by(|a, b| a.named.version.cmp(&b.named.version)) else {
        return timestamp.to_owned();
    };
    let written = last.named.version.as_str();
    match written.parse::<u64>() {
        Ok(number) if written.len() < "20260131".len() => format!("{:0width$}", number + 1, width = written.len()),
        _ => timestamp.to_owned(),
    }
}

fn slug(name: &str) -> Option<String> {
    let words: Vec<String> =
        name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    (!words.is_empty()).then(|| words.join("_"))
}
