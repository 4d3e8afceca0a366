//! What stands between statements: blanks, comments, terminators and `DELIMITER` lines, and nothing else.

use migrascope::migration::{Dialect, Statement};

use crate::pieces::{self, is_blank, is_word_byte};

/// Walks through the text before, between and behind the statements, which must be in order.
pub(crate) fn check(text: &str, dialect: Dialect, statements: &[Statement]) {
    let mut walk = Walk { text, dialect, terminator: ";" };
    let mut end = 0;
    for statement in statements {
        let ordered = end <= statement.start && statement.start < statement.end && statement.end <= text.len();
        assert!(ordered, "{statement:?} behind byte {end} of {text:?}");
        walk.through(end, statement.start);
        assert!(text.is_char_boundary(statement.end), "{statement:?} cuts a character of {text:?}");
        end = statement.end;
    }
    walk.through(end, text.len());
}

struct Walk<'a> {
    text: &'a str,
    dialect: Dialect,
    terminator: &'a str,
}

impl<'a> Walk<'a> {
    fn through(&mut self, start: usize, end: usize) {
        let text = self.text;
        let Some(gap) = text.get(start..end) else { panic!("{start}..{end} cuts a character of {text:?}") };
        let mut rest = if start == 0 { gap.trim_start_matches('\u{feff}') } else { gap };
        // Only the first of several is a byte order mark.
        assert!(gap.len() - rest.len() <= 3, "byte order marks between statements of {text:?}");
        while let Some(length) = self.step(rest) {
            rest = &rest[length..];
        }
        assert!(rest.is_empty(), "{rest:?} is between statements of {text:?}");
    }

    /// The length of the first piece, where it may stand here.
    fn step(&mut self, rest: &'a str) -> Option<usize> {
        let first = *rest.as_bytes().first()?;
        if rest.starts_with(self.terminator) {
            return Some(self.terminator.len());
        }
        if is_blank(first) || first == b';' {
            return Some(1);
        }
        pieces::comment(rest, self.dialect, pieces::Spot::Gap).or_else(|| self.delimiter(rest))
    }

    fn delimiter(&mut self, rest: &'a str) -> Option<usize> {
        let word = rest.get(..9).filter(|word| word.eq_ignore_ascii_case("delimiter"))?;
        let behind = &rest[word.len()..];
        let ends = behind.starts_with(self.terminator) || !behind.bytes().next().is_some_and(is_word_byte);
        if self.dialect != Dialect::Mysql || !ends {
            return None;
        }
        let line = behind.find('\n').map_or(behind, |end| &behind[..end]);
        self.terminator = line.split_ascii_whitespace().next()?;
        Some(word.len() + line.len())
    }
}
