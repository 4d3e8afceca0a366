//! What SQLite is asked about the health of its file.

use crate::database::{Judge, Probe};

/// Both checks read the whole file: beyond this they would keep a deployment waiting.
const LARGEST_FILE: u64 = 1 << 30;

pub(super) fn probes() -> Vec<Probe> {
    let too_large = format!(
        "SELECT 'the file has more than {} MB' FROM pragma_page_count, pragma_page_size \
         WHERE page_count * page_size > {LARGEST_FILE}",
        LARGEST_FILE >> 20
    );
    vec![
        Probe {
            name: "quick_check",
            unless: Some(too_large.clone()),
            sql: "SELECT quick_check FROM pragma_quick_check WHERE quick_check <> 'ok'".to_owned(),
            judge: Judge::NoRows,
            help: "the file is damaged: restore it from a backup, or save what can be read with sqlite3's .recover",
        },
        Probe {
            name: "foreign_keys",
            unless: Some(too_large),
            sql: "SELECT \"table\" || ' row ' || coalesce(rowid, '?') || ' refers to nothing in ' || \"parent\" \
                  FROM pragma_foreign_key_check"
                .to_owned(),
            judge: Judge::NoRows,
            help: "migrations run with foreign keys off: add the missing rows, or remove those that refer to them",
        },
    ]
}
