//! Converts byte offsets to lines and columns, in one pass over the text.

use crate::sql::Place;

/// Converts offsets in ascending order.
pub(super) struct Places<'a> {
    text: &'a str,
    last: Place,
}

impl<'a> Places<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, last: Place { byte: 0, line: 1, column: 1 } }
    }

    /// The place of `byte`, which must be on a character boundary and not before the previous one.
    pub(super) fn at(&mut self, byte: usize) -> Place {
        let passed = self.text.as_bytes().get(self.last.byte..byte).unwrap_or_default();
        let lines = passed.iter().filter(|b| **b == b'\n').count();
        let (from, tail) = match passed.iter().rposition(|b| *b == b'\n') {
            Some(newline) => (1, &passed[newline + 1..]),
            None => (self.last.column, passed),
        };
        self.last = Place { byte, line: plus(self.last.line, lines), column: plus(from, characters(tail)) };
        self.last
    }
}

fn plus(number: u32, more: usize) -> u32 {
    number.saturating_add(u32::try_from(more).unwrap_or(u32::MAX))
}

/// Counts characters: every UTF-8 character has exactly one byte that is not a continuation byte.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| **b & 0b1100_0000 != 0b1000_0000).count()
}
