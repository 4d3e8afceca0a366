//! dbmate's files and history table: what dbmate left is continued, and what we write is what dbmate writes.

use std::path::Path;

use crate::support::{Backend, TestDatabase, on, on_each};

const TABLE: (&str, &str) =
    ("001-users.sql", "-- migrate:up\nCREATE TABLE users (id INTEGER);\n\n-- migrate:down\nDROP TABLE users;\n");
const ROWS: (&str, &str) = ("002_rows.sql", "--migrate:up\nINSERT INTO users VALUES (1);\n--migrate:down\n");
const MORE: (&str, &str) = (
    "20240102030405_more.sql",
    "-- migrate:up\nINSERT INTO users VALUES (2);\nINSERT INTO users VALUES (3)\n-- migrate:down\nDELETE FROM users WHERE id > 1",
);

/// The table as dbmate 2.36 makes it.
fn ddl(backend: Backend) -> &'static str {
    match backend {
        Backend::Postgres => {
            "CREATE TABLE IF NOT EXISTS \"public\".\"schema_migrations\" (version varchar primary key)"
        }
        Backend::Mysql | Backend::Sqlite => {
            "CREATE TABLE IF NOT EXISTS `schema_migrations` (version varchar(128) primary key)"
        }
    }
}

/// Does what dbmate does to apply these versions.
fn dbmate_wrote(database: &TestDatabase, versions: &[&str]) {
    database.query(ddl(database.backend));
    if !versions.is_empty() {
        database.query("CREATE TABLE users (id INTEGER)");
    }
    for version in versions {
        database.query(&format!("INSERT INTO schema_migrations (version) VALUES ('{version}')"));
    }
}

/// Runs the binary on a directory of dbmate; returns its exit code and what it printed.
fn ours(database: &TestDatabase, directory: &Path, arguments: &str) -> (i32, String) {
    let mut command = database.binary(directory);
    let arguments = arguments.split(' ');
    let output = command.args(arguments).env("MIGRASCOPE_LAYOUT", "dbmate").env("COLUMNS", "200").output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(printed).unwrap())
}

#[track_caller]
fn ends(database: &TestDatabase, directory: &Path, arguments: &str, code: i32) -> String {
    let (found, printed) = ours(database, directory, arguments);
    assert_eq!(found, code, "{arguments}: {printed}");
    printed
}

/// The versions of the table's rows.
fn recorded(database: &TestDatabase) -> String {
    let rows = database.query("SELECT version FROM schema_migrations ORDER BY version").into_iter();
    rows.map(|row| row.into_iter().flatten().collect::<String>()).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_dbmate_applied_is_applied_and_goes_on() {
    on_each(|database| {
        let directory = database.migrations(&[TABLE, ROWS, MORE, ("schema.sql", "SELECT nonsense")]);
        dbmate_wrote(database, &["001", "002"]);
        let status = ends(database, &directory, "status", 0);
        assert!(status.contains("2 migrations applied, 1 pending; schema is at 002"), "{status}");
        ends(database, &directory, "up", 0);
        assert_eq!(recorded(database), "001 002 20240102030405");
        assert_eq!(database.value("SELECT count(*) FROM users"), "2");
        ends(database, &directory, "verify", 0);
    });
}

/// The columns of the history table.
fn columns(database: &TestDatabase) -> Vec<Vec<Option<String>>> {
    database.query(match database.backend {
        Backend::Sqlite => {
            "SELECT name, lower(type), \"notnull\", dflt_value, pk FROM pragma_table_info('schema_migrations')"
        }
        Backend::Postgres => {
            "SELECT c.column_name::text, c.data_type::text, c.character_maximum_length::text, c.is_nullable::text, c.column_default::text, \
             (SELECT x.indexrelid::regclass::text FROM pg_index x WHERE x.indrelid = 'schema_migrations'::regclass AND x.indisprimary) \
             FROM information_schema.columns c WHERE c.table_name = 'schema_migrations' AND c.table_schema = current_schema()"
        }
        Backend::Mysql => {
            "SELECT column_name, column_type, is_nullable, column_default, column_key, collation_name FROM information_schema.columns \
             WHERE table_name = 'schema_migrations' AND table_schema = DATABASE()"
        }
    })
}

#[test]
fn the_table_is_the_one_that_dbmate_makes() {
    on_each(|database| {
        dbmate_wrote(database, &[]);
        let theirs = columns(database);
        let other = TestDatabase::fresh(database.backend).unwrap();
        ends(&other, &other.migrations(&[TABLE]), "up", 0);
        assert_eq!(theirs.len(), 1, "{theirs:?}");
        assert_eq!(columns(&other), theirs);
        assert_eq!(recorded(&other), "001");
    });
}

#[test]
fn a_table_of_another_tool_is_neither_read_nor_written() {
    on_each(|database| {
        let directory = database.migrations(&[TABLE]);
        for (ddl, found) in [
            ("(version bigint not null primary key, dirty boolean not null)", "dirty"),
            ("(version bigint not null primary key)", "version bigint"),
            ("(name varchar(128) primary key)", "name"),
        ] {
            database.query(&format!("CREATE TABLE schema_migrations {ddl}"));
            for command in ["up", "status"] {
                let (code, printed) = ours(database, &directory, command);
                assert_ne!(code, 0, "{printed}");
                assert!(printed.contains("is not a table of dbmate") && printed.contains(found), "{printed}");
            }
            assert_eq!(database.value("SELECT count(*) FROM schema_migrations"), "0");
            database.query("DROP TABLE schema_migrations");
        }
    });
}

#[test]
fn versions_are_texts() {
    on_each(|database| {
        let seven = ("7_seven.sql", "-- migrate:up\nINSERT INTO users VALUES (7);\n-- migrate:down\n");
        let padded = ("007_seven.sql", "-- migrate:up\nINSERT INTO users VALUES (70);\n-- migrate:down\n");
        let directory = database.migrations(&[TABLE, seven, padded]);
        dbmate_wrote(database, &["001", "7"]);
        let printed = ends(database, &directory, "up", 0);
        assert!(printed.contains("migration 007 (seven) is older than 7, which is applied"), "{printed}");
        assert_eq!(recorded(database), "001 007 7");
        assert_eq!(database.value("SELECT min(id) FROM users"), "70");
        ends(database, &directory, "down --yes", 0);
        assert_eq!(recorded(database), "001 007");
    });
}

#[test]
fn files_are_compared_as_dbmate_compares_them() {
    on_each(|database| {
        dbmate_wrote(database, &["001", "003"]);
        let changed = (TABLE.0, "-- migrate:up\nCREATE TABLE others (id INTEGER);\n-- migrate:down\n");
        let directory = database.migrations(&[changed, ROWS]);
        let printed = ends(database, &directory, "verify --strict", 4);
        for part in [
            "migration 003 (unnamed) is applied but its file is missing",
            "migration 002 (rows) is pending but older than 003",
        ] {
            assert!(printed.contains(part), "{part}: {printed}");
        }
        let printed = ends(database, &directory, "up", 0);
        assert!(printed.contains("migration 003 (unnamed) is applied but its file is missing"), "{printed}");
        assert_eq!(recorded(database), "001 002 003");
    });
}

#[test]
fn down_removes_the_row() {
    on_each(|database| {
        let directory = database.migrations(&[TABLE, ROWS, MORE]);
        ends(database, &directory, "up", 0);
        ends(database, &directory, "down --yes", 0);
        assert_eq!(
            (recorded(database), database.value("SELECT count(*) FROM users")),
            ("001 002".to_owned(), "1".to_owned())
        );
        // The down section of the second is empty, which dbmate requires where there is nothing to revert.
        ends(database, &directory, "down --steps 2 --yes", 0);
        assert_eq!(recorded(database), "");
        ends(database, &directory, "up", 0);
        assert_eq!(recorded(database), "001 002 20240102030405");
    });
}

#[test]
fn a_section_without_a_transaction_runs_statement_by_statement() {
    on(Backend::Postgres, |database| {
        let index = "-- migrate:up transaction:false\nINSERT INTO users VALUES (5);\nCREATE INDEX CONCURRENTLY i ON users (id);\n\
                     -- migrate:down transaction:false\nDROP INDEX CONCURRENTLY i;\n";
        let directory = database.migrations(&[TABLE, ("002_i.sql", index)]);
        ends(database, &directory, "up", 0);
        assert_eq!(database.value("SELECT indisvalid::text FROM pg_index WHERE indexrelid = 'i'::regclass"), "true");
        ends(database, &directory, "down --yes", 0);
        assert_eq!(database.value("SELECT count(*) FROM pg_class WHERE relname = 'i'"), "0");
    });
}

#[test]
fn what_is_left_half_way_is_settled_in_the_table_of_dbmate() {
    on(Backend::Mysql, |database| {
        let half =
            "-- migrate:up\nCREATE TABLE b (i INTEGER);\nINSERT INTO c VALUES (1);\n-- migrate:down\nDROP TABLE b;\n";
        let directory = database.migrations(&[TABLE, ("002_half.sql", half)]);
        ends(database, &directory, "up", 6);
        assert_eq!(recorded(database), "001");
        ends(database, &directory, "up", 4);
        database.query("CREATE TABLE c (i INTEGER)");
        ends(database, &directory, "repair --resume 002 --reason test", 0);
        assert_eq!(
            (recorded(database), database.value("SELECT count(*) FROM c")),
            ("001 002".to_owned(), "1".to_owned())
        );
    });
}

#[test]
fn a_table_in_a_schema_is_used() {
    on(Backend::Postgres, |database| {
        let directory = database.migrations(&[TABLE]);
        database.query("CREATE SCHEMA side");
        database.query("CREATE TABLE side.versions (version varchar(255) primary key)");
        ends(database, &directory, "up --ledger-table side.versions", 0);
        assert_eq!(database.value("SELECT string_agg(version, ' ') FROM side.versions"), "001");
    });
}
