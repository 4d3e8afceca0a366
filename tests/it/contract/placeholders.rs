//! Placeholders: values of an environment in scripts.

use std::path::Path;

use crate::support::{TestDatabase, on_each};

/// A value that must be seen in the database and nowhere else.
const VALUE: &str = "hunter2secret";

/// Runs the binary with these values; returns its exit code and what it printed.
fn run(database: &TestDatabase, directory: &Path, values: &[(&str, &str)], arguments: &str) -> (i32, String) {
    let mut command = database.binary(directory);
    command.args(arguments.split(' ')).env("COLUMNS", "200");
    for (name, value) in values {
        command.env(format!("MIGRASCOPE_PLACEHOLDER_{name}"), value);
    }
    let output = command.output().unwrap();
    (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn a_value_is_replaced_where_it_is_declared() {
    on_each(|database| {
        let text =
            "CREATE TABLE ${prefix}_users (name VARCHAR(40));\nINSERT INTO ${Prefix}_users VALUES ('${who}, $${who}');";
        let directory = database.migrations(&[("1_users.sql", text)]);
        let (code, printed) = run(database, &directory, &[("PREFIX", "app"), ("WHO", VALUE)], "up --format json");
        assert_eq!(code, 0, "{printed}");
        assert_eq!(database.value("SELECT name FROM app_users"), format!("{VALUE}, $${{who}}"));
        assert!(!printed.contains(VALUE) && printed.contains("CREATE TABLE prefix_users"), "{printed}");

        // The checksum is that of the file, so another value is no change.
        let (code, printed) = run(database, &directory, &[("PREFIX", "other"), ("WHO", "x")], "verify");
        assert_eq!(code, 0, "{printed}");
    });
}

#[test]
fn a_name_without_a_value_is_refused_with_its_place_before_anything_runs() {
    on_each(|database| {
        let files =
            [("1_a.sql", "CREATE TABLE a (i INTEGER);"), ("2_b.sql", "SELECT 1;\nSELECT '${nobody}', '${prefix}';")];
        let directory = database.migrations(&files);
        let (code, printed) = run(database, &directory, &[("PREFIX", "app")], "up");
        assert_eq!(code, 2, "{printed}");
        assert!(printed.contains("no value is given for the placeholder ${nobody}"), "{printed}");
        assert!(printed.contains("2_b.sql:2:9"), "{printed}");
        assert_eq!(run(database, &directory, &[("PREFIX", "app")], "up --to 1").0, 2);

        // Where none is declared, a script is left as it is.
        let (code, printed) = run(database, &directory, &[], "up");
        assert_eq!(code, 0, "{printed}");
    });
}

#[test]
fn a_failure_is_placed_in_the_file_and_shows_no_value() {
    on_each(|database| {
        let text = "CREATE TABLE a (i INTEGER);\nINSERT INTO ${table} VALUES (1);";
        let directory = database.migrations(&[("1_a.sql", text)]);
        for arguments in ["up", "up --format json", "status", "status --format json"] {
            let (code, printed) = run(database, &directory, &[("TABLE", VALUE)], arguments);
            assert_eq!(code == 0, arguments.starts_with("status"), "{code}: {printed}");
            assert!(!printed.contains(VALUE), "{arguments}: {printed}");
            if arguments == "up" {
                assert!(printed.contains("1_a.sql:2:") && printed.contains("INSERT INTO ${table} VALUES"), "{printed}");
            }
        }
        let journal = database.query("SELECT error_text, done_checksum FROM _migrascope_journal");
        assert!(!journal.is_empty() && !format!("{journal:?}").contains(VALUE), "{journal:?}");
        assert!(format!("{journal:?}").contains("${table}"), "{journal:?}");
    });
}
