//! Files in the migrations directory, tested through the binary.

use super::Door;
use crate::support::{Backend, on, on_each};

#[test]
fn nothing_is_passed_over_in_silence_and_nothing_of_another_database_runs() {
    let door = Door::with(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_b.SQL", "CREATE TABLE b (id int);"),
        ("3_c.mariadb.sql", "CREATE TABLE c (i INT) ENGINE=InnoDB;"),
        ("4_d.postgresql.sql", "CREATE TABLE d (i serial);"),
    ]);
    let told = door.run(&["up", "--health", "off"]).good();
    assert!(told.contains("2 b") && !told.contains("3 c") && !told.contains("4 d"), "{told}");
    door.sql("INSERT INTO b VALUES (1)");
    door.write("migrations/2026/5_e.sql", "CREATE TABLE e (id int);");
    door.write("migrations/6_f.postgre.sql", "CREATE TABLE f (id int);");
    let seen = door.run(&["up"]);
    assert_eq!(seen.code, Some(2), "{seen}");
    for said in [
        "error: the folder contains SQL that would not be run: migrations/2026/5_e.sql\n--> migrations/2026\nhelp: move its files up",
        "did you mean .postgres.sql?\n--> migrations/6_f.postgre.sql\nhelp: use one of these names",
    ] {
        assert!(seen.stderr.contains(said), "{seen}");
    }
}

/// The number of tables.
fn tables(backend: Backend) -> &'static str {
    match backend {
        Backend::Sqlite => "SELECT count(*) FROM sqlite_schema",
        Backend::Postgres => "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'",
        Backend::Mysql => "SELECT count(*) FROM information_schema.tables WHERE table_schema = database()",
    }
}

/// One file that another tool reads as an up and a down script.
fn sections() -> [(&'static str, &'static str, &'static str); 4] {
    [
        ("goose", "-- +goose Up\nCREATE TABLE a (i int);\n\n-- +goose Down\nDROP TABLE orders;\n", "1:1"),
        ("dbmate", "-- migrate:up\nCREATE TABLE a (i int);\n\n-- migrate:down\nDROP TABLE orders;\n", "1:1"),
        ("tern", "CREATE TABLE a (i int);\n\n---- create above / drop below ----\n\nDROP TABLE orders;\n", "3:1"),
        ("Play evolutions", "# --- !Ups\nCREATE TABLE a (i int);\n# --- !Downs\nDROP TABLE orders;\n", "1:3"),
    ]
}

#[test]
fn a_file_of_another_tool_is_refused_by_its_name_before_anything_is_made() {
    on_each(|database| {
        for (tool, text, place) in sections() {
            let door = Door::with(&[("1_orders.sql", text)]);
            let seen = door.run(&["up", "--layout", "native", "--database-url", &database.url]);
            assert_eq!(seen.code, Some(2), "{seen}");
            assert!(seen.stderr.contains(&format!("is a section marker of {tool}")), "{seen}");
            let line = place.split(':').next().unwrap();
            assert!(seen.stderr.contains(&format!("migrations/1_orders.sql:{line}:")), "{seen}");
            assert!(seen.stderr.contains("help: split the file into NAME.sql and NAME.down.sql"), "{seen}");
            assert_eq!(database.value(tables(database.backend)), "0");
        }
    });
    let door = Door::with(&[("1_a.sql", "CREATE TABLE a (i int);\n-- down\nDROP TABLE a;\n")]);
    let seen = door.run(&["up"]);
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stderr.contains("-- migrascope: allow=section-marker"), "{seen}");
}

#[test]
fn what_only_psql_does_is_met_with_what_to_write_instead() {
    for (text, help) in [
        ("\\i other.sql\n", "help: put the included SQL into the file"),
        ("\\copy t from 'x.csv'\n", "help: write the rows as INSERT statements"),
        ("\\restrict abc\n", "help: remove the line"),
        ("COPY t FROM stdin;\n1\n\\.\n", "help: write the rows as INSERT statements (pg_dump --inserts)"),
    ] {
        on(Backend::Postgres, |database| {
            let door = Door::with(&[("1_a.sql", text)]);
            let seen = door.run(&["up", "--database-url", &database.url]);
            assert_eq!(seen.code, Some(2), "{seen}");
            assert!(seen.stderr.contains(help), "{seen}");
        });
    }
}

#[test]
fn a_run_does_not_split_what_is_applied_and_verify_does() {
    let door = Door::with(&[("1_a.sql", "CREATE TABLE a (i int);")]);
    door.run(&["up", "--health", "off"]).good();
    let text = "CREATE TABLE a (i int); SELECT 'open";
    door.write("migrations/1_a.sql", text);
    let applied = migrascope::migration::Checksum::of_text(text);
    door.sql(&format!("UPDATE _migrascope_migrations SET checksum = '{applied}'"));
    door.run(&["up"]).good();
    let seen = door.run(&["verify"]);
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stderr.contains("unterminated quote"), "{seen}");
}
