//! The layout of Supabase's command line, for PostgreSQL: `<digits>_<name>.sql`. The digits are a text: `01` is not `1`.

use super::assemble;
use super::create::{self, Naming};
use super::fault::{FileProblem, LayoutError};
use super::find::allowed;
use super::format::Ways;
use super::rules::{FileName, Find, Named, Rules, Sides};
use super::signs::Signs;
use super::source::Source;
use super::{Fault, Layout, hooks};
use crate::migration::{Dialect, MigrationSet, Script, Version, VersionOrder};
use crate::sql::{Directives, PerDialect};

const RULES: Rules = Rules {
    find: Find::Listed(listed),
    order: VersionOrder::Bytes,
    parse,
    is_rival: |_, _| true,
    interpret: |_, script| Ok(Sides::whole(directed(script))),
};

const NAMING: Naming = Naming::ending(|stem, _| create::one_file(stem, ".sql"));

/// The settings of a project, from its directory of migrations.
const CONFIG: &str = "../../supabase/config.toml";

/// Whether there is Supabase for a database.
const IS_SUPPORTED: PerDialect<bool> = PerDialect { postgres: true, mysql: false, sqlite: false };

/// The end of the name of a file that early versions made of an existing database.
const DUMP: &str = "_init.sql";
/// The version from which on a first file with that end is a migration.
const FIRST_VERSION: &str = "20211209000000";

/// The first line of a file whose statements run alone.
const NO_TRANSACTION: &str = "-- pg-delta: transaction=false";

pub(super) const LAYOUT: Layout = Layout {
    word: "supabase",
    history: "supabase",
    signs: Signs { places: &["supabase/migrations"], files: &[CONFIG], ..Signs::NONE },
    read,
    hooks: hooks::read,
    create: |directory, new| match new.ways {
        Ways::Up => create::create(directory, new, &RULES, &NAMING),
        Ways::UpAndDown => Err(LayoutError::NoDownFiles { layout: "supabase" }),
    },
};

fn read(source: Source<'_>, dialect: Dialect) -> Result<MigrationSet, LayoutError> {
    if !IS_SUPPORTED.of(dialect) {
        let fault = Fault::Provider { provider: "Supabase, which has only PostgreSQL".to_owned() };
        return Err(LayoutError::Files(vec![FileProblem::of_file(source.directory(), fault)]));
    }
    assemble::read(source, dialect, &RULES).and_then(assemble::ordered_by_name)
}

/// Parses `<digits>_<name>.sql`. Any other file is ignored.
fn parse(file: &str) -> Result<Option<Named>, Fault> {
    let stem = file.strip_suffix(".sql").filter(|stem| !stem.contains('\n'));
    let Some((version, name)) = stem.and_then(|stem| stem.split_once('_')) else { return Ok(None) };
    if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let key = Version::new(version, VersionOrder::Bytes).into();
    Ok(Some(Named { key, name: name.to_owned(), down: false, database: None }))
}

/// The migrations among the entries of the directory, without a dump that is its first entry.
fn listed(source: Source<'_>, problems: &mut Vec<FileProblem>) -> Result<Vec<FileName>, LayoutError> {
    let mut files = Vec::new();
    for (at, entry) in source.list()?.into_iter().enumerate() {
        let name = entry.file_name.to_string_lossy();
        let Ok(Some(named)) = parse(&name) else { continue };
        if at == 0 && is_dump(&name) {
            continue;
        }
        let checked = match entry.folder {
            true => Err(Fault::NoFile),
            false if entry.file_name.to_str().is_none() => {
                Err(Fault::NameNotUtf8(super::entry::escaped(&entry.file_name)))
            }
            false => allowed(entry.outside),
        };
        match checked {
            Ok(()) => files.push(FileName { path: entry.path, named }),
            Err(fault) => problems.push(FileProblem::of_file(&entry.path, fault)),
        }
    }
    Ok(files)
}

fn is_dump(file: &str) -> bool {
    file.strip_suffix(DUMP).is_some_and(|digits| digits.len() == FIRST_VERSION.len() && digits < FIRST_VERSION)
}

fn directed(script: Script) -> Script {
    match script.text().lines().next() == Some(NO_TRANSACTION) {
        true => script.directed(Directives { no_transaction: true, ..Directives::default() }),
        false => script,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_what_they_mean_to_supabase() {
        for (file, expected) in [
            ("20240101000000_a.sql", Some("20240101000000 a")),
            ("01_add_it.sql", Some("01 add_it")),
            ("1_.sql", Some("1 ")),
            ("1_a.up.sql", Some("1 a.up")),
            ("1.sql", None),
            ("1_a.SQL", None),
            ("x1_a.sql", None),
            ("_a.sql", None),
            ("1-a.sql", None),
            ("1_a.sql.bak", None),
        ] {
            let named = parse(file).expect("no fault");
            assert_eq!(named.map(|named| format!("{} {}", named.key, named.name)).as_deref(), expected, "{file}");
        }
    }

    #[test]
    fn a_dump_is_one_from_before_migrations() {
        assert!(is_dump("20211208000000_init.sql"));
        assert!(!is_dump("20211209000000_init.sql"));
        assert!(!is_dump("1_init.sql"));
        assert!(!is_dump("20211208000000_other.sql"));
    }
}
