//! The layout of Flyway: `V<version>__<description>.sql`, and `R__<description>.sql` for what is applied again when it has changed, in
//! the directory and the folders below. `U` files, which only paid editions run, and all other files are ignored, as Flyway does.

use std::path::{Path, PathBuf};

use super::create::{self, Naming};
use super::fault::{FileProblem, LayoutError};
use super::find::files;
use super::format::Ways;
use super::hooks::{self, HookScripts};
use super::rules::{Find, Named, Rules, Sides};
use super::signs::{self, ProjectFile, Signs};
use super::source::{Listed, Source};
use super::stem::sql_stem;
use super::{Fault, Layout, assemble};
use crate::migration::{Dialect, Directives, Key, MigrationSet, Script, SplitScript, Version, VersionOrder};
use crate::script::Problem;

const RULES: Rules = Rules {
    find: Find::Tree { hidden: false, linked: true },
    order: VersionOrder::Numbers,
    parse,
    is_rival: |_, _| true,
    interpret: |source, script| Ok(Sides::whole(set(source, script).map_err(|problem| vec![problem])?)),
};

const NAMING: Naming = Naming { start: "V", separator: "__", files: |stem, _| create::one_file(stem, ".sql") };

/// The callbacks that are hooks: they run around each migration.
const EACH: [&str; 2] = ["beforeEachMigrate", "afterEachMigrate"];
/// The other events of `flyway migrate`, for which there is no hook. Those of other commands do not happen here.
const REFUSED: [&str; 20] = [
    "beforeConnect",
    "afterConnect",
    "beforeCreateSchema",
    "createSchema",
    "beforeValidate",
    "afterValidate",
    "afterValidateError",
    "afterValidateOperationFinish",
    "beforeMigrate",
    "beforeEachMigrateStatement",
    "afterEachMigrateStatement",
    "afterEachMigrateStatementError",
    "afterEachMigrateError",
    "beforeRepeatables",
    "afterVersioned",
    "afterMigrateApplied",
    "afterMigrate",
    "afterMigrateError",
    "afterMigrateOperationFinish",
    "afterReportGenerated",
];

/// The longest version and description that the history table can hold.
const LONGEST_VERSION: usize = 50;
const LONGEST_DESCRIPTION: usize = 200;

pub(super) const LAYOUT: Layout = Layout {
    word: "flyway",
    history: "flyway",
    signs: Signs {
        places: &["src/main/resources/db/migration"],
        names: signs::is_lettered,
        common: true,
        project: &[
            ProjectFile { name: "flyway.toml", word: "" },
            ProjectFile { name: "flyway.conf", word: "" },
            ProjectFile { name: "pom.xml", word: "flyway" },
            ProjectFile { name: "build.gradle", word: "flyway" },
            ProjectFile { name: "build.gradle.kts", word: "flyway" },
        ],
        ..Signs::NONE
    },
    read,
    hooks: callbacks,
    create: |directory, new| match new.ways {
        Ways::Up => create::create(directory, new, &RULES, &NAMING),
        Ways::UpAndDown => Err(LayoutError::NoDownFiles { layout: "flyway" }),
    },
};

/// Reads the migrations. The newest baseline file that stands for versions which have no file of their own goes with them.
fn read(source: Source<'_>, dialect: Dialect) -> Result<MigrationSet, LayoutError> {
    let baseline = newest_baseline(source)?;
    let unusable = |Baseline { path, .. }: Baseline| Script::new(path, "", dialect).refused(0, Problem::Baseline);
    match assemble::read(source, dialect, &RULES) {
        Ok(set) => {
            let first = set.iter().find_map(|migration| migration.key.version());
            let stands_alone = |baseline: &Baseline| first.is_none_or(|first| *first > baseline.version);
            let baseline = baseline.filter(stands_alone).map(unusable);
            Ok(set.with_baseline(baseline))
        }
        Err(empty @ LayoutError::Empty { .. }) => {
            let problems = baseline.map(unusable).map(|script| FileProblem::of_script(&script));
            Err(problems.map_or(empty, LayoutError::Files))
        }
        Err(error) => Err(error),
    }
}

/// Parses `V<version>__<description>.sql` and `R__<description>.sql`. A file whose version Flyway cannot read is ignored, as it does by
/// default.
///
/// # Errors
/// A version that Flyway accepts and that cannot be ordered or recorded; a callback that no hook corresponds to.
fn parse(file: &str) -> Result<Option<Named>, Fault> {
    let Some(Parts { prefix, version, description }) = parts(file) else { return refused(file).map_or(Ok(None), Err) };
    let description = description.map(described);
    let (key, name) = match (prefix, description) {
        ('V', description) => match versioned(version)? {
            Some(version) => (version.into(), description.unwrap_or_default()),
            None => return Ok(None),
        },
        ('R', Some(description)) if version.is_empty() => (Key::Repeatable(description.clone()), description),
        _ => return Ok(None),
    };
    Ok(Some(Named { key, name, down: false, database: None }))
}

/// The parts of a file's name.
struct Parts<'n> {
    prefix: char,
    version: &'n str,
    /// What follows the first `__`.
    description: Option<&'n str>,
}

/// The parts of a name that begins like that of a migration.
fn parts(file: &str) -> Option<Parts<'_>> {
    let stem = sql_stem(file)?;
    let prefix = stem.chars().next().filter(|first| ['V', 'R', 'B'].contains(first))?;
    let (version, description) = match stem[1..].split_once("__") {
        Some((version, description)) => (version, Some(description)),
        None => (&stem[1..], None),
    };
    Some(Parts { prefix, version, description })
}

/// A description with spaces, shortened as Flyway shortens it for its history.
fn described(text: &str) -> String {
    let text = text.replace('_', " ");
    let units: Vec<u16> = text.encode_utf16().collect();
    match units.get(..LONGEST_DESCRIPTION - 3).filter(|_| units.len() > LONGEST_DESCRIPTION) {
        Some(kept) => String::from_utf16_lossy(kept) + "...",
        None => text,
    }
}

/// A version, with a dot for each `_`; `None` for a text in which Flyway sees no version.
fn versioned(text: &str) -> Result<Option<Version>, Fault> {
    let text = text.replace('_', ".");
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(&text);
    if ["current", "latest", "next"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Err(Fault::Version("is a word with which Flyway names another version"));
    }
    match unsigned.parse::<Version>() {
        Err(_) => Ok(None),
        Ok(_) if unsigned.len() < text.len() => Err(Fault::Version("has a sign")),
        Ok(_) if text.len() > LONGEST_VERSION => Err(Fault::Version("is longer than the history table can record")),
        Ok(version) => Ok(Some(version)),
    }
}

/// A file that Flyway applies to an empty database in the place of all versions up to its own.
struct Baseline {
    version: Version,
    path: PathBuf,
}

fn newest_baseline(source: Source<'_>) -> Result<Option<Baseline>, LayoutError> {
    let baselines = files(source, RULES.find)?.into_iter().filter_map(|entry| {
        let name = entry.file_name.to_str()?;
        let version = parts(name).filter(|parts| parts.prefix == 'B')?.version;
        Some(Baseline { version: versioned(version).ok()??, path: entry.path })
    });
    Ok(baselines.max_by(|one, other| one.version.cmp(&other.version)))
}

/// What the name of a callback says before its description.
fn event(file: &str) -> Option<&str> {
    let stem = sql_stem(file)?;
    Some(stem.split_once("__").map_or(stem, |(event, _)| event))
}

/// The fault of a callback that no hook corresponds to.
fn refused(file: &str) -> Option<Fault> {
    let event = event(file)?;
    REFUSED.into_iter().find(|refused| *refused == event).map(|event| Fault::Callback { event })
}

/// Reads our own hooks, and the callbacks around each migration.
///
/// # Errors
/// As for other hooks; also two files for one event, and a callback that changes settings of its session.
fn callbacks(source: Source<'_>, dialect: Dialect) -> Result<HookScripts, LayoutError> {
    let own = hooks::read(source, dialect)?;
    let entries = files(source, RULES.find)?;
    let mut problems = Vec::new();
    let [before_each, after_each] = [(own.before_each, EACH[0]), (own.after_each, EACH[1])].map(|(own, wanted)| {
        let called = entries.iter().filter(|entry| entry.file_name.to_str().and_then(event) == Some(wanted));
        called.fold(own, |hook, entry| {
            callback(source, dialect, entry, hook).unwrap_or_else(|found| {
                problems.extend(found);
                None
            })
        })
    });
    if problems.is_empty() { Ok(HookScripts { before_each, after_each }) } else { Err(LayoutError::Files(problems)) }
}

/// Reads a callback, where no other file is the same hook.
fn callback(
    source: Source<'_>,
    dialect: Dialect,
    entry: &Listed,
    other: Option<SplitScript>,
) -> Result<Option<SplitScript>, Vec<FileProblem>> {
    let faulty = |fault| Err(vec![FileProblem::of_file(&entry.path, fault)]);
    if let Some(target) = &entry.outside {
        return faulty(Fault::LinkOutside(target.clone()));
    }
    if let Some(other) = other {
        return faulty(Fault::SameName { other: other.path().to_owned() });
    }
    let mut problems = Vec::new();
    let script = hooks::load(source, &entry.path, dialect, &mut problems);
    match script.as_ref().is_some_and(|script| script.statements().iter().any(|statement| statement.changes_session)) {
        true => faulty(Fault::HookSession),
        false if problems.is_empty() => Ok(script),
        false => Err(problems),
    }
}

/// Obeys the settings in `<file>.conf`.
///
/// # Errors
/// Any setting but `executeInTransaction`.
fn set(source: Source<'_>, script: Script) -> Result<Script, FileProblem> {
    let mut name = script.path().as_os_str().to_owned();
    name.push(".conf");
    let path = Path::new(&name);
    if !source.has(path) {
        return Ok(script);
    }
    let problem = |fault| FileProblem::of_file(path, fault);
    let bytes = source.read(path).map_err(|reason| problem(Fault::Unreadable(reason)))?;
    let text = String::from_utf8_lossy(&bytes);
    let mut given = Directives::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        match (key.trim(), value.trim()) {
            ("executeInTransaction", "true") => {}
            ("executeInTransaction", "false") => given.no_transaction = true,
            (key, _) => return Err(problem(Fault::Setting { key: key.to_owned() })),
        }
    }
    Ok(script.directed(given))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described_name(stem: &str) -> String {
        match parse(&format!("{stem}.sql")) {
            Ok(Some(Named { key, name, .. })) => format!("{key} {name:?}"),
            Ok(None) => "ignored".to_owned(),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn names_mean_what_they_mean_to_flyway() {
        for (stem, expected) in [
            ("V1__init", r#"1 "init""#),
            ("V2_1__add_it", r#"2.1 "add it""#),
            ("V02_10__x", r#"02.10 "x""#),
            ("V1.0__x", r#"1.0 "x""#),
            ("V000__x", r#"000 "x""#),
            ("V20240101120000__x", r#"20240101120000 "x""#),
            ("V3__a__b_c", r#"3 "a  b c""#),
            ("V1_0_1___t", r#"1.0.1 " t""#),
            ("V4__", r#"4 """#),
            ("V10", r#"10 """#),
            ("V30__Zoë", r#"30 "Zoë""#),
            ("V6__x.sql", r#"6 "x.sql""#),
            ("R__user_names", r#"user names "user names""#),
            ("R__", r#" """#),
            ("V-1__x", "the version has a sign"),
            ("V+5.1__x", "the version has a sign"),
            ("Vlatest__x", "the version is a word with which Flyway names another version"),
        ] {
            assert_eq!(described_name(stem), expected, "{stem}");
        }
        for ignored in [
            "v8__x", "V9_x", "V12.__x", "V13.a__x", "V.1__x", "V1..2__x", "V__x", "VV1__x", "V17 __x", "V1_", "V",
            "Views", "U1__x", "B1__x", "Backup", "R", "R_x", "R1__x", "Rx__y", "r__x", "1__x", "",
        ] {
            assert_eq!(described_name(ignored), "ignored", "{ignored}");
        }
        let long = format!("V{}__x", "1".repeat(LONGEST_VERSION + 1));
        assert_eq!(described_name(&long), "the version is longer than the history table can record");
    }

    #[test]
    fn a_long_description_is_shortened_as_in_the_history() {
        let (fits, long) = ("ä".repeat(LONGEST_DESCRIPTION), "ä".repeat(LONGEST_DESCRIPTION + 1));
        assert_eq!(described(&fits), fits);
        assert_eq!(described(&long), format!("{}...", "ä".repeat(LONGEST_DESCRIPTION - 3)));
    }

    #[test]
    fn other_suffixes_are_ignored() {
        assert!(parse("V1__x.SQL").is_ok_and(|named| named.is_some()));
        for ignored in ["V1__x.sql.conf", "V1__x.java", "V1__X.kt", "V1__x.sql.bak", "V1__x.txt"] {
            assert!(parse(ignored).is_ok_and(|named| named.is_none()), "{ignored}");
        }
    }
}
