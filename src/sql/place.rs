//! A position in a text.

/// A position in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The byte offset.
    pub byte: usize,
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
}

impl Place {
    /// The position at byte offset `byte` in `text`; an offset inside a character counts as that character's first byte.
    #[must_use]
    pub fn at(text: &str, byte: usize) -> Self {
        let byte = text.floor_char_boundary(byte);
        let before = &text[..byte];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        Self { byte, line: clamp(line), column: clamp(column) }
    }
}

impl Place {
    /// This position, counted from `start`, as a position in the text that `start` is in.
    pub(crate) fn after(self, start: Self) -> Self {
        let column = if self.line == 1 { self.column.saturating_add(start.column - 1) } else { self.column };
        Self { byte: self.byte + start.byte, line: self.line.saturating_add(start.line - 1), column }
    }
}

fn clamp(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
