//! A text in which placeholders have been replaced, and where its parts are in the file.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// Values with fewer characters are not hidden in messages, where they would be found in other words.
const SHORTEST_HIDDEN: usize = 3;

/// A text in which placeholders have been replaced.
#[derive(Debug)]
pub(super) struct Substitution {
    file: Arc<str>,
    text: Arc<str>,
    /// In the order of the text.
    pieces: Vec<Piece>,
}

/// A placeholder and its value.
pub(super) struct Piece {
    /// Where it is in the file.
    file: Range<usize>,
    /// Where its value is in the text.
    text: Range<usize>,
    name: String,
    value: String,
}

/// Does not show the value.
impl std::fmt::Debug for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Piece").field(&self.name).finish()
    }
}

impl Piece {
    pub(super) fn new(file: Range<usize>, name: &str, value: &str) -> Self {
        Self { file, text: 0..0, name: name.to_owned(), value: value.to_owned() }
    }
}

impl Substitution {
    /// Replaces these pieces of a file.
    pub(super) fn new(file: &str, mut pieces: Vec<Piece>) -> Self {
        let (mut text, mut from) = (String::with_capacity(file.len()), 0);
        for piece in &mut pieces {
            text.push_str(&file[from..piece.file.start]);
            piece.text = text.len()..text.len() + piece.value.len();
            text.push_str(&piece.value);
            from = piece.file.end;
        }
        text.push_str(&file[from..]);
        Self { file: Arc::from(file), text: Arc::from(text), pieces }
    }

    /// The text with the values.
    pub(super) fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The file as it is.
    pub(super) fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// Whether a range of the text has a part of a value in it.
    pub(super) fn touches(&self, range: &Range<usize>) -> bool {
        let from = self.pieces.partition_point(|piece| piece.text.end <= range.start);
        self.pieces[from..].first().is_some_and(|piece| piece.text.start < range.end)
    }

    /// Where a byte of the text is in the file; the start of the placeholder if it is in a value.
    pub(super) fn in_file(&self, byte: usize) -> usize {
        let next = self.pieces.partition_point(|piece| piece.text.start <= byte);
        match next.checked_sub(1).map(|before| &self.pieces[before]) {
            None => byte,
            Some(piece) if byte < piece.text.end => piece.file.start,
            Some(piece) => piece.file.end + (byte - piece.text.end),
        }
    }

    /// Where a range of the file is in the text.
    pub(super) fn in_text(&self, range: &Range<usize>) -> Range<usize> {
        let at = |byte: usize| {
            let next = self.pieces.partition_point(|piece| piece.file.start < byte);
            next.checked_sub(1).map_or(byte, |before| {
                let piece = &self.pieces[before];
                piece.text.end + byte.saturating_sub(piece.file.end)
            })
        };
        at(range.start)..at(range.end)
    }

    /// A range of the text as it is in the file: a value that it touches is the whole placeholder.
    pub(super) fn as_in_file(&self, range: &Range<usize>) -> &str {
        let last = range.end.saturating_sub(1);
        let end = match self.pieces.iter().find(|piece| piece.text.contains(&last)) {
            Some(piece) => piece.file.end,
            None => self.in_file(range.end),
        };
        self.file.get(self.in_file(range.start)..end).unwrap_or_default()
    }

    /// A message without the values that the text has.
    pub(super) fn without_values<'m>(&self, message: &'m str) -> Cow<'m, str> {
        let mut hidden = Cow::Borrowed(message);
        let long = self.pieces.iter().filter(|piece| piece.value.chars().count() >= SHORTEST_HIDDEN);
        for piece in long.filter(|piece| message.contains(&piece.value)) {
            hidden = Cow::Owned(hidden.replace(&piece.value, &format!("${{{}}}", piece.name)));
        }
        hidden
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_is_that_in_the_file() {
        let file = "a ${x} b ${long} c";
        let pieces = vec![Piece::new(2..6, "x", "value"), Piece::new(9..16, "long", "")];
        let one = Substitution::new(file, pieces);
        assert_eq!(&**one.text(), "a value b  c");
        assert_eq!([0, 2, 4, 7, 8, 10, 11].map(|byte| one.in_file(byte)), [0, 2, 2, 6, 7, 16, 17]);
        assert_eq!(one.in_text(&(0..18)), 0..12);
        assert_eq!(one.in_text(&(7..17)), 8..11);
        assert_eq!([0..2, 2..7, 3..4, 0..12].map(|range| one.as_in_file(&range)), ["a ", "${x}", "${x}", file]);
        assert!(one.touches(&(0..3)) && one.touches(&(6..12)) && !one.touches(&(0..2)) && !one.touches(&(7..9)));
        assert_eq!(one.without_values("no value here"), "no ${x} here");
    }
}
