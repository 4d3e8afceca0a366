//! Prisma's directories.

use migrascope::layout::{EmbeddedFiles, Layout, LayoutError, Reader};
use migrascope::migration::{Dialect, MigrationSet};

fn read(files: &[(&'static str, &'static str)]) -> Result<Vec<String>, String> {
    let files = EmbeddedFiles::from(files.to_vec());
    let set = Reader::embedded(&files, Dialect::Postgres).layout(Layout::named("prisma").unwrap()).migrations();
    let described = |set: MigrationSet| {
        set.iter()
            .map(|one| {
                let down = if one.down.is_some() { " with down" } else { "" };
                let unusable = if one.up.parsed().is_err() { " unusable" } else { "" };
                format!("{} = {}{down}{unusable}", one.key, one.name)
            })
            .collect()
    };
    set.map(described).map_err(|error| match error {
        LayoutError::Files(problems) => {
            problems.iter().map(|one| format!("{}: {one}", one.path.display())).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    })
}

#[test]
fn every_folder_is_a_migration() {
    let set = read(&[
        ("20240102030405_add_users/migration.sql", "SELECT 1"),
        ("20240102030405_again/migration.sql", ""),
        ("20240102030405_again/down.sql", "SELECT 1"),
        ("20240102030405/migration.sql", "SELECT 1"),
        ("20240102030406_/migration.sql", "SELECT 1"),
        ("20240102030407_a b/migration.sql", "SELECT 1"),
        ("init/migration.sql", "SELECT 1"),
        ("10_x/migration.sql", "SELECT 1"),
        ("9_x/migration.sql", "SELECT 1"),
        ("20240103_in_code/migration.ts", "export {}"),
        ("hooks/before_each.sql", "SELECT 1"),
        ("migration_lock.toml", "# a comment\nprovider = \"postgresql\""),
        ("loose.sql", "SELECT 1"),
    ]);
    assert_eq!(
        set.unwrap(),
        [
            "10_x = 10_x",
            "20240102030405 = 20240102030405",
            "20240102030405_add_users = add_users",
            "20240102030405_again = again with down",
            "20240102030406_ = ",
            "20240102030407_a b = a b",
            "20240103_in_code = 20240103_in_code unusable",
            "9_x = 9_x",
            "init = init",
        ]
    );
}

#[test]
fn the_lock_file_names_the_database() {
    for (text, expected) in [
        ("provider = \"sqlite\"", "migration_lock.toml: the migrations are for sqlite"),
        ("provider=\"cockroachdb\"", "migration_lock.toml: the migrations are for cockroachdb"),
        ("", "migration_lock.toml: the migrations are for no database"),
    ] {
        assert_eq!(read(&[("a/migration.sql", ""), ("migration_lock.toml", text)]), Err(expected.to_owned()));
    }
}
