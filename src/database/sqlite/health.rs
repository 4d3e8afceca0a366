//! What SQLite is asked about the health of its file.

use crate::database::{Judge, Probe};
use crate::report::BuiltIn;

/// Both checks read the whole file: beyond this they would keep a deployment waiting.
const LARGEST_FILE: u64 = 1 << 30;

/// A table that is built anew may give its rows other numbers: then they are known again by both tables.
const FOREIGN_KEYS: &str = "SELECT \"table\" || ' row ' || coalesce(rowid, '?') || ' refers to nothing in ' || \"parent\", \
     quote(\"table\") || ' ' || quote(\"parent\") FROM pragma_foreign_key_check";

pub(super) fn probes() -> Vec<Probe> {
    let too_large = format!(
        "SELECT 'the file has more than {} MB' FROM pragma_page_count, pragma_page_size \
         WHERE page_count * page_size > {LARGEST_FILE}",
        LARGEST_FILE >> 20
    );
    vec![
        Probe {
            check: BuiltIn::QuickCheck,
            unless: Some(too_large.clone()),
            sql: "SELECT quick_check FROM pragma_quick_check WHERE quick_check <> 'ok'".to_owned(),
            judge: Judge::Faults,
            help: "the file is damaged: restore it from a backup, or save what can be read with sqlite3's .recover",
        },
        Probe {
            check: BuiltIn::ForeignKeys,
            unless: Some(too_large),
            sql: FOREIGN_KEYS.to_owned(),
            judge: Judge::Faults,
            help: "migrations run with foreign keys off: add the missing rows, or remove those that refer to them",
        },
    ]
}
