//! Splits a script into statements.

use std::ops::Range;

use crate::sql::Dialect;

use super::backslashes::Backslashes;
use super::body::Body;
use super::escapes::Escapes;
use super::lexer::Lexer;
use super::section::Marker;
use super::token::Spot;
use super::token::{Token, TokenKind};
use super::{Problem, delimiter, problem, summary};

/// The result of splitting a script.
pub(super) struct Split<'a> {
    /// All tokens of all statements.
    pub(super) tokens: Vec<Token<'a>>,
    /// The token range of each statement, never empty.
    pub(super) statements: Vec<Range<usize>>,
    /// For each statement, whether a backslash is an escape in its plain strings.
    pub(super) escapes: Vec<bool>,
    /// The byte from which on that is unknown.
    pub(super) unclear: Option<usize>,
    /// The comments that contain directives.
    pub(super) directives: Vec<Token<'a>>,
    /// The section markers of other tools.
    pub(super) markers: Vec<Marker<'a>>,
    /// The problems, each with the byte where it begins.
    pub(super) problems: Vec<(usize, Problem)>,
}

/// Splits a script for a session with default settings.
pub(super) fn split(text: &str, dialect: Dialect) -> Split<'_> {
    split_in(text, dialect, Escapes::usual(dialect))
}

/// Splits a script for a session that starts with these `escapes`, until the text itself changes them.
pub(super) fn split_in(text: &str, dialect: Dialect, escapes: Escapes) -> Split<'_> {
    let mut splitter = Splitter::new(text, dialect, escapes);
    while let Some(token) = splitter.lexer.next(splitter.spot()) {
        splitter.take(token);
    }
    splitter.finish()
}

struct Splitter<'a> {
    dialect: Dialect,
    lexer: Lexer<'a>,
    tokens: Vec<Token<'a>>,
    statements: Vec<Range<usize>>,
    escapes: Vec<bool>,
    unclear: Option<usize>,
    directives: Vec<Token<'a>>,
    problems: Vec<(usize, Problem)>,
    /// The first token of the current statement.
    first: usize,
    /// The number of open parentheses in it.
    parentheses: usize,
    body: Body,
    /// How plain strings are read after the statements so far.
    mode: Backslashes,
}

impl<'a> Splitter<'a> {
    fn new(text: &'a str, dialect: Dialect, escapes: Escapes) -> Self {
        Self {
            dialect,
            lexer: Lexer::reading(text, dialect, escapes.begins),
            tokens: Vec::new(),
            statements: Vec::new(),
            escapes: Vec::new(),
            unclear: None,
            directives: Vec::new(),
            problems: Vec::new(),
            first: 0,
            parentheses: 0,
            body: Body::Unread,
            mode: Backslashes::new(dialect, escapes),
        }
    }

    fn spot(&self) -> Spot {
        if self.first == self.tokens.len() { Spot::Gap } else { Spot::Statement }
    }

    fn take(&mut self, token: Token<'a>) {
        match (token.kind, self.spot()) {
            (TokenKind::Directive, _) => self.directives.push(token),
            (TokenKind::Backslash, _) => self.meta_command(token),
            (TokenKind::StatementEnd, Spot::Gap) => {}
            (TokenKind::StatementEnd, Spot::Statement) => self.close(),
            (TokenKind::Terminator, Spot::Gap) => {}
            (TokenKind::Terminator, Spot::Statement) => self.terminator(token),
            (TokenKind::Symbol, Spot::Gap) if token.text == ";" => {}
            (TokenKind::Word, Spot::Gap) if self.is_delimiter(token) => self.delimiter(token),
            _ => self.push(token),
        }
    }

    fn finish(mut self) -> Split<'a> {
        if self.spot() == Spot::Statement {
            if self.lexer.ends_with_semicolon() && !self.lexer.has_problems() && self.is_body_open() {
                let tokens = &self.tokens[self.first..];
                let what = summary::of(tokens);
                self.problems.push((tokens[0].start, Problem::UnfinishedBody { what }));
            }
            self.close();
        }
        let markers = self.lexer.take_markers();
        self.problems.extend(self.lexer.problems());
        let Self { tokens, statements, escapes, unclear, directives, problems, .. } = self;
        Split { tokens, statements, escapes, unclear, directives, markers, problems }
    }

    fn meta_command(&mut self, backslash: Token<'a>) {
        let line = self.lexer.take_line();
        let word = line.split(|c: char| c.is_whitespace() || c == '\\').next().unwrap_or_default();
        self.problems.push((backslash.start, Problem::MetaCommand { command: problem::quoted(&format!("\\{word}")) }));
    }

    fn terminator(&mut self, terminator: Token<'a>) {
        let inside = self.parentheses > 0 || self.lexer.ends_with_semicolon() && self.is_body_open();
        if inside { self.push(terminator) } else { self.close() }
    }

    /// No statement begins with this word, so it is always a command to the `mysql` client.
    fn is_delimiter(&self, token: Token<'_>) -> bool {
        self.dialect == Dialect::Mysql && token.is_word("DELIMITER")
    }

    fn delimiter(&mut self, token: Token<'a>) {
        match delimiter::read(self.lexer.take_line()) {
            Ok(terminator) => self.lexer.set_terminator(terminator),
            Err(problem) => self.problems.push((token.start, problem)),
        }
    }

    /// Only PostgreSQL has semicolons between parentheses, in `CREATE RULE … DO (…; …)`.
    fn push(&mut self, token: Token<'a>) {
        if self.dialect == Dialect::Postgres && token.kind == TokenKind::Symbol {
            match token.text {
                "(" => self.parentheses += 1,
                ")" => self.parentheses = self.parentheses.saturating_sub(1),
                _ => {}
            }
        }
        self.tokens.push(token);
    }

    fn is_body_open(&mut self) -> bool {
        self.body.is_open(self.dialect, &self.tokens[self.first..])
    }

    fn close(&mut self) {
        while self.tokens.last().is_some_and(|last| last.is_symbol(";")) {
            self.tokens.pop();
        }
        let statement = self.first..self.tokens.len();
        if self.dialect == Dialect::Postgres && reads_rows(&self.tokens[statement.clone()]) {
            self.problems.push((self.tokens[self.first].start, Problem::CopyFromStdin));
            self.lexer.skip_copy_rows();
        }
        self.escapes.push(self.mode.escapes());
        self.mode.read(&self.tokens[statement.clone()]);
        self.lexer.set_backslash_escapes(self.mode.escapes());
        if self.mode.is_unclear() && self.unclear.is_none() {
            self.unclear = self.tokens.last().map(Token::end);
        }
        self.statements.push(statement);
        self.first = self.tokens.len();
        self.parentheses = 0;
        self.body = Body::Unread;
    }
}

/// Whether this is a `COPY … FROM STDIN`.
fn reads_rows(tokens: &[Token<'_>]) -> bool {
    tokens.first().is_some_and(|first| first.is_word("COPY")) && {
        let mut depth = 0_usize;
        tokens.windows(2).any(|pair| {
            depth += usize::from(pair[0].is_symbol("("));
            depth = depth.saturating_sub(usize::from(pair[0].is_symbol(")")));
            depth == 0 && pair[0].is_word("FROM") && pair[1].is_word("STDIN")
        })
    }
}
