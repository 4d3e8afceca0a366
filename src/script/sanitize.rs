//! Removes the literals from a statement, for telemetry.

use crate::sql::Dialect;

use super::lexer::Lexer;
use super::token::Spot;
use super::token::{Token, TokenKind};

/// The placeholder for a literal.
const MARK: &str = "?";

/// The tokens, with `?` for each literal and one space between tokens that are not adjacent.
pub(super) fn sanitize(statement: &str, dialect: Dialect, escapes: bool) -> String {
    let mut lexer = Lexer::reading(statement, dialect, escapes);
    let mut sanitized = Sanitized { dialect, text: String::with_capacity(statement.len()), last: None };
    let mut spot = Spot::Gap;
    while let Some(token) = lexer.next(spot) {
        sanitized.take(&token);
        spot = Spot::Statement;
    }
    sanitized.text
}

struct Sanitized<'a> {
    dialect: Dialect,
    text: String,
    last: Option<Token<'a>>,
}

impl<'a> Sanitized<'a> {
    fn take(&mut self, token: &Token<'a>) {
        // Hints and the delimiters of executable comments may contain numbers, and all other servers read them as comments.
        if matches!(token.kind, TokenKind::Hint | TokenKind::Directive | TokenKind::StatementEnd) {
            return;
        }
        let last = self.last.replace(*token);
        let touches = last.is_some_and(|last| last.end() == token.start);
        if !self.is_literal(token) {
            self.push(touches, token.text);
            return;
        }
        match last.filter(|last| touches && marks_string(last, token)) {
            Some(prefix) => {
                self.text.truncate(self.text.len() - prefix.text.len());
                self.text.push_str(MARK);
            }
            None => self.push(touches, MARK),
        }
    }

    fn push(&mut self, touches: bool, text: &str) {
        if !touches && !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(text);
    }

    /// SQLite reads a name in double quotes as a string where no column has that name, so it may be a value.
    fn is_literal(&self, token: &Token<'_>) -> bool {
        match token.kind {
            TokenKind::String | TokenKind::Number => true,
            TokenKind::Name => self.dialect == Dialect::Sqlite && token.text.starts_with('"'),
            TokenKind::Word
            | TokenKind::Symbol
            | TokenKind::Terminator
            | TokenKind::Hint
            | TokenKind::Directive
            | TokenKind::StatementEnd
            | TokenKind::Backslash => false,
        }
    }
}

/// Whether a word is the prefix of the string after it, as in `x'FF'`.
fn marks_string(word: &Token<'_>, string: &Token<'_>) -> bool {
    string.kind == TokenKind::String && ["x", "b", "n"].iter().any(|prefix| word.is_word(prefix))
}
