//! The layout of refinery: `V<number>__<name>.sql` anywhere below the directory, and `U<number>__<name>.sql` for a migration that is
//! applied even if a later one is.

use std::path::Path;

use super::assemble;
use super::create::{self, Naming, NewFile};
use super::fault::{FileProblem, LayoutError};
use super::format::NewMigration;
use super::links::Links;
use super::rules::{Find, Named, Rules, Sides};
use super::signs::{self, ProjectFile, Signs};
use super::source::Source;
use super::{Fault, Layout, find, hooks, template};
use crate::migration::{Script, Version, VersionOrder};
use crate::sql::Directives;

const RULES: Rules = Rules {
    find: Find::Tree { hidden: true, linked: false },
    order: VersionOrder::Numbers,
    parse,
    is_rival: |_, _| true,
    interpret,
};

/// refinery has no down files, so none is created.
const NAMING: Naming = Naming {
    start: "V",
    separator: "__",
    files: |stem, _| vec![NewFile { end: ".sql", text: template::up(stem, ".down.sql") }],
};

pub(super) const LAYOUT: Layout = Layout {
    word: "refinery",
    history: "refinery",
    signs: Signs {
        names: |name| signs::is_lettered(name) && !name.starts_with(['R', 'B']),
        project: &[
            ProjectFile { name: "refinery.toml", word: "" },
            ProjectFile { name: "Cargo.toml", word: "refinery" },
        ],
        ..Signs::NONE
    },
    read: |source, dialect| assemble::read(source, dialect, &RULES),
    hooks: hooks::read,
    create: |directory, new| {
        let next = next_number(directory)?;
        let timestamp = next.as_deref().unwrap_or(new.timestamp);
        create::create(directory, &NewMigration { timestamp, ..*new }, &RULES, &NAMING)
    },
};

/// Parses `V<number>__<name>.sql`. Other names are ignored, and a version that is not an integer is refused, as in refinery.
fn parse(file: &str) -> Result<Option<Named>, Fault> {
    let stem = file.strip_suffix(".sql").and_then(|stem| stem.strip_prefix(['V', 'U']));
    let Some((number, name)) = stem.and_then(|stem| stem.split_once("__")) else { return Ok(None) };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let has_number = number.split('.').count() <= 2 && number.split('.').all(is_number);
    if !has_number || name.is_empty() || !name.chars().all(is_of_word) {
        return Ok(None);
    }
    let version = Version::from_digits(number).filter(|_| number.parse::<i64>().is_ok());
    let version = version.ok_or(Fault::VersionTooLong { limit: "an integer" })?;
    Ok(Some(Named { key: version.into(), name: name.to_owned(), down: false, database: None }))
}

/// Whether a character may be in a name: a letter, a digit, a mark that combines with one, or a connector such as `_`.
fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '\u{300}'..='\u{36f}' | '\u{203f}' | '\u{2040}')
}

fn interpret(_: Source<'_>, script: Script) -> Result<Sides, Vec<FileProblem>> {
    let name = script.path().file_name().map(|name| name.to_string_lossy());
    let out_of_order = name.is_some_and(|name| name.starts_with('U'));
    Ok(Sides::whole(match out_of_order {
        true => script.directed(Directives { out_of_order, ..Directives::default() }),
        false => script,
    }))
}

/// The number after the highest one, while it has 32 bits: no more fit into the table that refinery makes by default. `None` where there
/// are larger ones.
fn next_number(directory: &Path) -> Result<Option<String>, LayoutError> {
    let names = match directory.exists() {
        true => find::list(Source::Disk { directory, links: Links::Anywhere }, &RULES, &mut Vec::new())?,
        false => Vec::new(),
    };
    let highest = names.iter().filter_map(|name| name.named.key.version()).max();
    let highest = highest.map_or(Ok(0), |version| version.as_str().parse::<i32>());
    Ok(highest.ok().and_then(|highest| highest.checked_add(1)).map(|next| next.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(file: &str) -> String {
        match parse(file) {
            Ok(Some(Named { key, name, .. })) => format!("{key} {name}"),
            Ok(None) => "ignored".to_owned(),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn names_mean_what_they_mean_to_refinery() {
        for (file, expected) in [
            ("V1__init.sql", "1 init"),
            ("U7__late.sql", "7 late"),
            ("V0012__größe.sql", "0012 größe"),
            ("V17___lead.sql", "17 _lead"),
            ("V2__a__b.sql", "2 a__b"),
            ("V20240102030405__x.sql", "20240102030405 x"),
        ] {
            assert_eq!(described(file), expected, "{file}");
        }
        for ignored in [
            "V1__a b.sql",
            "V1__a-b.sql",
            "V1__a.b.sql",
            "V1__a.SQL",
            "v1__a.sql",
            "R__a.sql",
            "V1_a.sql",
            "V__a.sql",
            "V1.2.3__a.sql",
            "V1__.sql",
            "V1__a.rs",
        ] {
            assert_eq!(described(ignored), "ignored", "{ignored}");
        }
        for refused in ["V1.2__a.sql", "V9223372036854775808__a.sql"] {
            assert!(described(refused).ends_with("an integer"), "{refused}: {}", described(refused));
        }
    }
}
