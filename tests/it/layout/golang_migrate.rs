//! golang-migrate's directories.

use super::described::described;

fn read(files: &[(&'static str, &'static str)]) -> Result<Vec<String>, String> {
    described("golang-migrate", files)
}

#[test]
fn each_file_is_for_one_direction_and_either_may_be_missing() {
    let set = read(&[
        ("000001_init.up.sql", "CREATE TABLE a (i INTEGER);"),
        ("000001_init.down.sql", "DROP TABLE a;"),
        ("2_only_up.up.sql", "SELECT 1"),
        ("3_only_down.down.sql", "SELECT 1"),
        ("4_create.up.sql", "SELECT 1"),
        ("4_drop_it.down.sql", "SELECT 1"),
        ("5_empty.up.sql", ""),
        ("5_empty.down.sql", "-- nothing\n"),
        ("6_own.up.sql", "BEGIN;\r\nCREATE TABLE b (i INTEGER);\r\nCOMMIT;\r\n"),
        ("20_late.up..sql", "SELECT 1"),
        ("100_x.down.up.sql", "SELECT 1"),
        ("101_.up.txt", "SELECT 1"),
        ("0_zero.up.sql", "SELECT 1"),
        ("7_upper.UP.sql", "not SQL"),
        ("8.up.sql", "not SQL"),
        ("9_x.up", "not SQL"),
        ("10_x.sql", "not SQL"),
        ("README.md", "# Migrations"),
        ("18446744073709551616_x.up.sql", "not SQL"),
        ("old/11_x.up.sql", "not SQL"),
        ("migrate.go", "package main"),
    ]);
    assert_eq!(
        set.unwrap(),
        [
            "0 = zero",
            "000001 = init, down",
            "2 = only_up",
            "3 = only_down, empty, down",
            "4 = create, down",
            "5 = empty, empty, down is empty",
            "6 = own",
            "20 = late",
            "100 = x.down",
            "101 = ",
        ]
    );
}

#[test]
fn what_golang_migrate_cannot_run_is_refused() {
    assert_eq!(
        read(&[("1_a.up.sql", ""), ("01_b.up.sql", ""), ("1_a.down.sql", "")]),
        Err("1_a.up.sql: the version is already used by 01_b.up.sql".to_owned())
    );
    assert_eq!(
        read(&[("9223372036854775808_a.up.sql", "")]),
        Err("9223372036854775808_a.up.sql: the version does not fit into the history table, which has a number of 64 bits with a sign".to_owned())
    );
    assert!(read(&[("README.md", "")]).unwrap_err().contains("no migrations"));
}
