//! All formats of the history table, by name.

use super::format::HistoryFormat;
use crate::migration::{MigrationSet, VersionOrder};

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
    &super::drizzle::FORMAT,
    &super::supabase::FORMAT,
];

/// Formats that take the place of another one of the same name where versions are compared in this order: newer versions of a tool have
/// other files and another table.
const VARIANTS: &[Variant] = &[Variant { order: VersionOrder::Collation, format: &super::drizzle::BY_NAME }];

struct Variant {
    order: VersionOrder,
    format: &'static HistoryFormat,
}

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

    /// The format of this name for these files.
    pub(crate) fn for_files(&'static self, set: &MigrationSet) -> &'static Self {
        let fits = |variant: &&Variant| variant.order == set.order() && variant.format == self;
        VARIANTS.iter().find(fits).map_or(self, |variant| variant.format)
    }

    /// The names of all formats.
    pub fn words() -> impl Iterator<Item = &'static str> {
        FORMATS.iter().map(|format| format.word)
    }
}
