//! What is found without a flag: directory, layout and history.

use super::Door;

/// A project with these files, and no folder `migrations` unless they have one.
fn project(files: &[(&str, &str)]) -> Door {
    let door = Door::empty();
    files.iter().for_each(|(name, text)| door.write(name, text));
    // The project ends here, whatever is above the temporary folder.
    door.write(".git/HEAD", "");
    door
}

const TABLE: &str = "CREATE TABLE a (i INTEGER);";
const GOOSE: &str = "-- +goose Up\nCREATE TABLE a (i INTEGER);\n-- +goose Down\nDROP TABLE a;";
const DBMATE: &str = "-- migrate:up\nCREATE TABLE a (i INTEGER);\n-- migrate:down\nDROP TABLE a;";

/// The first line of what `up` prints, if the migration is applied.
#[track_caller]
fn found(files: &[(&str, &str)]) -> String {
    let door = project(files);
    let up = door.run(&["up"]).good();
    assert!(up.contains("1 migration applied"), "{up}");
    assert!(door.run(&["status"]).good().contains("1 migration applied, 0 pending"));
    up.lines().next().unwrap().to_owned()
}

#[test]
fn a_tools_own_signs_are_enough() {
    for (files, expected) in [
        (
            vec![("prisma/migrations/20240101000000_a/migration.sql", TABLE)],
            "migrations in prisma/migrations, layout prisma, because it has folders with migration.sql",
        ),
        (
            vec![("migrations/a/migration.sql", TABLE), ("migrations/migration_lock.toml", "provider = \"sqlite\"")],
            "layout prisma, because it has migration_lock.toml",
        ),
        (vec![("migrations/1_a.sql", GOOSE)], "layout goose, because its files have \"-- +goose Up\""),
        (
            vec![("db/migrations/1_a.sql", DBMATE)],
            "migrations in db/migrations, layout dbmate, because its files have \"migrate:up\"",
        ),
        (vec![("migrations/2024-01-01-000000_a/up.sql", TABLE)], "layout diesel, because it has folders with up.sql"),
        (
            vec![("src/main/resources/db/migration/V1__a.sql", TABLE)],
            "migrations in src/main/resources/db/migration, layout flyway",
        ),
        (
            vec![("migrations/V1__a.sql", TABLE), ("refinery.toml", "[main]\ndb_type = \"Sqlite\"")],
            "layout refinery, because the project has refinery.toml",
        ),
        (
            vec![("migrations/1_a.up.sql", TABLE), ("go.mod", "module m")],
            "layout golang-migrate, because the project has go.mod",
        ),
    ] {
        assert_eq!(found(&files), expected);
    }
}

#[test]
fn numbered_files_are_native_unless_the_database_says_otherwise() {
    let files = [("migrations/1_a.sql", TABLE), ("Cargo.toml", "sqlx = \"0.9\"")];
    let door = project(&files);
    let up = door.run(&["up"]).good();
    assert!(up.starts_with("migrascope "), "{up}");

    let door = project(&files);
    door.run(&["up", "--layout", "sqlx"]).good();
    let status = door.run(&["status"]).good();
    assert!(status.starts_with("layout sqlx, because the database has _sqlx_migrations\n"), "{status}");
    assert!(status.contains("1 migration applied, 0 pending"), "{status}");
    // What is named is not looked for.
    let status = door.run(&["status", "--layout", "native", "--allow-nonempty"]);
    assert!(status.stdout.contains("0 migrations applied, 1 pending"), "{status}");
}

#[test]
fn what_could_be_two_things_is_refused_with_both_flags() {
    let door = project(&[
        ("migrations/1_a.up.sql", TABLE),
        ("migrations/1_a.down.sql", "DROP TABLE a;"),
        ("migrations/0_mixed.sql", "SELECT 1"),
    ]);
    let up = door.run(&["up"]);
    assert_eq!(up.code, Some(2), "{up}");
    assert!(up.stderr.contains("the directory migrations could have the layout golang-migrate or sqlx"), "{up}");
    assert!(up.stderr.contains("--layout golang-migrate or --layout sqlx"), "{up}");
    door.run(&["up", "--layout", "golang-migrate"]).good();
    assert!(
        door.run(&["status"]).good().starts_with("layout golang-migrate, because the database has schema_migrations")
    );

    let door = project(&[("migrations/1_a.sql", GOOSE), ("migrations/2_b.sql", DBMATE)]);
    let up = door.run(&["up"]);
    assert_eq!(up.code, Some(2), "{up}");
    assert!(up.stderr.contains("goose (its files have") && up.stderr.contains("dbmate (its files have"), "{up}");

    let door = project(&[("prisma/migrations/a/migration.sql", TABLE), ("db/migrations/1_a.sql", DBMATE)]);
    let up = door.run(&["up"]);
    assert_eq!(up.code, Some(2), "{up}");
    assert!(up.stderr.contains("migrations could be in prisma/migrations or db/migrations"), "{up}");
    assert!(!door.path().join("migrascope.db").exists(), "nothing was touched");
}

#[test]
fn a_new_migration_is_one_of_the_directorys_layout() {
    let door = project(&[("prisma/migrations/20240101000000_a/migration.sql", TABLE)]);
    let new = door.run(&["new", "add_users"]).good();
    assert!(new.contains("_add_users/migration.sql"), "{new}");
    let door = project(&[("db/migrations/20240101000000_a.sql", DBMATE)]);
    let new = door.run(&["new", "add_users"]).good();
    let file = new.lines().find_map(|line| line.strip_prefix("created ")).unwrap();
    assert!(std::fs::read_to_string(door.path().join(file)).unwrap().contains("-- migrate:up"));
}
