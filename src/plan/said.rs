//! How a statement in doubt is named.

use crate::migration::Version;

/// Of which statements nobody can say whether they took effect, the first and the last of them counted from 1.
pub(super) fn said(first: usize, last: usize, version: &Version, name: &str, summary: &str) -> String {
    if first == last {
        return format!(
            "nobody can say whether statement {first} of migration {version} ({name}) took effect: {summary}"
        );
    }
    format!(
        "nobody can say which of statements {first} to {last} of migration {version} ({name}) took effect, because nothing is noted while \
         tables are locked: {summary}"
    )
}
