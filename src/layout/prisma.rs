//! The layout of Prisma Migrate up to version 7: a folder for each migration, with `migration.sql` in it. A `down.sql` beside it, which
//! Prisma's documentation suggests and Prisma never runs, reverts the migration.

use super::assemble;
use super::create::{self, Naming};
use super::drizzle;
use super::fault::{FileProblem, LayoutError};
use super::format::needs_tools;
use super::hooks;
use super::rules::{Find, FolderFiles, Named, Rules, Sides};
use super::signs::Signs;
use super::source::Source;
use super::{Fault, Layout};
use crate::migration::{Dialect, Version, VersionOrder};

const RULES: Rules = Rules {
    find: Find::Folders(FolderFiles { up: "migration.sql", down: "down.sql", needs_up: false }),
    order: VersionOrder::Collation,
    parse,
    is_rival: |one, other| one.down == other.down,
    interpret: |_, script| Ok(Sides::whole(script)),
};

const NAMING: Naming =
    Naming::ending(|stem, ways| create::two_files(stem, ways, "/migration.sql", ["/migration.sql", "/down.sql"]));

/// The file that names the database.
const LOCK_FILE: &str = "migration_lock.toml";
/// The digits with which Prisma's own names begin.
const TIMESTAMP: usize = "20260131120000".len();

pub(super) const LAYOUT: Layout = Layout {
    word: "prisma",
    history: "prisma",
    signs: Signs {
        places: &["prisma/migrations"],
        files: &[LOCK_FILE],
        in_folders: Some("migration.sql"),
        never: |name| name == drizzle::SNAPSHOT,
        ..Signs::NONE
    },
    read: |source, dialect| {
        needs_tools("prisma")?;
        provider(source, dialect)?;
        assemble::read(source, dialect, &RULES)
    },
    hooks: hooks::read,
    create: |directory, new| create::create(directory, new, &RULES, &NAMING),
};

/// Every folder is a migration, and its name is the key. Without the digits that Prisma puts in front, it is the migration's name.
fn parse(folder: &str) -> Result<Option<Named>, Fault> {
    let name = folder.split_once('_').filter(|(digits, _)| is_timestamp(digits)).map_or(folder, |(_, name)| name);
    let key = Version::new(folder, VersionOrder::Collation).into();
    Ok(Some(Named { key, name: name.to_owned(), down: false, database: None }))
}

fn is_timestamp(digits: &str) -> bool {
    digits.len() == TIMESTAMP && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Obeys `migration_lock.toml`, of which Prisma reads the first line that begins with `provider`.
fn provider(source: Source<'_>, dialect: Dialect) -> Result<(), LayoutError> {
    let path = source.directory().join(LOCK_FILE);
    let faulty = |fault| Err(LayoutError::Files(vec![FileProblem::of_file(&path, fault)]));
    if !source.has(&path) {
        return Ok(());
    }
    let bytes = match source.read(&path) {
        Ok(bytes) => bytes,
        Err(reason) => return faulty(Fault::Unreadable(reason)),
    };
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix("provider"));
    let word = line.and_then(|rest| rest.split(['"', '\'']).nth(1)).unwrap_or_default();
    match dialect.words().contains(&word) {
        true => Ok(()),
        false => faulty(Fault::Provider {
            provider: if word.is_empty() { "no database".to_owned() } else { word.to_owned() },
        }),
    }
}
