//! Splits text into tokens, one at a time, in each of the three dialects.

use crate::sql::Dialect;

use super::Problem;
use super::directive;
use super::escapes;
use super::problem;
use super::quote::{self, Escape};
use super::section::{self, Marker};
use super::token::{Spot, Token, TokenKind};

/// The statement terminator unless a `DELIMITER` line sets another.
pub(super) const SEMICOLON: &str = ";";

/// Reads tokens from a text and skips whitespace and comments.
pub(super) struct Lexer<'a> {
    text: &'a str,
    dialect: Dialect,
    at: usize,
    terminator: &'a str,
    /// Where the open executable comment begins.
    hint: Option<usize>,
    problems: Vec<(usize, Problem)>,
    markers: Vec<Marker<'a>>,
    /// How a plain string contains its own quote character.
    escape: Escape,
}

impl<'a> Lexer<'a> {
    /// Reads plain strings as a session with default settings does.
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self::reading(text, dialect, escapes::usual(dialect))
    }

    /// Reads plain strings in which a backslash is an escape (`escapes`) or an ordinary character.
    pub(super) fn reading(text: &'a str, dialect: Dialect, escapes: bool) -> Self {
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self {
            text,
            dialect,
            at,
            terminator: SEMICOLON,
            hint: None,
            problems: Vec::new(),
            markers: Vec::new(),
            escape: escape(escapes),
        }
    }

    /// Sets whether a backslash is an escape in plain strings from here on.
    pub(super) fn set_backslash_escapes(&mut self, on: bool) {
        self.escape = escape(on);
    }

    /// The next token; `None` at the end of the text.
    pub(super) fn next(&mut self, spot: Spot) -> Option<Token<'a>> {
        while let Some(byte) = self.skip_blanks() {
            if self.at_terminator(byte) {
                return Some(self.take(TokenKind::Terminator, self.at + self.terminator.len()));
            }
            let seen = match byte {
                b'-' | b'#' if self.opens_line_comment(byte, spot) => self.line_comment(spot),
                b'/' if self.ahead(1) == Some(b'*') => self.block_comment(spot),
                _ => Some(self.token(byte)),
            };
            if seen.is_some() {
                return seen;
            }
        }
        self.problems.extend(self.hint.take().map(|start| (start, Problem::UnterminatedComment)));
        None
    }

    /// Reads and returns the text from here to the end of the line.
    pub(super) fn take_line(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        self.at += line.len();
        line
    }

    /// Skips the rows that follow a `COPY … FROM STDIN`, up to the line `\.` or the end of the text.
    pub(super) fn skip_copy_rows(&mut self) {
        self.take_line();
        while self.at < self.text.len() {
            self.at += 1;
            if self.take_line().trim_end() == "\\." {
                return;
            }
        }
    }

    /// Sets the statement terminator from here on.
    pub(super) fn set_terminator(&mut self, terminator: &'a str) {
        self.terminator = terminator;
    }

    /// Whether the current terminator is a semicolon.
    pub(super) fn ends_with_semicolon(&self) -> bool {
        self.terminator == SEMICOLON
    }

    /// Unclosed quotes and comments, each with the byte where it opens.
    pub(super) fn problems(self) -> Vec<(usize, Problem)> {
        self.problems
    }

    /// Takes the section markers of other tools found so far.
    pub(super) fn take_markers(&mut self) -> Vec<Marker<'a>> {
        std::mem::take(&mut self.markers)
    }

    /// Whether a quote or a comment is unclosed.
    pub(super) fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    fn skip_blanks(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let blanks = rest.iter().position(|b| !matches!(b, b' ' | b'\t'..=b'\r'))?;
        self.at += blanks;
        rest.get(blanks).copied()
    }

    fn at_terminator(&self, byte: u8) -> bool {
        self.hint.is_none()
            && self.terminator.as_bytes().first() == Some(&byte)
            && self.text[self.at..].starts_with(self.terminator)
    }

    /// MySQL requires whitespace after `--`, but its own client drops every line that begins with `--` between statements.
    fn opens_line_comment(&self, byte: u8, spot: Spot) -> bool {
        match (byte, self.dialect) {
            (b'#', Dialect::Mysql) => true,
            (b'#', _) => spot == Spot::Gap && section::is_foreign_line(self.text, self.at, self.line()),
            _ if self.ahead(1) != Some(b'-') => false,
            (_, Dialect::Mysql) => {
                spot == Spot::Gap
                    || self.ahead(2).is_none_or(|b| b <= b' ' || b == 0x7f)
                    || section::ends_statement(self.text, self.at, self.line())
            }
            _ => true,
        }
    }

    /// The rest of the line, up to where a line comment ends.
    fn line(&self) -> &'a str {
        let rest = &self.text[self.at..];
        let length = match self.dialect {
            Dialect::Postgres => rest.find(['\n', '\r']),
            Dialect::Mysql | Dialect::Sqlite => rest.find('\n'),
        };
        &rest[..length.unwrap_or(rest.len())]
    }

    fn line_comment(&mut self, spot: Spot) -> Option<Token<'a>> {
        let comment = self.line();
        let start = self.at;
        self.at += comment.len();
        let text = comment.trim_end();
        self.mark(start, text, spot);
        let kind = match directive::announced(comment) {
            Some(_) => Some(TokenKind::Directive),
            None => section::ends_statement(self.text, start, text).then_some(TokenKind::StatementEnd),
        };
        kind.map(|kind| Token { kind, start, text })
    }

    fn mark(&mut self, start: usize, text: &'a str, spot: Spot) {
        self.markers.extend(section::read(text).map(|section| Marker { start, text, spot, section }));
    }

    fn block_comment(&mut self, spot: Spot) -> Option<Token<'a>> {
        let inside = self.at + 2;
        let rest = &self.text[inside..];
        if self.dialect == Dialect::Mysql {
            if rest.starts_with('+') {
                return Some(self.until(
                    TokenKind::Hint,
                    quote::comment_end(self.text, inside),
                    Problem::UnterminatedComment,
                ));
            }
            let mark = if rest.starts_with("M!") { 2 } else { usize::from(rest.starts_with('!')) };
            if mark > 0 && self.hint.is_none() {
                return Some(self.open_hint(inside + mark));
            }
        }
        let end = match self.dialect {
            Dialect::Postgres => quote::nested_comment_end(self.text.as_bytes(), inside),
            Dialect::Mysql | Dialect::Sqlite => quote::comment_end(self.text, inside),
        };
        let comment = self.until(TokenKind::Hint, end, Problem::UnterminatedComment);
        self.mark(comment.start, comment.text, spot);
        None
    }

    /// The opening of an executable comment, including the server version that it requires.
    fn open_hint(&mut self, after_mark: usize) -> Token<'a> {
        let digits = self.text[after_mark..].bytes().take(6).take_while(u8::is_ascii_digit).count();
        self.hint = Some(self.at);
        self.take(TokenKind::Hint, after_mark + digits)
    }

    fn token(&mut self, byte: u8) -> Token<'a> {
        match (byte, self.dialect) {
            (b'\'' | b'"', Dialect::Mysql) => self.quoted(TokenKind::String, byte, self.escape),
            (b'\'', _) => self.quoted(TokenKind::String, byte, self.escape),
            (b'"', _) => self.quoted(TokenKind::Name, byte, Escape::Doubling),
            (b'`', Dialect::Mysql | Dialect::Sqlite) => self.quoted(TokenKind::Name, byte, Escape::Doubling),
            (b'[', Dialect::Sqlite) => self.quoted(TokenKind::Name, b']', Escape::Never),
            (b'$', Dialect::Postgres) => self.dollar(),
            (b'\\', Dialect::Postgres) => self.take(TokenKind::Backslash, self.at + 1),
            (b'*', _) if self.hint.is_some() && self.ahead(1) == Some(b'/') => self.close_hint(),
            (b'0'..=b'9', _) => self.run(TokenKind::Number, |b| is_word_byte(b) && b != b'$' || b == b'.'),
            (b'$', Dialect::Sqlite) => self.take(TokenKind::Symbol, self.at + 1),
            (b, Dialect::Postgres) if b.is_ascii_alphabetic() => self.prefixed(byte),
            (b, _) if is_word_byte(b) => self.run(TokenKind::Word, is_word_byte),
            _ => self.take(TokenKind::Symbol, self.at + 1),
        }
    }

    fn quoted(&mut self, kind: TokenKind, quote: u8, escape: Escape) -> Token<'a> {
        let end = quote::end(self.text.as_bytes(), self.at + 1, quote, escape);
        let quote = char::from(if quote == b']' { b'[' } else { quote });
        self.until(kind, end, Problem::UnterminatedQuote { quote })
    }

    fn dollar(&mut self) -> Token<'a> {
        if let Some(tag) = quote::dollar_tag(self.text, self.at) {
            let end = quote::dollar_end(self.text, self.at + tag.len(), tag);
            return self.until(TokenKind::String, end, Problem::UnterminatedDollarQuote { tag: problem::quoted(tag) });
        }
        let digits = self.text[self.at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let kind = if digits > 0 { TokenKind::Number } else { TokenKind::Symbol };
        self.take(kind, self.at + 1 + digits)
    }

    fn close_hint(&mut self) -> Token<'a> {
        self.hint = None;
        self.take(TokenKind::Hint, self.at + 2)
    }

    /// A PostgreSQL word, or a string with a prefix letter such as `E'…'`.
    fn prefixed(&mut self, first: u8) -> Token<'a> {
        let unclosed = Problem::UnterminatedQuote { quote: '\'' };
        let bytes = self.text.as_bytes();
        match (first, self.ahead(1), self.ahead(2)) {
            (b'e' | b'E', Some(b'\''), _) => {
                let end = quote::escape_string_end(bytes, self.at + 2);
                self.until(TokenKind::String, end, unclosed)
            }
            // The server reads the letter as a separate word, so the session's mode applies to the string.
            (b'n' | b'N', Some(b'\''), _) => {
                let end = quote::end(bytes, self.at + 2, b'\'', self.escape);
                self.until(TokenKind::String, end, unclosed)
            }
            (b'b' | b'B' | b'x' | b'X', Some(b'\''), _) => {
                let end = quote::end(bytes, self.at + 2, b'\'', Escape::Doubling);
                self.until(TokenKind::String, end, unclosed)
            }
            (b'u' | b'U', Some(b'&'), Some(b'\'')) => {
                let end = quote::end(bytes, self.at + 3, b'\'', Escape::Doubling);
                self.until(TokenKind::String, end, unclosed)
            }
            _ => self.run(TokenKind::Word, is_word_byte),
        }
    }

    /// The token up to `end`. Without an end, it extends to the end of the text and is reported as a problem.
    fn until(&mut self, kind: TokenKind, end: Option<usize>, unclosed: Problem) -> Token<'a> {
        if end.is_none() {
            self.problems.push((self.at, unclosed));
        }
        self.take(kind, end.unwrap_or(self.text.len()))
    }

    /// The token of all following bytes for which `belongs` is true, cut off before a terminator.
    fn run(&mut self, kind: TokenKind, belongs: fn(u8) -> bool) -> Token<'a> {
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest.iter().position(|b| !belongs(*b)).unwrap_or(rest.len());
        let length = if self.ends_with_semicolon() { length } else { self.cut(length) };
        self.take(kind, self.at + length)
    }

    /// With `DELIMITER $$`, the word `END$$` ends before its first dollar sign.
    fn cut(&self, length: usize) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        (1..length).find(|at| rest[*at..].starts_with(self.terminator.as_bytes())).unwrap_or(length)
    }

    fn take(&mut self, kind: TokenKind, end: usize) -> Token<'a> {
        let start = self.at;
        self.at = end;
        Token { kind, start, text: &self.text[start..end] }
    }

    fn ahead(&self, bytes: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + bytes).copied()
    }
}

fn escape(escapes: bool) -> Escape {
    if escapes { Escape::Backslash } else { Escape::Doubling }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
}
