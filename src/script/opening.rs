//! The first words of a statement, read without the rest.

use super::lexer::Lexer;
use super::token::Spot;
use super::token::TokenKind;
use crate::sql::Dialect;

/// The number of tokens read.
const LENGTH: usize = 4;

/// The first tokens of a statement. Executable comments are read as ordinary tokens, and MariaDB's `SET STATEMENT … FOR` prefix is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opening<'a> {
    tokens: [&'a str; LENGTH],
    /// Whether a `SET STATEMENT … FOR` prefix was skipped.
    with_settings: bool,
}

impl<'a> Opening<'a> {
    pub(crate) fn of(statement: &'a str, dialect: Dialect) -> Self {
        let mut lexer = Lexer::new(statement, dialect);
        let plain = Self { tokens: read(&mut lexer), with_settings: false };
        if dialect != Dialect::Mysql || !plain.begins(&["SET", "STATEMENT"]) {
            return plain;
        }
        let mut lexer = Lexer::new(statement, dialect);
        let mut depth = 0_usize;
        while let Some(token) = lexer.next(Spot::Statement)
            && !(depth == 0 && token.is_word("FOR"))
        {
            depth += usize::from(token.is_symbol("("));
            depth = depth.saturating_sub(usize::from(token.is_symbol(")")));
        }
        Self { tokens: read(&mut lexer), with_settings: true }
    }

    /// Whether a `SET STATEMENT … FOR` prefix was skipped.
    pub(crate) fn has_settings(&self) -> bool {
        self.with_settings
    }

    /// Whether the first word is one of these.
    pub(crate) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.tokens[0].eq_ignore_ascii_case(word))
    }

    /// Whether the statement begins with these tokens, at most four.
    pub(crate) fn begins(&self, tokens: &[&str]) -> bool {
        tokens.iter().zip(self.tokens).all(|(wanted, token)| token.eq_ignore_ascii_case(wanted))
    }

    /// Whether one of the first tokens is this word.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.tokens.iter().any(|token| token.eq_ignore_ascii_case(word))
    }
}

fn read<'a>(lexer: &mut Lexer<'a>) -> [&'a str; LENGTH] {
    let mut tokens = [""; LENGTH];
    let mut read = 0;
    while read < LENGTH
        && let Some(token) = lexer.next(Spot::Statement)
    {
        if token.kind != TokenKind::Hint {
            tokens[read] = token.text;
            read += 1;
        }
    }
    tokens
}
