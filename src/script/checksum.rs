//! The checksum of a script's tokens.

use std::ops::Range;

use crate::sql::Checksum;

use super::token::Token;

/// Hashes the statements' tokens, a `;` after each statement, and the directives in their positions. Directives without a statement have
/// no effect, so every text without statements has the same checksum.
pub(super) fn of(tokens: &[Token<'_>], statements: &[Range<usize>], directives: &[Token<'_>]) -> Checksum {
    let pieces = statements.iter().flat_map(|range| {
        let statement = &tokens[range.clone()];
        let end = statement.last().map_or(0, Token::end);
        statement.iter().map(piece).chain([(end, ";")])
    });
    if directives.is_empty() || statements.is_empty() {
        return Checksum::of_tokens(pieces.map(|(_, text)| text));
    }
    let mut pieces: Vec<(usize, &str)> = pieces.chain(directives.iter().map(piece)).collect();
    pieces.sort_by_key(|(start, _)| *start);
    Checksum::of_tokens(pieces.into_iter().map(|(_, text)| text))
}

fn piece<'a>(token: &Token<'a>) -> (usize, &'a str) {
    (token.start, token.text)
}
