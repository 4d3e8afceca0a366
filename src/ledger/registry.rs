//! All formats of the history table, by name.

use super::format::HistoryFormat;

/// All formats of the history table, the native one first. To add one, add a file and a line here.
pub(super) const FORMATS: &[&HistoryFormat] = &[
    &super::native::FORMAT,
    &super::prisma::FORMAT,
    &super::flyway::FORMAT,
    &super::goose::FORMAT,
    &super::golang_migrate::FORMAT,
    &super::dbmate::FORMAT,
    &super::sqlx::FORMAT,
    &super::diesel::FORMAT,
    &super::refinery::FORMAT,
];

impl HistoryFormat {
    /// The native format.
    #[must_use]
    pub fn native() -> &'static Self {
        FORMATS[0]
    }

    /// The format with this name.
    #[must_use]
    pub fn named(word: &str) -> Option<&'static Self> {
        FORMATS.iter().copied().find(|format| format.word == word)
    }

    /// The names of all formats.
    pub fn words() -> impl Iterator<Item = &'static str> {
        FORMATS.iter().map(|format| format.word)
    }
}
