//! refinery's directories.

use super::described::described;
use migrascope::layout::{Layout, NewMigration, Ways};

fn read(files: &[(&'static str, &'static str)]) -> Result<Vec<String>, String> {
    described("refinery", files)
}

#[test]
fn files_are_found_in_every_folder() {
    let set = read(&[
        ("V1__init.sql", "SELECT 1"),
        ("V0002__leading_zeros.sql", "SELECT 1"),
        ("U3__late.sql", "SELECT 1"),
        ("V10__ten.sql", "-- nothing"),
        ("V9__nine.sql", "SELECT 1"),
        ("a/b/V4__deep.sql", "SELECT 1"),
        (".hidden/V5__hidden.sql", "SELECT 1"),
        ("V20240102030405__wide.sql", "SELECT 1"),
        ("V7___lead.sql", "SELECT 1"),
        ("V6__größe.sql", "SELECT 1"),
        ("mod.rs", "not SQL"),
        ("V11__code.rs", "not SQL"),
        ("V12__a-b.sql", "not SQL"),
        ("V13_a.sql", "not SQL"),
        ("v14__a.sql", "not SQL"),
        ("V15__a.SQL", "not SQL"),
        ("R__a.sql", "not SQL"),
    ]);
    assert_eq!(
        set.unwrap(),
        [
            "1 = init",
            "0002 = leading_zeros",
            "3 = late, out of order",
            "4 = deep",
            "5 = hidden",
            "6 = größe",
            "7 = _lead",
            "9 = nine",
            "10 = ten, empty",
            "20240102030405 = wide",
        ]
    );
}

#[test]
fn what_refinery_cannot_run_is_refused() {
    let not_an_integer = "the version does not fit into the history table, which has an integer";
    for (files, expected) in [
        (&[("V1.2__a.sql", "")][..], format!("V1.2__a.sql: {not_an_integer}")),
        (&[("V9223372036854775808__a.sql", "")], format!("V9223372036854775808__a.sql: {not_an_integer}")),
        (&[("V1__a.sql", ""), ("U01__b.sql", "")], "V1__a.sql: the version is already used by U01__b.sql".to_owned()),
        (&[("V1__a.sql", ""), ("b/V1__a.sql", "")], "b/V1__a.sql: the version is already used by V1__a.sql".to_owned()),
    ] {
        assert_eq!(read(files), Err(expected), "{files:?}");
    }
}

#[test]
fn a_new_migration_has_the_next_number_while_that_has_32_bits() {
    let new = NewMigration { name: "Add users", timestamp: "20260131120000", ways: Ways::Up };
    for (existing, expected) in [
        (None, "V1__add_users.sql"),
        (Some("V1__a.sql"), "V2__add_users.sql"),
        (Some("V007__a.sql"), "V008__add_users.sql"),
        (Some("V20240101__a.sql"), "V20240102__add_users.sql"),
        (Some("V20240102030405__a.sql"), "V20260131120000__add_users.sql"),
    ] {
        let folder = super::directory(&existing.map(|name| (name, &b""[..])).into_iter().collect::<Vec<_>>());
        let created = Layout::named("refinery").unwrap().create(folder.path(), &new).unwrap();
        assert_eq!(created, [folder.path().join(expected)], "{existing:?}");
    }
}
