//! The layout of dbmate 2: `<digits>….sql`, with an up and a down section in one file, which comments divide. The digits are a text: `007` is
//! not `7`.

use std::ops::Range;
use std::path::Path;

use super::assemble;
use super::create::{self, Naming, NewFile};
use super::fault::{FileProblem, LayoutError};
use super::rules::{Find, Named, Rules, Sides};
use super::signs::{Signs, Text};
use super::source::Source;
use super::{Fault, Layout, hooks};
use crate::migration::{Dialect, MigrationSet, Script, Version, VersionOrder};
use crate::script::Problem;
use crate::sql::Directives;

const RULES: Rules = Rules { find: Find::Files, order: VersionOrder::Bytes, parse, is_rival: |_, _| true, interpret };

const NAMING: Naming = Naming::ending(|stem, _| vec![NewFile { end: ".sql", text: template(stem) }]);

pub(super) const LAYOUT: Layout = Layout {
    word: "dbmate",
    history: "dbmate",
    signs: Signs { places: &["db/migrations"], text: Some(Text::InAll("migrate:up")), ..Signs::NONE },
    read: |source, dialect| read(source, dialect).and_then(assemble::ordered_by_name),
    hooks: hooks::read,
    create: |directory, new| create::create(folders(directory)[0], new, &RULES, &NAMING),
};

/// The option with which a section runs outside of a transaction.
const NO_TRANSACTION: (&str, &str) = ("transaction", "false");

/// Reads one folder, or several, whose names are separated by commas as in dbmate's settings.
fn read(source: Source<'_>, dialect: Dialect) -> Result<MigrationSet, LayoutError> {
    let (folders, Source::Disk { links, .. }) = (folders(source.directory()), source) else {
        return assemble::read(source, dialect, &RULES);
    };
    let (mut migrations, mut problems, mut empty) = (Vec::new(), Vec::new(), None);
    for folder in folders {
        match assemble::read(Source::Disk { directory: folder, links }, dialect, &RULES) {
            Ok(set) => migrations.extend(set.iter().cloned()),
            Err(LayoutError::Files(found)) => problems.extend(found),
            Err(found @ LayoutError::Empty { .. }) => empty = empty.or(Some(found)),
            Err(other) => return Err(other),
        }
    }
    match empty.filter(|_| migrations.is_empty()) {
        _ if !problems.is_empty() => Err(LayoutError::Files(problems)),
        Some(empty) => Err(empty),
        None => assemble::ordered(migrations, &RULES),
    }
}

/// The folders of a directory; the directory itself, if it exists.
fn folders(directory: &Path) -> Vec<&Path> {
    match directory.to_str().filter(|_| !directory.is_dir()) {
        Some(names) => names.split(',').map(Path::new).collect(),
        None => vec![directory],
    }
}

/// Parses `<digits>….sql`. dbmate ignores any other name.
fn parse(file: &str) -> Result<Option<Named>, Fault> {
    let Some(stem) = file.strip_suffix(".sql") else { return Ok(None) };
    let digits = stem.len() - stem.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits == 0 || stem.contains('\n') {
        return Ok(None);
    }
    let (version, name) = stem.split_at(digits);
    let key = Version::new(version, VersionOrder::Bytes).into();
    let name = name.trim_start_matches(['_', '-', '.', ' ']).to_owned();
    Ok(Some(Named { key, name, down: false, database: None }))
}

/// Divides a file. What dbmate would refuse is refused when it is to run: dbmate parses no file before.
fn interpret(_: Source<'_>, script: Script) -> Result<Sides, Vec<FileProblem>> {
    let problem = match script.has_byte_order_mark() {
        true => Err(Refusal { byte: 0, reason: "dbmate does not accept a byte order mark before the first section" }),
        false => divide(script.text()),
    };
    Ok(match problem {
        Ok(Division { up, down }) => {
            let directed = |side: &Side| {
                let no_transaction = side.no_transaction;
                script
                    .clone()
                    .directed(Directives { no_transaction, ..Directives::default() })
                    .section(side.part.clone())
            };
            Sides { up: directed(&up), down: Some(directed(&down)) }
        }
        Err(Refusal { byte, reason }) => Sides::whole(script.refused(byte, Problem::Annotation { reason })),
    })
}

/// The two sections of a file.
struct Division {
    up: Side,
    down: Side,
}

struct Side {
    /// With the comment that begins the section; the up section with the comments before it.
    part: Range<usize>,
    no_transaction: bool,
}

/// Why a file cannot be run, and at which byte.
struct Refusal {
    byte: usize,
    reason: &'static str,
}

/// A comment that begins a section.
struct Marker<'t> {
    start: usize,
    options: &'t str,
}

fn divide(text: &str) -> Result<Division, Refusal> {
    let refused = |byte, reason| Err(Refusal { byte, reason });
    let (ups, downs) = (markers(text, "up"), markers(text, "down"));
    let (up, down) = match (&ups[..], &downs[..]) {
        ([], _) => return refused(0, "the file has no section -- migrate:up"),
        ([_, second, ..], _) => {
            return refused(
                second.start,
                "dbmate would record a second up section as the same version again, and fail",
            );
        }
        (_, []) => {
            return refused(
                0,
                "the file has no section -- migrate:down, without which dbmate refuses it; it may be empty",
            );
        }
        (_, [_, second, ..]) => return refused(second.start, "dbmate accepts only one down section"),
        ([up], [down]) if down.start < up.start => {
            return refused(down.start, "dbmate does not accept the down section before the up section");
        }
        ([up], [down]) => (up, down),
    };
    let mut before = Lines { text: &text[..up.start], start: 0 };
    if let Some(line) = before.find(|line| !line.text.trim().is_empty() && !line.text.trim_start().starts_with("--")) {
        return refused(line.start, "only comments with -- may be before the up section");
    }
    Ok(Division {
        up: Side { part: 0..down.start, no_transaction: up.is_without_transaction() },
        down: Side { part: down.start..text.len(), no_transaction: down.is_without_transaction() },
    })
}

/// The comments that begin a section in this direction. dbmate knows no SQL: one in a string is a section, too.
fn markers<'t>(text: &'t str, way: &str) -> Vec<Marker<'t>> {
    let marker = |line: Line<'t>| {
        let rest = line.text.strip_prefix("--")?.trim_start_matches(is_blank).strip_prefix("migrate:")?;
        let options = rest.strip_prefix(way)?;
        (options.is_empty() || options.starts_with(is_blank)).then_some(Marker { start: line.start, options })
    };
    Lines { text, start: 0 }.filter_map(marker).collect()
}

/// What dbmate's expressions call whitespace.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0c' | '\r')
}

impl Marker<'_> {
    fn is_without_transaction(&self) -> bool {
        let mut pairs = self.options.split(is_blank).filter_map(|option| option.split_once(':'));
        pairs.rfind(|(key, value)| *key == NO_TRANSACTION.0 && !value.contains(':')) == Some(NO_TRANSACTION)
    }
}

/// The lines of a text without their ends.
struct Lines<'t> {
    text: &'t str,
    /// Where the next line begins.
    start: usize,
}

struct Line<'t> {
    start: usize,
    text: &'t str,
}

impl<'t> Iterator for Lines<'t> {
    type Item = Line<'t>;

    fn next(&mut self) -> Option<Line<'t>> {
        let rest = self.text.get(self.start..).filter(|rest| !rest.is_empty())?;
        let line = Line { start: self.start, text: rest.split('\n').next().unwrap_or_default() };
        self.start += line.text.len() + 1;
        Some(line)
    }
}

/// A new file. dbmate refuses one without a down section.
fn template(stem: &str) -> String {
    format!(
        "-- migrate:up
-- {stem}: write the statements below, each with a semicolon at the end.
-- The option transaction:false in the first line runs each of them outside of a transaction.


-- migrate:down
-- Write the statements that revert it below. migrascope down and dbmate rollback run them; data that they drop is lost.

"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_what_they_mean_to_dbmate() {
        for (file, expected) in [
            ("20240102030405_add_users.sql", Some("20240102030405 add_users")),
            ("20240102030405-add-users.sql", Some("20240102030405 add-users")),
            ("007_a.sql", Some("007 a")),
            ("7a.sql", Some("7 a")),
            ("8.sql", Some("8 ")),
            ("9_a.up.sql", Some("9 a.up")),
            ("schema.sql", None),
            ("a1.sql", None),
            ("1_a.SQL", None),
            ("1_a.sql.bak", None),
            ("-1_a.sql", None),
        ] {
            let named = parse(file).expect("no fault");
            assert_eq!(named.map(|named| format!("{} {}", named.key, named.name)).as_deref(), expected, "{file}");
        }
    }

    #[test]
    fn options_are_those_of_their_own_section() {
        for (up, down, expected) in [
            ("-- migrate:up transaction:false", "-- migrate:down", [true, false]),
            (
                "--migrate:up\ttransaction:true transaction:false\r",
                "--  migrate:down transaction:false x:y",
                [true, true],
            ),
            ("-- migrate:up transaction:False", "-- migrate:down transaction: false", [false, false]),
            (
                "-- migrate:up transaction:false transaction:true",
                "-- migrate:down a transaction:false:1",
                [false, false],
            ),
        ] {
            let division = divide(&format!("{up}\nSELECT 1;\n{down}\n")).ok().expect("sections");
            assert_eq!([division.up.no_transaction, division.down.no_transaction], expected, "{up} {down}");
        }
    }
}
