//! The layout of Drizzle. Up to version 0.45, `meta/_journal.json` lists the migrations, each with its time and the name of its file; other
//! files are ignored. From version 1.0, there is no journal, and each migration is a folder with `migration.sql` in it. A `down.sql` in that
//! folder, which Drizzle never runs, reverts the migration.

use std::path::PathBuf;

use serde::Deserialize;

use super::assemble;
use super::fault::{FileProblem, LayoutError};
use super::find::allowed;
use super::format::needs_tools;
use super::rules::{FileName, Find, Named, Rules, Sides};
use super::signs::Signs;
use super::source::Source;
use super::{Fault, Layout, hooks};
use crate::migration::{Dialect, Script, Version, VersionOrder};
use crate::script::{BREAKPOINT, Problem};
use crate::sql::PerDialect;

/// The files that a journal lists.
const LISTED: Rules = Rules {
    find: Find::Listed(listed),
    order: VersionOrder::Numbers,
    parse: |_| Ok(None),
    is_rival: |_, _| true,
    interpret,
};

/// The folders of version 1.0.
const FOLDERS: Rules = Rules {
    find: Find::Listed(folders),
    order: VersionOrder::Collation,
    is_rival: |one, other| one.down == other.down,
    ..LISTED
};

const JOURNAL: &str = "meta/_journal.json";
/// What drizzle-kit compares the next schema with.
pub(super) const SNAPSHOT: &str = "snapshot.json";
const UP: &str = "migration.sql";
const DOWN: &str = "down.sql";
/// The digits with which the name of a folder begins.
const TIMESTAMP: usize = "20260131120000".len();

/// Words in a journal for a database, besides its usual ones.
const OTHER_WORD: PerDialect<Option<&str>> = PerDialect { postgres: None, mysql: None, sqlite: Some("turso") };

pub(super) const LAYOUT: Layout = Layout {
    word: "drizzle",
    history: "drizzle",
    signs: Signs { places: &["drizzle"], files: &[JOURNAL], in_folders: Some(SNAPSHOT), ..Signs::NONE },
    read: |source, dialect| {
        needs_tools("drizzle")?;
        match source.has(&source.directory().join(JOURNAL)) {
            true => {
                is_for(&read_journal(source)?, dialect).map_err(|fault| of_journal(source, fault))?;
                assemble::read(source, dialect, &LISTED)
            }
            false => assemble::read(source, dialect, &FOLDERS),
        }
    },
    hooks: hooks::read,
    create: |_, _| {
        Err(LayoutError::OfTool {
            layout: "drizzle",
            command: "drizzle-kit generate, with --custom for SQL of your own",
        })
    },
};

/// What a journal says.
#[derive(Deserialize)]
struct Journal {
    dialect: Option<String>,
    entries: Vec<Listing>,
}

/// A migration in a journal.
#[derive(Deserialize)]
struct Listing {
    /// When it was generated, in milliseconds since 1970.
    when: u64,
    /// The name of its file without the extension.
    tag: String,
}

fn of_journal(source: Source<'_>, fault: Fault) -> LayoutError {
    LayoutError::Files(vec![FileProblem::of_file(&source.directory().join(JOURNAL), fault)])
}

fn read_journal(source: Source<'_>) -> Result<Journal, LayoutError> {
    let path = source.directory().join(JOURNAL);
    let read = || {
        allowed(source.outside(&path))?;
        let bytes = source.read(&path).map_err(Fault::Unreadable)?;
        parsed(&bytes).map_err(Fault::List)
    };
    read().map_err(|fault| of_journal(source, fault))
}

#[cfg(feature = "tools")]
fn parsed(journal: &[u8]) -> Result<Journal, String> {
    serde_json::from_slice(journal).map_err(|error| error.to_string())
}

#[cfg(not(feature = "tools"))]
fn parsed(_journal: &[u8]) -> Result<Journal, String> {
    Err("it cannot be read without the feature tools".to_owned())
}

/// Checks that a journal is for a database of this dialect.
fn is_for(journal: &Journal, dialect: Dialect) -> Result<(), Fault> {
    match &journal.dialect {
        Some(word) if !dialect.words().contains(&word.as_str()) && *OTHER_WORD.of(dialect) != Some(word) => {
            Err(Fault::Provider { provider: word.clone() })
        }
        _ => Ok(()),
    }
}

/// The files that the journal lists, in its order. The key of a migration is its time, by which Drizzle determines what is pending.
///
/// A time that is not after the one before is a fault: Drizzle applies the journal in its own order to a new database, and passes over such a
/// migration where the one before it is applied.
fn listed(source: Source<'_>, problems: &mut Vec<FileProblem>) -> Result<Vec<FileName>, LayoutError> {
    let journal = read_journal(source)?;
    let mut files = Vec::new();
    let mut last: Option<&Listing> = None;
    for listing in &journal.entries {
        let file = PathBuf::from(format!("{}.sql", listing.tag));
        let path = source.directory().join(&file);
        let late = last.filter(|last| listing.when <= last.when);
        last = if late.is_some() { last } else { Some(listing) };
        let checked = match late {
            Some(last) => {
                Err(Fault::ListedLate { tag: listing.tag.clone(), when: listing.when, before: last.tag.clone() })
            }
            None if i64::try_from(listing.when).is_err() => {
                Err(Fault::VersionTooLong { limit: "a number of 64 bits with a sign" })
            }
            None if file.file_name() != Some(file.as_os_str()) => {
                Err(Fault::List(format!("the tag {:?} is not the name of a file", listing.tag)))
            }
            None if !source.has(&path) => Err(Fault::ListedOnly { list: JOURNAL }),
            None => allowed(source.outside(&path)),
        };
        match checked {
            Ok(()) => {
                let key = Version::new(&listing.when.to_string(), VersionOrder::Numbers).into();
                let named = Named { key, name: listing.tag.clone(), down: false, database: None };
                files.push(FileName { path, named });
            }
            Err(fault) => problems.push(FileProblem::of_file(&path, fault)),
        }
    }
    Ok(files)
}

/// The files of the folders that have a `migration.sql`. The key of a migration is the name of its folder, in the order of JavaScript.
fn folders(source: Source<'_>, problems: &mut Vec<FileProblem>) -> Result<Vec<FileName>, LayoutError> {
    let mut files = Vec::new();
    for folder in source.list()?.into_iter().filter(|entry| entry.folder) {
        let (up, down) = (folder.path.join(UP), folder.path.join(DOWN));
        if !source.has(&up) {
            continue;
        }
        let named = allowed(folder.outside.clone()).and_then(|()| named(&folder.file_name.to_string_lossy()));
        let both = [Some((up, false)), source.has(&down).then_some((down, true))];
        for (path, down) in both.into_iter().flatten() {
            let checked = allowed(source.outside(&path)).and_then(|()| named.clone());
            match checked {
                Ok(named) => files.push(FileName { path, named: Named { down, ..named } }),
                Err(fault) => problems.push(FileProblem::of_file(&path, fault)),
            }
        }
    }
    Ok(files)
}

/// What the name of a folder says.
///
/// # Errors
/// A name that does not begin with the digits of a time, which Drizzle could not record.
fn named(folder: &str) -> Result<Named, Fault> {
    let digits = folder.get(..TIMESTAMP).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let Some(digits) = digits else {
        return Err(Fault::Version("is not the 14 digits of a time, with which the name of a folder must begin"));
    };
    let rest = folder.strip_prefix(digits).unwrap_or_default();
    let name = rest.strip_prefix('_').unwrap_or(rest).to_owned();
    Ok(Named { key: Version::new(folder, VersionOrder::Collation).into(), name, down: false, database: None })
}

/// Refuses SQL after a breakpoint in the same line. Drizzle, which knows no comments, runs it.
fn interpret(_: Source<'_>, script: Script) -> Result<Sides, Vec<FileProblem>> {
    let text = script.text();
    let after = |start: usize| text[start..].split(['\n', '\r']).next().unwrap_or_default().trim();
    let is_sql = |end: &usize| !after(*end).is_empty() && !after(*end).starts_with("--");
    let found = text.match_indices(BREAKPOINT).map(|(start, _)| start + BREAKPOINT.len()).find(is_sql);
    Ok(Sides::whole(match found {
        Some(end) => {
            script.refused(end, Problem::Annotation { reason: "begin a new line after --> statement-breakpoint" })
        }
        None => script,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_begins_with_its_time() {
        for (folder, expected) in [
            ("20260131120000_add_users", Some("add_users")),
            ("20260131120000_", Some("")),
            ("20260131120000", Some("")),
            ("20260131120000-x", Some("-x")),
            ("2026013112000_x", None),
            ("2026013112000x_x", None),
            ("2026013112000é", None),
            ("init", None),
        ] {
            assert_eq!(named(folder).ok().map(|named| named.name).as_deref(), expected, "{folder}");
        }
    }
}
