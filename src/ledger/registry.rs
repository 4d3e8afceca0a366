//! Every format of a history table, by its name.

use super::format::HistoryFormat;

/// Every format of a history table, the native one first; a new one is a line here, and a file.
pub(super) const FORMATS: &[&HistoryFormat] = &[&super::native::FORMAT];

impl HistoryFormat {
    /// Our own.
    #[must_use]
    pub fn native() -> &'static Self {
        FORMATS[0]
    }

    /// The format of this name.
    #[must_use]
    pub fn named(word: &str) -> Option<&'static Self> {
        FORMATS.iter().copied().find(|format| format.word == word)
    }

    /// The names of all of them.
    pub fn words() -> impl Iterator<Item = &'static str> {
        FORMATS.iter().map(|format| format.word)
    }
}
