//! Any text in any dialect: run with `cargo +nightly fuzz run script`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use migrascope::migration::{Dialect, Place, Statement};
use migrascope::script::{self, Parsed, ScriptError};

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let dialect = Dialect::ALL[usize::from(*first) % Dialect::ALL.len()];
    match script::parse(text, dialect) {
        Ok(parsed) => check_parsed(text, dialect, &parsed),
        Err(errors) => check_errors(text, &errors),
    }
});

fn check_parsed(text: &str, dialect: Dialect, parsed: &Parsed) {
    let mut end = 0;
    for statement in &parsed.statements {
        assert!(end <= statement.start && statement.start < statement.end);
        check_gap(text, &text[end..statement.start], dialect);
        check_statement(text, statement);
        end = statement.end;
    }
    check_gap(text, &text[end..], dialect);
}

fn check_gap(text: &str, gap: &str, dialect: Dialect) {
    if text.to_ascii_uppercase().contains("DELIMITER") {
        return;
    }
    assert!(script::parse(gap, dialect).is_ok_and(|parsed| parsed.statements.is_empty()));
}

fn check_statement(text: &str, statement: &Statement) {
    let place = Place::at(text, statement.start);
    assert_eq!((statement.line, statement.column), (place.line, place.column));
    assert!(!statement.text(text).is_empty());
    assert!((1..=255).contains(&statement.summary.chars().count()));
}

fn check_errors(text: &str, errors: &[ScriptError]) {
    assert!(!errors.is_empty() && errors.is_sorted_by_key(|error| error.place));
    for error in errors {
        assert_eq!(error.place, Place::at(text, error.place.byte));
        assert!(error.place.byte < text.len());
    }
}
