//! The message about statements in doubt.

use crate::migration::Version;

/// Says that it is unknown whether the statements from `first` to `last`, counted from 1, took effect.
pub(super) fn said(first: usize, last: usize, version: &Version, name: &str, summary: &str) -> String {
    if first == last {
        return format!(
            "it is unknown whether statement {first} of migration {version} ({name}) took effect: {summary}"
        );
    }
    format!(
        "it is unknown which of statements {first} to {last} of migration {version} ({name}) took effect, because nothing can be recorded while \
        tables are locked: {summary}"
    )
}
