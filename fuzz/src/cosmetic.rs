//! Edits of comments and line ends, which must change no token.

use migrascope::migration::Dialect;
use migrascope::script::{self, Parsed};

use crate::pieces::Pieces;

/// Adds a comment before each statement, and a carriage return to each line end between statements.
pub(crate) fn check_between(text: &str, dialect: Dialect, parsed: &Parsed) {
    let mut edited = String::with_capacity(text.len() * 2);
    let mut end = 0;
    for statement in &parsed.statements {
        // This mark is blank at the start of a text and nowhere else.
        if statement.text(text).starts_with('\u{feff}') {
            return;
        }
        edited.push_str(&text[end..statement.start].replace('\n', "\r\n"));
        edited.push_str(" /* it's; new */ ");
        edited.push_str(statement.text(text));
        end = statement.end;
    }
    edited.push_str(&text[end..].replace('\n', "\r\n"));
    match script::parse(&edited, dialect) {
        Ok(again) => assert_eq!(again.token_checksum, parsed.token_checksum, "{edited:?}, of {text:?}"),
        Err(errors) => panic!("{edited:?}, of {text:?}: {errors:?}"),
    }
}

/// Writes something else into each comment in a statement, and one more before it.
pub(crate) fn check_inside(statement: &str, dialect: Dialect, pieces: &Pieces) {
    if crate::has_directive(statement) {
        return;
    }
    let mut edited = String::from("/* new */ ");
    let mut end = 0;
    for comment in &pieces.comments {
        edited.push_str(&statement[end..comment.start]);
        // The first bytes stay, because those before them may want it so.
        edited.push_str(match statement.as_bytes()[comment.start] {
            b'#' => "# it's; new",
            b'-' => "-- it's; new",
            _ => "/* it's; new */",
        });
        end = comment.end;
    }
    edited.push_str(&statement[end..]);
    let checksum = |text: &str| script::parse(text, dialect).map(|parsed| parsed.token_checksum);
    assert_eq!(checksum(&edited), checksum(statement), "{edited:?}, of {statement:?}");
    assert_eq!(script::effect(&edited, dialect), script::effect(statement, dialect), "{edited:?}, of {statement:?}");
    let told = |text: &str| script::sanitized(text, dialect);
    assert_eq!(told(&edited), told(statement), "{edited:?}, of {statement:?}");
}
