//! The layout of goose 3: `<number>_<name>.sql`, with an up and a down section in one file, which annotations divide. A migration in Go is
//! one that cannot be run here.

mod division;

use std::path::Path;

use self::division::{Division, Refusal, divide};
use super::assemble;
use super::create::{self, Naming, NewFile};
use super::fault::FileProblem;
use super::format::Ways;
use super::rules::{Find, Named, Rules, Sides};
use super::signs::{Signs, Text};
use super::source::Source;
use super::{Fault, Layout, hooks};
use crate::history::Direction;
use crate::migration::{Script, Version, VersionOrder};
use crate::sql::Directives;

const RULES: Rules = Rules { find: Find::Files, order: VersionOrder::Numbers, parse, is_rival: |_, _| true, interpret };

const NAMING: Naming = Naming::ending(|stem, ways| vec![NewFile { end: ".sql", text: template(stem, ways) }]);

pub(super) const LAYOUT: Layout = Layout {
    word: "goose",
    history: "goose",
    signs: Signs { text: Some(Text::InAll("-- +goose Up")), ..Signs::NONE },
    read: |source, dialect| assemble::read(source, dialect, &RULES),
    hooks: hooks::read,
    create: |directory, new| create::create(directory, new, &RULES, &NAMING),
};

/// Parses `<number>_<name>.sql`, as goose does: the first `_` ends the number, which is at least 1. goose refuses any other `.sql` file, and
/// ignores any other `.go` file.
fn parse(file: &str) -> Result<Option<Named>, Fault> {
    let (stem, in_go) = match (file.strip_suffix(".sql"), file.strip_suffix(".go")) {
        (Some(stem), _) => (stem, false),
        (None, Some(stem)) if !file.ends_with("_test.go") => (stem, true),
        _ => return Ok(None),
    };
    let (number, name) = stem.split_once('_').unwrap_or_default();
    let fault = match number.parse::<i64>() {
        Ok(1..) => {
            let key = Version::new(number.trim_start_matches('+'), VersionOrder::Numbers).into();
            return Ok(Some(Named { key, name: name.to_owned(), down: false, database: None }));
        }
        Ok(0) => Fault::VersionZero,
        _ => Fault::NoVersion,
    };
    if in_go { Ok(None) } else { Err(fault) }
}

/// Divides a file. What goose would refuse, or do otherwise than it is written, is refused when it is to run: goose parses no file before.
fn interpret(source: Source<'_>, script: Script) -> Result<Sides, Vec<FileProblem>> {
    if script.path().extension() == Path::new("_.go").extension() {
        return Ok(Sides::whole(Script::code(script.path(), script.dialect()).inside(source.directory())));
    }
    if script.has_byte_order_mark() {
        let reason = "goose does not accept a byte order mark before the first annotation";
        return Ok(refused(script, Refusal::annotation(0, reason)));
    }
    let Division { up, down, no_transaction, refusals } = match divide(script.text()) {
        Ok(division) => division,
        Err(refusal) => return Ok(refused(script, refusal)),
    };
    let script = script.directed(Directives { no_transaction, ..Directives::default() });
    let section = |part, direction| {
        let section = script.section(part);
        match refusals.iter().find(|refusal| refusal.direction == direction) {
            Some(found) => section.refused(found.refusal.byte, found.refusal.problem.clone()),
            None => section,
        }
    };
    let up = section(up, Direction::Up);
    Ok(Sides { up, down: down.map(|down| section(down, Direction::Down)) })
}

fn refused(script: Script, refusal: Refusal) -> Sides {
    Sides::whole(script.refused(refusal.byte, refusal.problem))
}

/// A new file. No comment in it may mention an annotation as goose writes it: goose would read it as one.
fn template(stem: &str, ways: Ways) -> String {
    let up = format!(
        "-- +goose Up
-- {stem}: write the statements below, each with a semicolon at the end of its last line.
-- A statement with other semicolons in it, such as a function, is written between the annotations StatementBegin and StatementEnd.
-- The annotation NO TRANSACTION runs each statement of the file outside of a transaction.

"
    );
    let down = "-- +goose Down
-- Write the statements that revert it below. migrascope down and goose down run them; data that they drop is lost.

";
    match ways {
        Ways::Up => up,
        Ways::UpAndDown => format!("{up}{down}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(file: &str) -> String {
        match parse(file) {
            Ok(Some(Named { key, name, .. })) => format!("{key} {name:?}"),
            Ok(None) => "ignored".to_owned(),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn names_mean_what_they_mean_to_goose() {
        for (file, expected) in [
            ("1_a.sql", r#"1 "a""#),
            ("00007_add_users.sql", r#"00007 "add_users""#),
            ("+5_a.sql", r#"5 "a""#),
            ("20240102030405_.sql", r#"20240102030405 """#),
            ("3_code.go", r#"3 "code""#),
            ("3_code_test.go", "ignored"),
            ("main.go", "ignored"),
            ("0_a.go", "ignored"),
            ("1_a.SQL", "ignored"),
            ("1_a.sql.bak", "ignored"),
            ("README.md", "ignored"),
        ] {
            assert_eq!(described(file), expected, "{file}");
        }
        for refused in [
            "seed.sql",
            "1.sql",
            "1-a.sql",
            "V1_a.sql",
            "-3_a.sql",
            "1.5_a.sql",
            "9223372036854775808_a.sql",
            ".#1_a.sql",
        ] {
            assert_eq!(parse(refused).map(|_| ()), Err(Fault::NoVersion), "{refused}");
        }
        assert_eq!(parse("000_a.sql").map(|_| ()), Err(Fault::VersionZero));
    }
}
