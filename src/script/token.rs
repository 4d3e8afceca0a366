//! The tokens of SQL.

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A keyword or a name without quotes.
    Word,
    /// A name in quotes.
    Name,
    /// A string of any kind, dollar quotes included.
    String,
    /// A number or a numbered parameter.
    Number,
    /// One character of an operator or of punctuation.
    Symbol,
    /// The statement terminator, unless it is in a body or in parentheses.
    Terminator,
    /// The beginning or the end of an executable comment, or an optimizer hint.
    Hint,
    /// A `-- migrascope:` comment.
    Directive,
    /// A comment that ends the statement before it, with or without a terminator, even inside a body.
    StatementEnd,
    /// The backslash before a psql command.
    Backslash,
}

/// A token and its position.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    /// Its first byte in the script.
    pub(super) start: usize,
    /// Its text, as written.
    pub(super) text: &'a str,
}

impl Token<'_> {
    /// One past its last byte.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this keyword, in any case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is one of these keywords, in any case.
    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is_word(word))
    }

    /// Whether it is this character, as an operator or punctuation.
    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.kind, TokenKind::Symbol | TokenKind::Terminator) && self.text == symbol
    }
}

/// Whether the next token starts a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    /// Between two statements.
    Gap,
    /// After the first token of a statement.
    Statement,
}
