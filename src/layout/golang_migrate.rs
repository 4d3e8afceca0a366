//! The layout of golang-migrate: `<number>_<name>.up.sql` and `<number>_<name>.down.sql`, either of which may be missing.

use super::assemble;
use super::create::{self, Naming};
use super::rules::{Find, Named, Rules, Sides};
use super::signs::{ProjectFile, Signs};
use super::{Fault, Layout, hooks};
use crate::migration::{Version, VersionOrder};

const RULES: Rules = Rules {
    find: Find::FilesOfEitherDirection,
    order: VersionOrder::Numbers,
    parse,
    is_rival: |one, other| one.down == other.down,
    interpret: |_, script| Ok(Sides::whole(script)),
};

const NAMING: Naming = Naming::ending(|stem, ways| create::two_files(stem, ways, UP, [UP, DOWN]));
const UP: &str = ".up.sql";
const DOWN: &str = ".down.sql";

pub(super) const LAYOUT: Layout = Layout {
    word: "golang-migrate",
    history: "golang-migrate",
    signs: Signs {
        names: |name| matches!(parse(name), Ok(Some(_))),
        project: &[ProjectFile { name: "go.mod", word: "" }],
        ..Signs::NONE
    },
    read: |source, dialect| assemble::read(source, dialect, &RULES),
    hooks: hooks::read,
    create: |directory, new| create::create(directory, new, &RULES, &NAMING),
};

/// Parses `<digits>_<name>.<up or down>.<anything>`, where the last `.up.` or `.down.` counts. Other files are ignored, and so are numbers
/// above 64 bits; golang-migrate crashes on some of those that do not fit into its table.
fn parse(file: &str) -> Result<Option<Named>, Fault> {
    let Some((digits, rest)) = file.split_once('_').filter(|_| !file.contains('\n')) else { return Ok(None) };
    let Some(version) = Version::from_digits(digits).filter(|_| digits.parse::<u64>().is_ok()) else { return Ok(None) };
    let (up, down) = (rest.rfind(".up."), rest.rfind(".down."));
    let Some(end) = up.max(down) else { return Ok(None) };
    if digits.parse::<i64>().is_err() {
        return Err(Fault::VersionTooLong { limit: "a number of 64 bits with a sign" });
    }
    Ok(Some(Named { key: version.into(), name: rest[..end].to_owned(), down: down > up, database: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(file: &str) -> String {
        match parse(file) {
            Ok(Some(Named { key, name, down, .. })) => format!("{key} {name:?} {down}"),
            Ok(None) => "ignored".to_owned(),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn names_mean_what_they_mean_to_golang_migrate() {
        for (file, expected) in [
            ("0001_a.up.sql", r#"0001 "a" false"#),
            ("1_a.down.sql", r#"1 "a" true"#),
            ("2_b.up..sql", r#"2 "b" false"#),
            ("3_.up.txt", r#"3 "" false"#),
            ("4_x.up.", r#"4 "x" false"#),
            ("8_x.down.up.sql", r#"8 "x.down" false"#),
            ("8_x.up.down.sql", r#"8 "x.up" true"#),
            ("11_a b ü.up.sql.bak", r#"11 "a b ü" false"#),
            ("0_zero.up.sql", r#"0 "zero" false"#),
            ("9223372036854775807_x.up.sql", r#"9223372036854775807 "x" false"#),
        ] {
            assert_eq!(described(file), expected, "{file}");
        }
        for ignored in [
            "5_x.UP.sql",
            "6.up.sql",
            "7_x.up",
            " 1_x.up.sql",
            "-1_x.up.sql",
            "1_x.sql",
            "_x.up.sql",
            "x_1.up.sql",
            "18446744073709551616_x.up.sql",
            "README.md",
        ] {
            assert_eq!(described(ignored), "ignored", "{ignored}");
        }
        assert!(described("9223372036854775808_x.up.sql").starts_with("the version does not fit"));
    }
}
