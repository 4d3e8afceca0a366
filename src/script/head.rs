//! A cursor over the first words of a statement.

use super::token::{Token, TokenKind};

/// The tokens of a statement that are still to be read. The content of executable comments is read as ordinary tokens.
#[derive(Clone)]
pub(super) struct Head<'t, 'a> {
    tokens: &'t [Token<'a>],
}

impl<'t, 'a> Head<'t, 'a> {
    pub(super) fn of(tokens: &'t [Token<'a>]) -> Self {
        let mut head = Self { tokens };
        head.skip_hints();
        head
    }

    /// The next token, without reading it.
    pub(super) fn peek(&self) -> Option<&'t Token<'a>> {
        self.tokens.first()
    }

    /// Reads one token.
    pub(super) fn next(&mut self) -> Option<&'t Token<'a>> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        self.skip_hints();
        Some(first)
    }

    /// Skips to the first word, or to the end when there is none.
    pub(super) fn skip_to_word(&mut self) {
        while self.peek().is_some_and(|token| token.kind != TokenKind::Word) {
            self.next();
        }
    }

    /// Whether no token is left.
    pub(super) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The remaining tokens.
    pub(super) fn rest(&self) -> &'t [Token<'a>] {
        self.tokens
    }

    /// Whether this keyword is next.
    pub(super) fn is(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is_word(word))
    }

    /// Whether one of these keywords is next.
    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// Reads this keyword, if it is next.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let taken = self.is(word);
        if taken {
            self.next();
        }
        taken
    }

    /// Reads one of these keywords, if one is next.
    pub(super) fn take_any(&mut self, words: &[&str]) -> bool {
        words.iter().any(|word| self.take(word))
    }

    /// Reads these keywords, if all of them are next.
    pub(super) fn take_phrase(&mut self, words: &[&str]) -> bool {
        let mut ahead = self.clone();
        let taken = words.iter().all(|word| ahead.take(word));
        if taken {
            *self = ahead;
        }
        taken
    }

    /// Reads `CREATE [OR REPLACE] [DEFINER = …] [AGGREGATE] [TEMPORARY]`, if `CREATE` is next.
    pub(super) fn take_create(&mut self) -> bool {
        let taken = self.take("CREATE");
        if taken {
            self.take_phrase(&["OR", "REPLACE"]);
            self.take_definer();
            self.take_any(&["AGGREGATE", "TEMP", "TEMPORARY"]);
        }
        taken
    }

    /// Reads `DEFINER = user`, `DEFINER = user@host` or `DEFINER = CURRENT_USER()`, if `DEFINER` is next.
    pub(super) fn take_definer(&mut self) {
        if !self.take("DEFINER") {
            return;
        }
        self.take_symbol("=");
        self.next();
        self.take_group();
        if self.take_symbol("@") {
            self.next();
        }
    }

    /// Reads MariaDB's `SET STATEMENT a = 1, b = 2 FOR`, if it is next: the actual statement comes after it.
    pub(super) fn take_settings(&mut self) {
        if !self.take_phrase(&["SET", "STATEMENT"]) {
            return;
        }
        while self.peek().is_some() && !self.take("FOR") {
            if self.peek().is_some_and(|token| token.is_symbol("(")) {
                self.take_group();
            } else {
                self.next();
            }
        }
    }

    /// Reads this character, if it is next.
    pub(super) fn take_symbol(&mut self, symbol: &str) -> bool {
        let taken = self.peek().is_some_and(|token| token.is_symbol(symbol));
        if taken {
            self.next();
        }
        taken
    }

    /// Whether this keyword is among the remaining tokens.
    pub(super) fn holds(&self, word: &str) -> bool {
        self.tokens.iter().any(|token| token.is_word(word))
    }

    /// Reads from an opening parenthesis to the matching closing one, if one is next.
    pub(super) fn take_group(&mut self) {
        let mut depth = usize::from(self.take_symbol("("));
        while depth > 0
            && let Some(token) = self.next()
        {
            depth += usize::from(token.is_symbol("("));
            depth -= usize::from(token.is_symbol(")"));
        }
    }

    fn skip_hints(&mut self) {
        while let [first, rest @ ..] = self.tokens
            && first.kind == TokenKind::Hint
        {
            self.tokens = rest;
        }
    }
}
