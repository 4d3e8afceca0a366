//! The native layout: `<version>_<name>.sql`, `.down.sql` to revert, and `.postgres.sql`, `.mysql.sql` or `.sqlite.sql` for one
//! database, where it takes precedence over the plain file.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::assemble::{self, FileName, Named, Rules};
use super::source::Source;
use super::template;
use super::word::{Suffixes, suffixes};
use super::{Fault, Layout, LayoutError, Links, NewMigration, Ways};
use crate::migration::Version;

const RULES: Rules = Rules { parse, is_rival, direct: |script| script };

pub(super) const LAYOUT: Layout = Layout {
    word: "native",
    history: "native",
    read: |source, dialect| assemble::read(source, dialect, &RULES),
    create,
};

/// Parses `<digits>_<name>[.down][.<database>]`; the two suffixes in either order.
fn parse(stem: &str) -> Result<Option<Named>, Fault> {
    let (digits, rest) = stem.split_once('_').ok_or(Fault::NoVersion)?;
    let version = Version::from_digits(digits).ok_or(Fault::NoVersion)?;
    let Suffixes { name, down, database } = suffixes(rest)?;
    if name.is_empty() {
        return Err(Fault::NoVersion);
    }
    Ok(Some(Named { version, name: name.to_owned(), down, database }))
}

fn is_rival(one: &Named, other: &Named) -> bool {
    one.name != other.name
        || one.version.as_str() != other.version.as_str()
        || (one.down, one.database) == (other.down, other.database)
}

fn create(directory: &Path, new: &NewMigration<'_>) -> Result<Vec<PathBuf>, LayoutError> {
    let NewMigration { name, timestamp, ways } = *new;
    let slug = slug(name).ok_or_else(|| LayoutError::Name { name: name.to_owned() })?;
    let written =
        |path: &Path, error: &std::io::Error| LayoutError::Write { path: path.to_owned(), reason: error.to_string() };
    fs::create_dir_all(directory).map_err(|error| written(directory, &error))?;
    let names = assemble::list(Source::Disk { directory, links: Links::Anywhere }, &RULES, &mut Vec::new())?;
    let version = next_version(&names, timestamp);
    let stem = format!("{version}_{slug}");
    let mut files = vec![(directory.join(format!("{stem}.sql")), template::forward(&stem))];
    if ways == Ways::UpAndDown {
        files.push((directory.join(format!("{stem}.down.sql")), template::back(&stem)));
    }
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
