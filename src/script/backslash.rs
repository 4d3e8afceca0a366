//! Finds the places where a script's meaning depends on whether a backslash is an escape in plain strings.

use super::Problem;
use super::escapes::Escapes;
use super::escapes::usual;
use super::mode::BackslashMode;
use super::place::Places;
use super::split::{self, Split};
use super::token::{Token, TokenKind};
use crate::sql::{Dialect, Place};

/// The first place where a session with these `escapes` reads the script differently from a session with the default mode, and that
/// mode; `None` where it makes no difference.
///
/// On PostgreSQL a string whose value would differ counts too: a file that does not set `standard_conforming_strings` was written for `on`,
/// the server's default since 2011.
pub(crate) fn read_otherwise(text: &str, dialect: Dialect, escapes: Escapes) -> Option<(BackslashMode, Place)> {
    let mode = BackslashMode::of(dialect).filter(|_| escapes != Escapes::usual(dialect))?;
    let (one, other) = (split::split(text, dialect), split::split_in(text, dialect, escapes));
    let value = || if dialect == Dialect::Postgres { other_value(&one, &other) } else { None };
    let byte = parting(&one, &other).into_iter().chain(value()).min()?;
    Some((mode, Places::of(text).at(byte)))
}

/// The likely cause of a text's problems: the string that ends elsewhere in the other mode, if the text has no problems in that mode.
pub(super) fn cause(text: &str, dialect: Dialect, found: &Split<'_>) -> Option<(usize, Problem)> {
    let mode = BackslashMode::of(dialect).filter(|_| !found.problems.is_empty())?;
    let other = split::split_in(text, dialect, Escapes::always(!usual(dialect)));
    let byte = parting(found, &other).filter(|_| other.problems.is_empty())?;
    Some((byte, Problem::Backslash { mode }))
}

/// The problem of a text that is ambiguous because an earlier statement sets the mode to a value that cannot be determined.
pub(super) fn doubt(text: &str, dialect: Dialect, found: &Split<'_>) -> Option<(usize, Problem)> {
    let rest = &text[found.unclear?..];
    let read = |escapes| split::split_in(rest, dialect, Escapes::always(escapes));
    let byte = parting(&read(true), &read(false))?;
    Some((text.len() - rest.len() + byte, Problem::UnclearStrings))
}

/// The first byte of the first token that differs between the two.
fn parting(one: &Split<'_>, other: &Split<'_>) -> Option<usize> {
    let place = |token: &Token<'_>| (token.start, token.end());
    let mut pairs = one.tokens.iter().zip(&other.tokens);
    if let Some((token, _)) = pairs.find(|(token, other)| place(token) != place(other)) {
        return Some(token.start);
    }
    let both = one.tokens.len().min(other.tokens.len());
    one.tokens.get(both).or_else(|| other.tokens.get(both)).map(|token| token.start)
}

/// The first plain string with a backslash that the two read in different modes.
fn other_value(one: &Split<'_>, other: &Split<'_>) -> Option<usize> {
    let modes = one.escapes.iter().zip(&other.escapes).map(|(one, other)| one != other);
    let statements = one.statements.iter().zip(modes).filter(|(_, differs)| *differs);
    let mut tokens = statements.flat_map(|(statement, _)| &one.tokens[statement.clone()]);
    tokens.find(|token| is_plain(token) && token.text.contains('\\')).map(|token| token.start)
}

/// Whether the session's mode decides how this string is read.
fn is_plain(token: &Token<'_>) -> bool {
    token.kind == TokenKind::String && token.text.starts_with(['\'', 'n', 'N'])
}
