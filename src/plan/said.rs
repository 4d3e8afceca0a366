//! The message about statements in doubt.

use crate::migration::Key;

/// Says that it is unknown whether the statements from `first` to `last`, counted from 1, took effect.
pub(super) fn said(first: usize, last: usize, key: &Key, name: &str, summary: &str) -> String {
    if first == last {
        return format!("it is unknown whether statement {first} of migration {key} ({name}) took effect: {summary}");
    }
    format!(
        "it is unknown which of statements {first} to {last} of migration {key} ({name}) took effect, because nothing can be recorded while \
        tables are locked: {summary}"
    )
}
