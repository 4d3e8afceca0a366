//! Parses one SQL text in one dialect into statements, directives and a token checksum. Pure.

mod backslash;
mod backslashes;
mod body;
mod checksum;
mod delimiter;
mod directive;
mod effect;
mod escapes;
mod head;
mod kind;
mod lexer;
mod mode;
mod opening;
mod place;
mod pragma;
mod problem;
mod program;
mod quote;
mod restore;
mod sanitize;
mod secret;
mod section;
mod session;
mod split;
mod sql_mode;
mod standard_strings;
mod summary;
mod token;
mod writes;

use std::ops::Range;

use crate::sql::{Checksum, Dialect, Directives, Place, Statement};

pub(crate) use backslash::read_otherwise;
pub use effect::{Effect, QualifiedName, SchemaObject, effect};
pub(crate) use escapes::Escapes;
pub use mode::BackslashMode;
pub(crate) use opening::Opening;
use place::Places;
pub use problem::Problem;
pub use restore::{Lost, Restoration, restoration};
pub(crate) use secret::without_secrets;
pub(crate) use section::{ALLOWED as SECTION_MARKER, BREAKPOINT, goose_annotation};
use split::Split;
use token::Token;
pub use writes::may_write;

/// The result of parsing a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The statements in order; their ranges are disjoint and not empty.
    pub statements: Vec<Statement>,
    /// The directives from the `-- migrascope: …` comments.
    pub directives: Directives,
    /// Equal for two texts that differ only in comments, whitespace and empty statements.
    pub token_checksum: Checksum,
}

/// One problem in a script and its position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ScriptError {
    /// Where the faulty text begins.
    pub place: Place,
    /// What is wrong.
    pub problem: Problem,
}

/// Parses a script's text. The text must not start with a byte order mark.
///
/// # Errors
/// Every problem found, in the order of the text.
pub fn parse(text: &str, dialect: Dialect) -> Result<Parsed, Vec<ScriptError>> {
    parse_directed(text, dialect, &Directives::default())
}

/// Parses a part of a script's text, with directives that its layout gives in other ways than our comments. Positions are those in the
/// whole text.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_part(
    text: &str,
    part: Range<usize>,
    dialect: Dialect,
    given: &Directives,
) -> Result<Parsed, Vec<ScriptError>> {
    let start = Place::at(text, part.start);
    let mut parsed = parse_directed(text.get(part).unwrap_or_default(), dialect, given).map_err(|problems| {
        let shifted = |problem: ScriptError| ScriptError { place: problem.place.after(start), ..problem };
        problems.into_iter().map(shifted).collect::<Vec<_>>()
    })?;
    for statement in &mut parsed.statements {
        let Place { line, column, .. } =
            Place { byte: statement.start, line: statement.line, column: statement.column }.after(start);
        let (first, last) = (statement.start + start.byte, statement.end + start.byte);
        (statement.start, statement.end, statement.line, statement.column) = (first, last, line, column);
    }
    Ok(parsed)
}

fn parse_directed(text: &str, dialect: Dialect, given: &Directives) -> Result<Parsed, Vec<ScriptError>> {
    let split = split::split(text, dialect);
    let cause = backslash::doubt(text, dialect, &split).or_else(|| backslash::cause(text, dialect, &split));
    let Split { tokens, statements: ranges, escapes, directives: comments, markers, mut problems, .. } = split;
    problems.extend(cause);
    // Report only the first: a binary file has thousands.
    problems.extend(text.find('\0').map(|byte| (byte, Problem::Nul)));
    let mut directives = directive::read(&comments, &mut problems);
    directives.add(given);
    let mut places = Places::of(text);
    let statements: Vec<Statement> = ranges
        .iter()
        .zip(escapes)
        .map(|(range, escapes)| statement(dialect, &tokens[range.clone()], escapes, &mut places))
        .collect();
    if !directives.allow.iter().any(|allowed| allowed == section::ALLOWED) {
        problems.extend(section::problem(text, &markers, &statements));
    }
    if !problems.is_empty() {
        return Err(located(text, problems));
    }
    let token_checksum = checksum::of(&tokens, &ranges, &comments);
    Ok(Parsed { statements, directives, token_checksum })
}

/// The summary of a statement whose text has placeholders, which count as names.
pub(crate) fn summary_of(statement: &str, dialect: Dialect) -> String {
    let bare = statement.replace("${", "").replace('}', "");
    summary::of(&split::split(&bare, dialect).tokens)
}

/// One statement's text without its values, safe for telemetry: `?` replaces every string, number, bit string and dollar-quoted body;
/// comments are removed, and each run of whitespace becomes one space.
///
/// SQLite may read a name in double quotes as a string, so there it is replaced too.
#[must_use]
pub fn sanitized(statement: &str, dialect: Dialect) -> String {
    sanitize::sanitize(statement, dialect, escapes::usual(dialect))
}

/// Like [`sanitized`], for a session in which a backslash in a plain string is an escape (`escapes`) or an ordinary character.
#[cfg(feature = "observe")]
pub(crate) fn sanitized_as_read(statement: &str, dialect: Dialect, escapes: bool) -> String {
    sanitize::sanitize(statement, dialect, escapes)
}

/// Whether a text contains this word anywhere, ignoring ASCII case. Does not copy the text.
pub(crate) fn mentions(text: &str, word: &str) -> bool {
    let word = word.as_bytes();
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

fn located(text: &str, mut problems: Vec<(usize, Problem)>) -> Vec<ScriptError> {
    problems.sort_by_key(|(byte, _)| *byte);
    let mut places = Places::of(text);
    problems.into_iter().map(|(byte, problem)| ScriptError { place: places.at(byte), problem }).collect()
}

fn statement(dialect: Dialect, tokens: &[Token<'_>], escapes: bool, places: &mut Places<'_>) -> Statement {
    let start = tokens.first().map_or(0, |token| token.start);
    let end = tokens.last().map_or(start, Token::end);
    let place = places.at(start);
    Statement {
        start,
        end,
        line: place.line,
        column: place.column,
        kind: kind::of(dialect, tokens),
        changes_session: session::changes(dialect, tokens),
        reads_last: session::reads_last(dialect, tokens),
        session_lock: session::lock(dialect, tokens),
        backslash_escapes: escapes,
        summary: summary::of(tokens),
    }
}
