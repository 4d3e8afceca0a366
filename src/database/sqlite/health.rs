//! The health checks of an SQLite file.

use crate::database::{Evaluation, Probe};
use crate::report::BuiltIn;

/// The largest file to check, in bytes. Both checks read the whole file, and a larger one would delay a deployment.
const LARGEST_FILE: u64 = 1 << 30;

/// The second column identifies a finding by its two tables, because a table rebuild may give its rows other rowids.
const FOREIGN_KEYS: &str = "SELECT \"table\" || ' row ' || coalesce(rowid, '?') || ' has no matching row in ' || \"parent\", \
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
            evaluation: Evaluation::Faults,
            help: "the file is corrupt: restore it from a backup, or save what is readable with sqlite3's .recover",
        },
        Probe {
            check: BuiltIn::ForeignKeys,
            unless: Some(too_large),
            sql: FOREIGN_KEYS.to_owned(),
            evaluation: Evaluation::Faults,
            help: "migrations run with foreign keys off: add the missing rows, or delete those that refer to them",
        },
    ]
}
