//! diesel's directory and history table. What diesel writes was captured from version 2.3.

use std::path::{Path, PathBuf};

use crate::support::{Backend, TestDatabase, on, on_each};

const USERS: [(&str, &str); 2] = [
    ("2024-01-01-000001_users/up.sql", "CREATE TABLE users (id INTEGER);"),
    ("2024-01-01-000001_users/down.sql", "DROP TABLE users;"),
];
const POSTS: [(&str, &str); 2] = [
    ("20240101000002_posts/up.sql", "CREATE TABLE posts (id INTEGER);"),
    ("20240101000002_posts/down.sql", "DROP TABLE posts;"),
];

/// A directory with these files in folders.
fn folders(database: &TestDatabase, files: &[(&str, &str)]) -> PathBuf {
    let directory = database.migrations(&[]);
    for (path, text) in files {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    directory
}

/// Runs the binary on a directory of diesel; returns its exit code and what it printed.
fn ours(database: &TestDatabase, directory: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = database.binary(directory);
    let output = command.args(arguments).env("MIGRASCOPE_LAYOUT", "diesel").env("COLUMNS", "200").output().unwrap();
    (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[track_caller]
fn succeeds(database: &TestDatabase, directory: &Path, arguments: &[&str]) -> String {
    let (code, printed) = ours(database, directory, arguments);
    assert_eq!(code, 0, "{arguments:?}: {printed}");
    printed
}

/// diesel's own statement.
fn their_table(database: &TestDatabase) {
    database.query(
        "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (\n       version VARCHAR(50) PRIMARY KEY NOT NULL,\n       \
         run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP\n)",
    );
}

fn recorded(database: &TestDatabase) -> String {
    let rows = database.query("SELECT version FROM __diesel_schema_migrations ORDER BY version");
    rows.into_iter().map(|row| row.into_iter().flatten().collect::<String>()).collect::<Vec<_>>().join(" ")
}

#[test]
fn we_go_on_where_diesel_has_stopped() {
    on_each(|database| {
        their_table(database);
        database.query("INSERT INTO __diesel_schema_migrations VALUES ('00000000000000', '2026-11-29 21:32:54')");
        database.query("INSERT INTO __diesel_schema_migrations VALUES ('20240101000001', '2026-11-29 21:32:55')");
        let setup = [("00000000000000_diesel_initial_setup/up.sql", "SELECT not_run();")];
        let directory = folders(database, &[&setup[..], &USERS, &POSTS].concat());
        let status = succeeds(database, &directory, &["status"]);
        assert!(status.contains("2 migrations applied, 1 pending"), "{status}");
        assert!(status.contains("diesel_initial_setup") && status.contains("2026-11-29T21:32:55"), "{status}");

        succeeds(database, &directory, &["up"]);
        assert_eq!(recorded(database), "00000000000000 20240101000001 20240101000002");
        succeeds(database, &directory, &["down", "--yes"]);
        assert_eq!(recorded(database), "00000000000000 20240101000001");
    });
}

/// The columns of the history table.
fn columns(database: &TestDatabase) -> Vec<Vec<Option<String>>> {
    database.query(match database.backend {
        Backend::Sqlite => {
            "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('__diesel_schema_migrations')"
        }
        Backend::Postgres => {
            "SELECT column_name::text, data_type::text, character_maximum_length::text, is_nullable::text, column_default::text \
             FROM information_schema.columns WHERE table_name = '__diesel_schema_migrations' \
             UNION ALL SELECT indexname::text, indexdef::text, '', '', '' FROM pg_indexes WHERE tablename = '__diesel_schema_migrations' ORDER BY 1"
        }
        Backend::Mysql => {
            "SELECT column_name, column_type, is_nullable, column_default, column_key FROM information_schema.columns \
             WHERE table_name = '__diesel_schema_migrations' AND table_schema = DATABASE() ORDER BY ordinal_position"
        }
    })
}

#[test]
fn the_table_is_the_one_that_diesel_makes() {
    on_each(|database| {
        their_table(database);
        let theirs = columns(database);
        assert!(theirs.len() >= 2, "{theirs:?}");
        let other = TestDatabase::fresh(database.backend).unwrap();
        succeeds(&other, &folders(&other, &USERS), &["up"]);
        assert_eq!(columns(&other), theirs);
    });
}

#[test]
fn the_time_is_in_utc_in_every_time_zone() {
    for (backend, zone, age) in [
        (Backend::Postgres, "SET TimeZone = 'Asia/Tokyo'", "extract(epoch FROM now() AT TIME ZONE 'UTC' - run_on)"),
        (Backend::Mysql, "SET time_zone = '+09:00'", "timestampdiff(SECOND, run_on, now())"),
    ] {
        on(backend, |database| {
            let directory = folders(database, &USERS);
            succeeds(database, &directory, &["up", "--connection-init", zone]);
            let recent = format!("SELECT count(*) FROM __diesel_schema_migrations WHERE {age} BETWEEN 0 AND 300");
            assert_eq!(database.value(&recent), "1");
            let ours = |arguments: &[&str]| succeeds(database, &directory, arguments);
            let line = |printed: String| printed.lines().find(|line| line.contains("users")).unwrap().to_owned();
            assert_eq!(line(ours(&["status", "--connection-init", zone])), line(ours(&["status"])));
        });
    }
}

#[test]
fn what_diesel_accepts_is_noted_and_strict_refuses_it() {
    on_each(|database| {
        let third = ("20240101000003_third/up.sql", "CREATE TABLE third (id INTEGER);");
        succeeds(database, &folders(database, &[&USERS[..], &[third]].concat()), &["up"]);
        let edited = (USERS[0].0, "CREATE TABLE users (id INTEGER, name TEXT);");
        let late = folders(database, &[&[edited][..], &POSTS, &[third]].concat());
        assert_eq!(ours(database, &late, &["up", "--strict"]).0, 4);
        assert_eq!(recorded(database), "20240101000001 20240101000003");
        let printed = succeeds(database, &late, &["up"]);
        assert!(printed.contains("is applied all the same"), "{printed}");
        assert_eq!(recorded(database), "20240101000001 20240101000002 20240101000003");

        let without = folders(database, &[&USERS[..], &[third]].concat());
        assert!(succeeds(database, &without, &["up"]).contains("is applied but its file is missing"));
        assert_eq!(ours(database, &without, &["up", "--strict"]).0, 4);
    });
}

#[test]
fn versions_are_texts() {
    on_each(|database| {
        let directory = folders(
            database,
            &[
                ("9_nine/up.sql", "INSERT INTO ten VALUES (9)"),
                ("10_ten/up.sql", "CREATE TABLE ten (id INTEGER)"),
                ("09_zero/up.sql", "CREATE TABLE zero (id INTEGER)"),
                ("a-b_words/up.sql", "INSERT INTO ten VALUES (1)"),
            ],
        );
        succeeds(database, &directory, &["up"]);
        assert_eq!(recorded(database), "09 10 9 ab");
        assert!(succeeds(database, &directory, &["up"]).contains("schema is at ab"));
    });
}

#[test]
fn a_migration_runs_outside_of_a_transaction_where_its_metadata_does_not_say_otherwise() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        on(backend, |database| {
            let text = "CREATE TABLE a (id INTEGER); INSERT INTO missing VALUES (1);";
            for (metadata, code) in [("", 6), ("run_in_transaction = true", 5)] {
                let database = TestDatabase::fresh(database.backend).unwrap();
                let directory = folders(&database, &[("1_a/up.sql", text), ("1_a/metadata.toml", metadata)]);
                let (exit, printed) = ours(&database, &directory, &["up"]);
                assert_eq!(exit, code, "{metadata:?}: {printed}");
                assert_eq!(recorded(&database), "");
            }
        });
    }
}

#[test]
fn a_down_file_without_sql_takes_the_row_away() {
    on_each(|database| {
        let stub = (USERS[1].0, "-- This file should undo anything in `up.sql`\n");
        let directory = folders(database, &[USERS[0], stub, POSTS[0]]);
        succeeds(database, &directory, &["up"]);
        assert_eq!(ours(database, &directory, &["down", "--yes"]).0, 4, "without a down file nothing is reverted");
        assert_eq!(recorded(database), "20240101000001 20240101000002");
        let directory = folders(database, &[USERS[0], stub]);
        database.query("DELETE FROM __diesel_schema_migrations WHERE version = '20240101000002'");
        succeeds(database, &directory, &["down", "--yes"]);
        assert_eq!(recorded(database), "");
    });
}
