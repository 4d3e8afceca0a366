//! All layouts, by name.

use super::format::Layout;
use super::native;

/// All layouts. To add one, add a line here and a file.
pub(super) const LAYOUTS: &[&Layout] = &[&native::LAYOUT];

impl Layout {
    /// The native layout.
    #[must_use]
    pub fn native() -> &'static Self {
        &native::LAYOUT
    }

    /// The layout with this name.
    #[must_use]
    pub fn named(word: &str) -> Option<&'static Self> {
        LAYOUTS.iter().copied().find(|layout| layout.word == word)
    }

    /// The names of all layouts.
    pub fn words() -> impl Iterator<Item = &'static str> {
        LAYOUTS.iter().map(|layout| layout.word)
    }
}
