//! Every layout, by its name.

use super::format::Layout;
use super::native;

/// Every layout; a new one is a line here, and a file.
pub(super) const LAYOUTS: &[&Layout] = &[&native::LAYOUT];

impl Layout {
    /// Our own.
    #[must_use]
    pub fn native() -> &'static Self {
        &native::LAYOUT
    }

    /// The layout of this name.
    #[must_use]
    pub fn named(word: &str) -> Option<&'static Self> {
        LAYOUTS.iter().copied().find(|layout| layout.word == word)
    }

    /// The names of all of them.
    pub fn words() -> impl Iterator<Item = &'static str> {
        LAYOUTS.iter().map(|layout| layout.word)
    }
}
