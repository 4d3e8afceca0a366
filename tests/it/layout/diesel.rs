//! diesel's directories.

use super::described::described;

fn read(files: &[(&'static str, &'static str)]) -> Result<Vec<String>, String> {
    described("diesel", files)
}

#[test]
fn every_folder_is_a_migration_in_the_order_of_its_text() {
    let set = read(&[
        ("00000000000000_diesel_initial_setup/up.sql", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"),
        ("00000000000000_diesel_initial_setup/down.sql", "DROP FUNCTION f();"),
        ("2024-01-02-030405_add_users/up.sql", "SELECT 1"),
        ("2024-01-02-030405_add_users/down.sql", "-- This file should undo anything in `up.sql`\n"),
        ("2026-11-29-205345-000a_hex/up.sql", "SELECT 1"),
        ("20240101000000_dense/up.sql", "SELECT 1"),
        ("20240101000000_dense/notes.txt", "text"),
        ("9_x/up.sql", "SELECT 1"),
        ("10_x/up.sql", "SELECT 1"),
        ("007_x/up.sql", "SELECT 1"),
        ("7_x/up.sql", "SELECT 1"),
        ("foo-bar_baz/up.sql", "SELECT 1"),
        ("nodash/up.sql", "SELECT 1"),
        (".keep", ""),
        (".diesel_lock", ""),
        (".hidden_x/down.sql", "SELECT 1"),
        ("loose.sql", "SELECT 1"),
    ]);
    assert_eq!(
        set.unwrap(),
        [
            "00000000000000 = diesel_initial_setup, down",
            "007 = x",
            "10 = x",
            "20240101000000 = dense",
            "20240102030405 = add_users, down is empty",
            "20261129205345000a = hex",
            "7 = x",
            "9 = x",
            "foobar = baz",
            "nodash = nodash",
        ]
    );
}

#[test]
fn a_metadata_file_without_the_key_means_no_transaction() {
    for (metadata, expected) in [
        ("run_in_transaction = true", "1 = a"),
        ("run_in_transaction=true # yes", "1 = a"),
        ("run_in_transaction = false", "1 = a, no transaction"),
        ("", "1 = a, no transaction"),
        ("# a comment\n", "1 = a, no transaction"),
        ("other = 1\n", "1 = a, no transaction"),
        ("[table]\nrun_in_transaction = true\n", "1 = a, no transaction"),
        ("# run_in_transaction = true\n", "1 = a, no transaction"),
        ("run_in_transaction = \"false\"", "1 = a"),
        ("this is no TOML", "1 = a"),
    ] {
        let set = read(&[("1_a/up.sql", "SELECT 1"), ("1_a/metadata.toml", metadata)]);
        assert_eq!(set, Ok(vec![expected.to_owned()]), "{metadata:?}");
    }
}

#[test]
fn what_diesel_cannot_run_is_refused() {
    const LONG: &str = "123456789012345678901234567890123456789012345678901_x/up.sql";
    let long = "the version does not fit into the history table, which has 50 characters";
    for (files, expected) in [
        (&[("1_a/down.sql", "SELECT 1")][..], "1_a/up.sql: the folder has no up.sql".to_owned()),
        (&[("1_a/UP.SQL", "SELECT 1")], "1_a/up.sql: the folder has no up.sql".to_owned()),
        (&[("1_a/.keep", "")], "1_a/up.sql: the folder has no up.sql".to_owned()),
        (&[("1_a/up.sql", "")], "1_a/up.sql: the file is empty".to_owned()),
        (
            &[("1-0_a/up.sql", "SELECT 1"), ("10_b/up.sql", "SELECT 1")],
            "10_b/up.sql: the version is already used by 1-0_a/up.sql".to_owned(),
        ),
        (&[(LONG, "SELECT 1")], format!("{}: {long}", LONG.trim_end_matches("/up.sql"))),
    ] {
        assert_eq!(read(files), Err(expected), "{files:?}");
    }
    assert!(read(&[("_a/up.sql", "SELECT 1")]).unwrap_err().starts_with("_a: the file name has no version"));
}
