//! The checksum of a script's tokens.

use std::ops::Range;

use crate::migration::Checksum;

use super::token::Token;

/// Of the statements' tokens, a `;` after each statement, and of the directives where they stand.
pub(super) fn of(tokens: &[Token<'_>], statements: &[Range<usize>], directives: &[Token<'_>]) -> Checksum {
    let mut pieces: Vec<(usize, &str)> = Vec::with_capacity(tokens.len() + statements.len() + directives.len());
    for range in statements {
        let statement = &tokens[range.clone()];
        pieces.extend(statement.iter().map(|token| (token.start, token.text)));
        pieces.extend(statement.last().map(|last| (last.end(), ";")));
    }
    if !directives.is_empty() {
        pieces.extend(directives.iter().map(|token| (token.start, token.text)));
        pieces.sort_by_key(|(start, _)| *start);
    }
    Checksum::of_tokens(pieces.into_iter().map(|(_, text)| text))
}
