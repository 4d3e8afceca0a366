//! The pure tests of `script`: tables of texts, checked by one `check` function.

mod backslashes;
mod checksum;
mod directives;
mod effects;
mod fixtures;
mod kinds;
mod problems;
mod programs;
mod render;
mod restore;
mod sanitizing;
mod sections;
mod session;
mod summaries;
mod text;
mod writes;

use migrascope::migration::Dialect;
use render::render;

/// Compares what `parse` returns for a text with the expectation, ignoring indentation.
#[track_caller]
fn check(dialect: Dialect, text: &str, expected: &str) {
    let expected: String =
        expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    assert_eq!(render(dialect, text).trim_end(), expected, "in {}:\n{text}", dialect.word());
}

/// The same expectation for every dialect.
#[track_caller]
fn check_all(text: &str, expected: &str) {
    for dialect in Dialect::ALL {
        check(dialect, text, expected);
    }
}

/// Each text contains exactly one statement: itself without the terminator.
#[track_caller]
fn check_whole(dialect: Dialect, texts: &[&str]) {
    for text in texts {
        let script = format!("{text};\nSELECT 1;");
        let parsed =
            migrascope::script::parse(&script, dialect).unwrap_or_else(|errors| panic!("{errors:?} in {text}"));
        let found: Vec<&str> = parsed.statements.iter().map(|statement| statement.text(&script)).collect();
        assert_eq!(found, [*text, "SELECT 1"], "in {}", dialect.word());
    }
}
