//! refinery's directory and history table. What refinery writes was captured from version 0.9.

use std::path::Path;

use crate::support::{Backend, TestDatabase, on, on_each};

const LINES: &str = "CREATE TABLE t (id int);\nINSERT INTO t VALUES (1);\n";
const INIT: (&str, &str) = ("V1__init.sql", LINES);
/// The checksums of this file with versions of 32 and of 64 bits.
const CHECKSUMS: [&str; 2] = ["17803258290779964859", "11886549478539311332"];
const SECOND: (&str, &str) = ("V0002__second.sql", "CREATE TABLE second (id INTEGER);");
const LATE: (&str, &str) = ("U3__late.sql", "CREATE TABLE late (id INTEGER);");
const FOURTH: (&str, &str) = ("V4__fourth.sql", "CREATE TABLE fourth (id INTEGER);");
const WIDE: (&str, &str) = ("V20240102030405__wide.sql", "CREATE TABLE wide (id INTEGER);");

/// Runs the binary on a directory of refinery; returns its exit code and what it printed.
fn ours(database: &TestDatabase, directory: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = database.binary(directory);
    let output = command.args(arguments).env("MIGRASCOPE_LAYOUT", "refinery").env("COLUMNS", "200").output().unwrap();
    (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[track_caller]
fn succeeds(database: &TestDatabase, directory: &Path, arguments: &[&str]) -> String {
    let (code, printed) = ours(database, directory, arguments);
    assert_eq!(code, 0, "{arguments:?}: {printed}");
    printed
}

#[track_caller]
fn refuses(database: &TestDatabase, directory: &Path, arguments: &[&str]) -> String {
    let (code, printed) = ours(database, directory, arguments);
    assert_eq!(code, 4, "{arguments:?}: {printed}");
    printed
}

/// refinery's own statement, with the type that it gives to versions.
fn their_table(database: &TestDatabase, version: &str) {
    database.query(&format!(
        "CREATE TABLE IF NOT EXISTS refinery_schema_history(\n             version {version} PRIMARY KEY,\n             \
         name VARCHAR(255),\n             applied_on VARCHAR(255),\n             checksum VARCHAR(255));"
    ));
}

fn their_row(database: &TestDatabase, checksum: &str) {
    database.query(&format!(
        "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
         VALUES (1, 'init', '2026-11-29T21:32:53.882156948Z', '{checksum}')"
    ));
}

fn recorded(database: &TestDatabase) -> String {
    let rows = database.query("SELECT version FROM refinery_schema_history ORDER BY version");
    rows.into_iter().map(|row| row.into_iter().flatten().collect::<String>()).collect::<Vec<_>>().join(" ")
}

#[test]
fn we_go_on_where_refinery_has_stopped() {
    on_each(|database| {
        for (version, checksum) in ["int4", "int8"].into_iter().zip(CHECKSUMS) {
            let database = TestDatabase::fresh(database.backend).unwrap();
            their_table(&database, version);
            their_row(&database, checksum);
            let directory = database.migrations(&[INIT, SECOND]);
            let status = succeeds(&database, &directory, &["status"]);
            assert!(status.contains("1 migration applied, 1 pending"), "{status}");
            assert!(status.contains("2026-11-29T21:32:53.882156948Z"), "{status}");
            succeeds(&database, &directory, &["up"]);
            assert_eq!(recorded(&database), "1 2", "{version}");
            succeeds(&database, &directory, &["verify"]);
            refuses(&database, &directory, &["down", "--yes"]);
        }
    });
}

#[test]
fn a_row_is_the_one_that_refinery_writes() {
    on_each(|database| {
        for (files, checksum) in [(&[INIT][..], CHECKSUMS[0]), (&[INIT, WIDE], CHECKSUMS[1])] {
            let database = TestDatabase::fresh(database.backend).unwrap();
            succeeds(&database, &database.migrations(files), &["up"]);
            let row =
                &database.query("SELECT name, checksum, applied_on FROM refinery_schema_history WHERE version = 1")[0];
            assert_eq!(row[..2], ["init", checksum].map(|text| Some(text.to_owned())));
            let time = row[2].clone().unwrap();
            assert!(time.starts_with("20") && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
            assert!(humantime::parse_rfc3339(&time).is_ok(), "{time}");
        }
    });
}

/// The columns of the history table.
fn columns(database: &TestDatabase) -> Vec<Vec<Option<String>>> {
    database.query(match database.backend {
        Backend::Sqlite => {
            "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('refinery_schema_history')"
        }
        Backend::Postgres => {
            "SELECT column_name::text, data_type::text, character_maximum_length::text, is_nullable::text, column_default::text \
             FROM information_schema.columns WHERE table_name = 'refinery_schema_history' \
             UNION ALL SELECT indexname::text, indexdef::text, '', '', '' FROM pg_indexes WHERE tablename = 'refinery_schema_history' ORDER BY 1"
        }
        Backend::Mysql => {
            "SELECT column_name, column_type, is_nullable, column_default, column_key FROM information_schema.columns \
             WHERE table_name = 'refinery_schema_history' AND table_schema = DATABASE() ORDER BY ordinal_position"
        }
    })
}

#[test]
fn the_table_is_the_one_that_refinery_makes() {
    on_each(|database| {
        for (version, file) in [("int4", SECOND), ("int8", WIDE)] {
            let [theirs, other] = [(), ()].map(|()| TestDatabase::fresh(database.backend).unwrap());
            their_table(&theirs, version);
            succeeds(&other, &other.migrations(&[file]), &["up"]);
            assert!(columns(&theirs).len() >= 4);
            assert_eq!(columns(&other), columns(&theirs));
        }
    });
}

#[test]
fn only_a_file_with_u_may_be_late() {
    on_each(|database| {
        succeeds(database, &database.migrations(&[INIT, FOURTH]), &["up"]);
        let late = database.migrations(&[INIT, SECOND, LATE, FOURTH]);
        let printed = refuses(database, &late, &["up"]);
        assert!(printed.contains("0002 (second)") && !printed.contains("3 (late) is"), "{printed}");
        assert_eq!(recorded(database), "1 4");
        let printed = succeeds(database, &database.migrations(&[INIT, LATE, FOURTH]), &["up"]);
        assert!(
            printed.contains("migration 3 (late) is older than 4, which is applied, and is applied all the same"),
            "{printed}"
        );
        assert_eq!(recorded(database), "1 3 4");
        // What the setting `abort_missing = false` does.
        succeeds(database, &late, &["up", "--order", "skip"]);
        assert_eq!(recorded(database), "1 3 4");
    });
}

#[test]
fn changed_renamed_and_missing_files_are_refused() {
    on_each(|database| {
        succeeds(database, &database.migrations(&[INIT, SECOND]), &["up"]);
        let missing = database.migrations(&[SECOND]);
        refuses(database, &missing, &["up"]);
        succeeds(database, &missing, &["up", "--allow-missing"]);
        // Line ends and the name are part of the checksum; leading zeros and the letter are not.
        let windows = LINES.replace('\n', "\r\n");
        for (name, text) in [(INIT.0, &*windows), ("V1__begin.sql", LINES)] {
            let changed = database.migrations(&[(name, text), SECOND]);
            refuses(database, &changed, &["up"]);
            succeeds(database, &changed, &["up", "--allow-changed"]);
        }
        succeeds(database, &database.migrations(&[("U001__init.sql", LINES), SECOND]), &["verify"]);

        let changed = database.migrations(&[("V1__begin.sql", &windows), SECOND]);
        succeeds(database, &changed, &["repair", "--accept-changes", "1", "--reason", "a test"]);
        succeeds(database, &changed, &["verify"]);
        assert_eq!(database.value("SELECT name FROM refinery_schema_history WHERE version = 1"), "begin");
    });
}

#[test]
fn a_version_that_does_not_fit_into_the_table_is_refused_before_anything_runs() {
    on_each(|database| {
        their_table(database, "int4");
        let directory = database.migrations(&[SECOND, WIDE]);
        let (code, printed) = ours(database, &directory, &["up"]);
        assert_eq!(code, 1, "{printed}");
        assert!(printed.contains("a version on disk has more than 32 bits"), "{printed}");
        assert_eq!(recorded(database), "");
    });
}

#[test]
fn a_concurrent_index_is_applied_and_recorded() {
    on(Backend::Postgres, |database| {
        let index = ("V2__index.sql", "CREATE INDEX CONCURRENTLY t_id ON t (id);");
        succeeds(database, &database.migrations(&[INIT, index]), &["up"]);
        assert_eq!(recorded(database), "1 2");
    });
}
