//! The layout of sqlx: `<number>_<description>.sql`, or a pair of `.up.sql` and `.down.sql`.

use super::assemble;
use super::create::{self, Naming};
use super::hooks;
use super::rules::{Find, Named, Rules, Sides};
use super::signs::{self, ProjectFile, Signs};
use super::{Fault, Layout};
use crate::migration::{Script, Version, VersionOrder};
use crate::sql::Directives;

const RULES: Rules = Rules {
    find: Find::Files,
    order: VersionOrder::Numbers,
    parse,
    is_rival,
    interpret: |_, script| Ok(Sides::whole(direct(script))),
};

const NAMING: Naming = Naming::ending(|stem, ways| create::two_files(stem, ways, ".sql", [".up.sql", ".down.sql"]));

/// A file that begins with these bytes runs outside of a transaction.
const NO_TRANSACTION: &[u8] = b"-- no-transaction";

pub(super) const LAYOUT: Layout = Layout {
    word: "sqlx",
    history: "sqlx",
    signs: Signs {
        names: signs::is_numbered,
        project: &[
            ProjectFile { name: "sqlx.toml", word: "" },
            ProjectFile { name: ".sqlx", word: "" },
            ProjectFile { name: "Cargo.toml", word: "sqlx" },
        ],
        ..Signs::NONE
    },
    read: |source, dialect| assemble::read(source, dialect, &RULES),
    hooks: hooks::read,
    create: |directory, new| create::create(directory, new, &RULES, &NAMING),
};

/// Parses `<number>_<description>[.up|.down].sql`, as sqlx 0.9 does: the first `_` ends the number, the suffix is removed as often as it is there,
/// and each `_` of the description is a space. sqlx ignores a file without `_`, and one that does not end in `.sql`. Negative numbers, which it accepts, are refused.
fn parse(file: &str) -> Result<Option<Named>, Fault> {
    let Some((number, rest)) = file.split_once('_').filter(|(_, rest)| rest.ends_with(".sql")) else { return Ok(None) };
    let number: i64 = number.parse().map_err(|_| Fault::NoVersion)?;
    let version = Version::from_digits(&number.to_string()).ok_or(Fault::NoVersion)?;
    let suffix = [".up.sql", ".down.sql"].into_iter().find(|suffix| rest.ends_with(suffix)).unwrap_or(".sql");
    let name = rest.trim_end_matches(suffix).replace('_', " ");
    Ok(Some(Named { key: version.into(), name, down: suffix == ".down.sql", database: None }))
}

fn is_rival(one: &Named, other: &Named) -> bool {
    one.down == other.down
}

fn direct(script: Script) -> Script {
    let no_transaction = script.bytes().next().is_some_and(|start| start.starts_with(NO_TRANSACTION));
    match no_transaction {
        true => script.directed(Directives { no_transaction: true, ..Directives::default() }),
        false => script,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::Dialect;

    fn described(stem: &str) -> String {
        match parse(&format!("{stem}.sql")) {
            Ok(Some(Named { key, name, down, .. })) => format!("{key} {name:?} {down}"),
            Ok(None) => "ignored".to_owned(),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn names_mean_what_they_mean_to_sqlx() {
        for (stem, expected) in [
            ("1_a", r#"1 "a" false"#),
            ("007_add_users", r#"7 "add users" false"#),
            ("+5_a", r#"5 "a" false"#),
            ("1_000_x", r#"1 "000 x" false"#),
            ("5_", r#"5 "" false"#),
            ("9_a.sql", r#"9 "a" false"#),
            ("10_a.up.up", r#"10 "a.up" false"#),
            ("10_a.down", r#"10 "a" true"#),
            ("2_a__b", r#"2 "a  b" false"#),
            ("12_up", r#"12 "up" false"#),
            ("seed", "ignored"),
        ] {
            assert_eq!(described(stem), expected, "{stem}");
        }
        for refused in ["_x", " 1_x", "1.5_x", "README_x", "9223372036854775808_x", "-3_x"] {
            assert_eq!(parse(&format!("{refused}.sql")).map(|_| ()), Err(Fault::NoVersion), "{refused}");
        }
    }

    #[test]
    fn a_file_runs_outside_of_a_transaction_if_its_first_bytes_say_so() {
        let no_transaction = |text: &str| {
            let script = direct(Script::new("1_a.sql", text, Dialect::ALL[0]));
            script.parsed().is_ok_and(|parsed| parsed.directives.no_transaction)
        };
        for (text, expected) in [
            ("-- no-transaction\nSELECT 1", true),
            ("-- no-transaction\r\nSELECT 1", true),
            ("-- no-transactions at all\nSELECT 1", true),
            ("--no-transaction\nSELECT 1", false),
            ("-- No-transaction\nSELECT 1", false),
            ("\n-- no-transaction\nSELECT 1", false),
            ("\u{feff}-- no-transaction\nSELECT 1", false),
            ("SELECT 1", false),
        ] {
            assert_eq!(no_transaction(text), expected, "{text:?}");
        }
    }
}
