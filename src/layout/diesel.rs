//! The layout of diesel: a folder for each migration, with `up.sql`, a `down.sql` and a `metadata.toml` in it.

use serde::Deserialize;

use super::assemble;
use super::create::{self, Naming};
use super::fault::FileProblem;
use super::format::needs_tools;
use super::rules::{Find, FolderFiles, Named, Rules, Sides};
use super::signs::Signs;
use super::source::Source;
use super::{Fault, Layout, hooks};
use crate::migration::{Script, Version, VersionOrder};
use crate::sql::Directives;

const UP: &str = "up.sql";
const METADATA: &str = "metadata.toml";
/// The characters of a version that the history table holds.
const LONGEST: usize = 50;

const RULES: Rules = Rules {
    find: Find::Folders(FolderFiles { up: UP, down: "down.sql", needs_up: true }),
    order: VersionOrder::Bytes,
    parse,
    is_rival: |one, other| one.down == other.down,
    interpret,
};

const NAMING: Naming = Naming::ending(|stem, ways| create::two_files(stem, ways, "/up.sql", ["/up.sql", "/down.sql"]));

pub(super) const LAYOUT: Layout = Layout {
    word: "diesel",
    history: "diesel",
    signs: Signs { in_folders: Some("up.sql"), ..Signs::NONE },
    read: |source, dialect| {
        needs_tools("diesel")?;
        assemble::read(source, dialect, &RULES)
    },
    hooks: hooks::read,
    create: |directory, new| create::create(directory, new, &RULES, &NAMING),
};

/// Parses `<version>_<name>`: the first `_` ends the version, in which dashes do not count. A version need not be a number. Folders whose
/// name begins with a dot are ignored.
fn parse(folder: &str) -> Result<Option<Named>, Fault> {
    if folder.starts_with('.') {
        return Ok(None);
    }
    let (version, name) = folder.split_once('_').unwrap_or((folder, folder));
    let version = version.replace('-', "");
    match version.chars().count() {
        0 => Err(Fault::NoVersion),
        1..=LONGEST => {
            let key = Version::new(&version, VersionOrder::Bytes).into();
            Ok(Some(Named { key, name: name.to_owned(), down: false, database: None }))
        }
        _ => Err(Fault::VersionTooLong { limit: "50 characters" }),
    }
}

/// Refuses an empty up file, as diesel does when it is to run, and reads the folder's `metadata.toml`.
fn interpret(source: Source<'_>, script: Script) -> Result<Sides, Vec<FileProblem>> {
    let is_up = script.path().file_name().is_some_and(|name| name == UP);
    if is_up && script.bytes().all(<[u8]>::is_empty) {
        return Err(vec![FileProblem::of_file(script.path(), Fault::Empty)]);
    }
    Ok(Sides::whole(match in_transaction(source, &script) {
        true => script,
        false => script.directed(Directives { no_transaction: true, ..Directives::default() }),
    }))
}

/// What a `metadata.toml` says.
#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    run_in_transaction: bool,
}

/// Whether a migration runs in a transaction. As in diesel, it does not where the file is there and does not say so, and it does where the
/// file cannot be parsed.
fn in_transaction(source: Source<'_>, script: &Script) -> bool {
    let path = script.path().with_file_name(METADATA);
    let text = source.has(&path).then(|| source.read(&path).ok()).flatten();
    let metadata = text.and_then(|bytes| parsed(str::from_utf8(&bytes).ok()?));
    metadata.is_none_or(|Metadata { run_in_transaction }| run_in_transaction)
}

#[cfg(feature = "tools")]
fn parsed(metadata: &str) -> Option<Metadata> {
    toml::from_str(metadata).ok()
}

#[cfg(not(feature = "tools"))]
fn parsed(_metadata: &str) -> Option<Metadata> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(folder: &str) -> String {
        match parse(folder) {
            Ok(Some(Named { key, name, .. })) => format!("{key} {name:?}"),
            Ok(None) => "ignored".to_owned(),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn names_mean_what_they_mean_to_diesel() {
        for (folder, expected) in [
            ("2024-01-02-030405_add_users", r#"20240102030405 "add_users""#),
            ("2026-11-29-205345-000a_name", r#"20261129205345000a "name""#),
            ("00000000000000_diesel_initial_setup", r#"00000000000000 "diesel_initial_setup""#),
            ("foo-bar_baz", r#"foobar "baz""#),
            ("2024-01-02", r#"20240102 "2024-01-02""#),
            ("1_", r#"1 """#),
            (".hidden_x", "ignored"),
        ] {
            assert_eq!(described(folder), expected, "{folder}");
        }
        assert_eq!(parse("_lead").map(|_| ()), Err(Fault::NoVersion));
        assert_eq!(parse("---_x").map(|_| ()), Err(Fault::NoVersion));
        let longest = "1".repeat(LONGEST);
        assert_eq!(described(&longest), format!("{longest} {longest:?}"));
        assert!(described(&format!("{longest}1_x")).contains("50 characters"));
    }
}
