//! What must hold for every text in every dialect. See `fuzz/README.md`.

mod cosmetic;
mod gaps;
mod pieces;

use migrascope::migration::{Dialect, Place, Statement};
use migrascope::script::{self, Parsed, Problem, ScriptError};

use pieces::{Pieces, Quotes};

/// What is planted in literals; a text that has it already is passed over.
const SECRET: &str = "kanarienvogel";

/// The first byte chooses the dialect, and the rest is the text; `None` where that is no UTF-8.
#[must_use]
pub fn read(input: &[u8]) -> Option<(Dialect, &str)> {
    let (first, rest) = input.split_first()?;
    let dialect = Dialect::ALL[usize::from(*first) % Dialect::ALL.len()];
    Some((dialect, std::str::from_utf8(rest).ok()?))
}

/// Panics where something does not hold.
pub fn check(text: &str, dialect: Dialect) {
    match script::parse(text, dialect) {
        Ok(parsed) => check_parsed(text, dialect, &parsed),
        Err(errors) => {
            check_errors(text, &errors);
            // The line of another tool's marker is a comment to that tool, with # in any dialect.
            let marked = errors.iter().any(|error| matches!(error.problem, Problem::Section { .. }));
            if !has_directive(text) && !marked {
                check_sanitized(text, dialect);
            }
        }
    }
}

fn check_parsed(text: &str, dialect: Dialect, parsed: &Parsed) {
    gaps::check(text, dialect, &parsed.statements);
    for statement in &parsed.statements {
        check_range(text, statement);
        check_sanitized(statement.text(text), dialect);
    }
    if speaks_to_the_mysql_program(text, dialect) || sets_strings(text) {
        return;
    }
    // What begins with # may be a line of another tool's marker where it begins a text.
    let begins_with_a_number_sign = |statement: &&Statement| statement.text(text).starts_with('#');
    for statement in parsed.statements.iter().filter(|statement| !begins_with_a_number_sign(statement)) {
        check_alone(text, dialect, statement);
    }
    cosmetic::check_between(text, dialect, parsed);
}

fn check_range(text: &str, statement: &Statement) {
    let place = Place::at(text, statement.start);
    assert_eq!((statement.line, statement.column), (place.line, place.column), "place of {statement:?} in {text:?}");
    assert!(!statement.text(text).is_empty(), "empty {statement:?} in {text:?}");
    let summary = statement.summary.chars().count();
    assert!((1..=255).contains(&summary), "a summary of {summary} characters in {text:?}");
}

/// A statement without its surroundings is the same statement, and what stands in its strings is told by nobody.
fn check_alone(text: &str, dialect: Dialect, statement: &Statement) {
    let alone = statement.text(text);
    // At the start of a text this mark is blank, and at its end MySQL takes this for a comment.
    if alone.starts_with('\u{feff}') || dialect == Dialect::Mysql && alone.ends_with("--") {
        return;
    }
    let again = script::parse(alone, dialect);
    let expected = Statement { start: 0, end: alone.len(), line: 1, column: 1, ..statement.clone() };
    match &again {
        Ok(parsed) => assert_eq!(parsed.statements, [expected], "{alone:?} alone, of {text:?}"),
        Err(errors) => panic!("{alone:?} alone, of {text:?}: {errors:?}"),
    }
    let pieces = Pieces::of(alone, dialect);
    cosmetic::check_inside(alone, dialect, &pieces);
    check_told(alone, dialect, statement, &pieces);
}

fn check_told(alone: &str, dialect: Dialect, statement: &Statement, pieces: &Pieces) {
    let planted = pieces.plant(alone, SECRET, Quotes::Strings);
    let told = match script::parse(&planted, dialect) {
        Ok(parsed) => parsed.statements,
        Err(errors) => panic!("{planted:?}, of {alone:?}: {errors:?}"),
    };
    let [told] = &told[..] else { panic!("{} statements in {planted:?}, of {alone:?}", told.len()) };
    assert_eq!((told.kind, &told.summary), (statement.kind, &statement.summary), "{planted:?}, of {alone:?}");
    assert_eq!(script::effect(&planted, dialect), script::effect(alone, dialect), "{planted:?}, of {alone:?}");
}

fn check_sanitized(text: &str, dialect: Dialect) {
    if text.contains(SECRET) {
        return;
    }
    let planted = Pieces::of(text, dialect).plant(text, SECRET, Quotes::All);
    let told = script::sanitized(&planted, dialect);
    assert!(!told.contains(SECRET), "{planted:?} is told as {told:?}");
    assert_eq!(told, script::sanitized(text, dialect), "{planted:?} and {text:?} are told differently");
}

fn check_errors(text: &str, errors: &[ScriptError]) {
    assert!(!errors.is_empty(), "refused without a reason: {text:?}");
    assert!(errors.is_sorted_by_key(|error| error.place), "out of order: {errors:?} in {text:?}");
    for error in errors {
        assert!(error.place.byte < text.len(), "{error:?} behind the end of {text:?}");
        assert_eq!(error.place, Place::at(text, error.place.byte), "place of {error:?} in {text:?}");
        assert!(!error.to_string().is_empty(), "{error:?} says nothing");
    }
}

/// Whether a statement may say how the strings behind it are read, so that they read otherwise without it.
fn sets_strings(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["sql_mode", "standard_conforming_strings"].iter().any(|word| text.contains(word))
}

/// A directive counts as a token, so it is neither cosmetic nor blank.
fn has_directive(text: &str) -> bool {
    text.to_ascii_lowercase().contains("migrascope:")
}

fn speaks_to_the_mysql_program(text: &str, dialect: Dialect) -> bool {
    dialect == Dialect::Mysql && text.to_ascii_lowercase().contains("delimiter")
}
