//! The order of names as JavaScript compares them.

use std::cmp::Ordering;
use std::sync::OnceLock;

use icu_collator::options::CollatorOptions;
use icu_collator::{Collator, CollatorBorrowed};

/// Compares as `localeCompare` does without a locale: by the root collation of the Unicode CLDR. Texts that are equal there are compared
/// by bytes.
pub(super) fn compare(one: &str, other: &str) -> Ordering {
    static ROOT: OnceLock<Option<CollatorBorrowed<'static>>> = OnceLock::new();
    let root = ROOT.get_or_init(|| Collator::try_new(Default::default(), CollatorOptions::default()).ok());
    let collated = root.as_ref().map_or(Ordering::Equal, |root| root.compare(one, other));
    collated.then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::compare;

    /// As Prisma 7.10 applied them.
    #[test]
    fn names_are_in_the_order_of_javascript() {
        let applied =
            ["_u", "-d", "10_x", "20240101000000_z", "20240101000000-y", "9_x", "a_low", "B_up", "\u{e9}", "z"];
        let mut names = applied;
        names.reverse();
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(names, applied);
    }
}
