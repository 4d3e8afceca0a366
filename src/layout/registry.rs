//! All layouts, by name.

use super::format::Layout;

/// All layouts, the native one first. To add one, add a line here and a file.
pub(super) const LAYOUTS: &[&Layout] = &[
    &super::native::LAYOUT,
    &super::prisma::LAYOUT,
    &super::flyway::LAYOUT,
    &super::goose::LAYOUT,
    &super::golang_migrate::LAYOUT,
    &super::dbmate::LAYOUT,
    &super::sqlx::LAYOUT,
    &super::diesel::LAYOUT,
    &super::refinery::LAYOUT,
    &super::drizzle::LAYOUT,
    &super::supabase::LAYOUT,
];

impl Layout {
    /// The native layout.
    #[must_use]
    pub fn native() -> &'static Self {
        LAYOUTS[0]
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
