//! The order of names as JavaScript compares them.

use std::cmp::Ordering;

/// Compares as `localeCompare` does without a locale: by the root collation of the Unicode CLDR. Texts that are equal there are compared
/// by bytes.
#[cfg(feature = "tools")]
pub(super) fn compare(one: &str, other: &str) -> Ordering {
    use std::sync::OnceLock;

    use icu_collator::options::CollatorOptions;
    use icu_collator::{Collator, CollatorBorrowed};

    static ROOT: OnceLock<Option<CollatorBorrowed<'static>>> = OnceLock::new();
    let root = ROOT.get_or_init(|| Collator::try_new(Default::default(), CollatorOptions::default()).ok());
    let collated = root.as_ref().map_or(Ordering::Equal, |root| root.compare(one, other));
    collated.then_with(|| one.cmp(other))
}

/// Without the feature `tools`, no directory of a layout with this order is read.
#[cfg(not(feature = "tools"))]
pub(super) fn compare(one: &str, other: &str) -> Ordering {
    one.cmp(other)
}

#[cfg(all(test, feature = "tools"))]
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
