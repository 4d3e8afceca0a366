//! Drizzle's directories and history table, of version 0.45 with a journal and of version 1.0 with folders. Rows and tables are those that
//! its migrators have made.

use std::path::{Path, PathBuf};

use crate::support::{Backend, TestDatabase, on_each};

const TEXT: &str = "CREATE TABLE a (id int);\n--> statement-breakpoint\nCREATE TABLE a2 (id int);\n";
/// The hash of [`TEXT`].
const HASH: &str = "d366d628f22989b56d2b24567980ad81725c768fee089dd901005d5fe784fcae";
const MORE: &str =
    "INSERT INTO a VALUES (1)\n--> statement-breakpoint\nINSERT INTO a VALUES (2)--> statement-breakpoint\n";
/// The hash of [`MORE`].
const MORE_HASH: &str = "6a714bde6cd009fa1e06f5521de710778e29ffd26b642e1c930233ff2e1a26be";

/// A directory with a journal of these migrations.
fn journal(database: &TestDatabase, listed: &[(u64, &str, &str)]) -> PathBuf {
    let entry = |(when, tag, _): &(u64, &str, &str)| {
        format!("{{\"idx\":0,\"version\":\"7\",\"when\":{when},\"tag\":\"{tag}\",\"breakpoints\":true}}")
    };
    let entries = listed.iter().map(entry).collect::<Vec<_>>().join(",");
    let word = match database.backend {
        Backend::Postgres => "postgresql",
        Backend::Mysql => "mysql",
        Backend::Sqlite => "sqlite",
    };
    let journal = format!("{{\"version\":\"7\",\"dialect\":\"{word}\",\"entries\":[{entries}]}}");
    let files: Vec<(String, &str)> = listed.iter().map(|(_, tag, text)| (format!("{tag}.sql"), *text)).collect();
    let mut files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, *text)).collect();
    files.push(("meta/_journal.json", &journal));
    database.migrations(&files)
}

const FIRST: (u64, &str, &str) = (1_760_000_000_000, "0000_a", TEXT);
const SECOND: (u64, &str, &str) = (1_760_000_000_002, "0001_more", MORE);
const FIRST_FOLDER: (&str, &str) = ("20240101000000_a/migration.sql", TEXT);
const SECOND_FOLDER: (&str, &str) = ("20240101000002_more/migration.sql", MORE);

fn table(database: &TestDatabase) -> &'static str {
    match database.backend {
        Backend::Postgres => "drizzle.__drizzle_migrations",
        Backend::Mysql | Backend::Sqlite => "__drizzle_migrations",
    }
}

/// The table as version 0.45 makes it.
fn create(database: &TestDatabase) {
    match database.backend {
        Backend::Postgres => {
            database.query("CREATE SCHEMA IF NOT EXISTS \"drizzle\"");
            database.query(
                "CREATE TABLE IF NOT EXISTS \"drizzle\".\"__drizzle_migrations\" (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)",
            );
        }
        Backend::Mysql => drop(database.query(
            "create table if not exists `__drizzle_migrations` (id serial primary key, hash text not null, created_at bigint)",
        )),
        Backend::Sqlite => drop(database.query(
            "CREATE TABLE IF NOT EXISTS \"__drizzle_migrations\" (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)",
        )),
    }
}

/// The table as version 1.0 makes it.
fn create_with_names(database: &TestDatabase) {
    match database.backend {
        Backend::Postgres => {
            database.query("CREATE SCHEMA IF NOT EXISTS \"drizzle\"");
            database.query(
                "CREATE TABLE IF NOT EXISTS \"drizzle\".\"__drizzle_migrations\" (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint, \
                 name text, applied_at timestamp with time zone DEFAULT now())",
            );
        }
        Backend::Mysql => drop(database.query(
            "CREATE TABLE IF NOT EXISTS `__drizzle_migrations` (id SERIAL PRIMARY KEY, hash TEXT NOT NULL, created_at BIGINT, name TEXT, \
             applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)",
        )),
        Backend::Sqlite => drop(database.query(
            "CREATE TABLE IF NOT EXISTS \"__drizzle_migrations\" (id INTEGER PRIMARY KEY, hash text NOT NULL, created_at numeric, name text, \
             applied_at TEXT)",
        )),
    }
}

/// A row as version 0.45 writes it.
fn row(database: &TestDatabase, hash: &str, created_at: &str) {
    let table = table(database);
    database.query(&format!("INSERT INTO {table} (hash, created_at) VALUES ('{hash}', {created_at})"));
}

/// A row as version 1.0 writes it.
fn named_row(database: &TestDatabase, created_at: u64, name: &str) {
    let (column, value) = match database.backend {
        Backend::Sqlite => (", applied_at", ", '2026-12-01T13:08:08.576Z'"),
        Backend::Postgres | Backend::Mysql => ("", ""),
    };
    let table = table(database);
    database.query(&format!(
        "INSERT INTO {table} (hash, created_at, name{column}) VALUES ('{HASH}', {created_at}, '{name}'{value})"
    ));
}

/// Does what version 0.45 does for the first migration.
fn begun(database: &TestDatabase) {
    create(database);
    database.query("CREATE TABLE a (id int)");
    database.query("CREATE TABLE a2 (id int)");
    row(database, HASH, "1760000000000");
}

/// Runs the binary on a directory of Drizzle; returns its exit code and what it printed.
fn ours(database: &TestDatabase, directory: &Path, arguments: &str) -> (i32, String) {
    let mut command = database.binary(directory);
    let output = command.args(arguments.split(' ')).env("MIGRASCOPE_LAYOUT", "drizzle").env("COLUMNS", "200").output();
    let output = output.unwrap();
    (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[track_caller]
fn ends(database: &TestDatabase, directory: &Path, arguments: &str, code: i32) -> String {
    let (found, printed) = ours(database, directory, arguments);
    assert_eq!(found, code, "{arguments}: {printed}");
    printed
}

/// These columns of all rows, in the order of their times.
fn rows(database: &TestDatabase, columns: &str) -> Vec<String> {
    let rows = database.query(&format!("SELECT {columns} FROM {} ORDER BY created_at", table(database)));
    rows.into_iter()
        .map(|row| row.into_iter().map(|text| text.unwrap_or_else(|| "NULL".to_owned())).collect::<Vec<_>>().join("|"))
        .collect()
}

/// What the table consists of, as the server describes it.
fn description(database: &TestDatabase) -> Vec<Vec<Option<String>>> {
    match database.backend {
        Backend::Sqlite => database.query("SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('__drizzle_migrations')"),
        Backend::Mysql => database.query(
            "SELECT column_name, column_type, is_nullable, column_default, column_key, extra FROM information_schema.columns \
             WHERE table_name = '__drizzle_migrations' AND table_schema = DATABASE() ORDER BY ordinal_position",
        ),
        Backend::Postgres => database.query(
            "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull::text, pg_get_expr(d.adbin, d.adrelid) \
             FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
             WHERE a.attrelid = 'drizzle.__drizzle_migrations'::regclass AND a.attnum > 0 \
             UNION ALL SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), NULL, NULL FROM pg_index \
             WHERE indrelid = 'drizzle.__drizzle_migrations'::regclass",
        ),
    }
}

#[test]
fn what_drizzle_applied_is_applied_and_goes_on() {
    on_each(|database| {
        begun(database);
        let directory = journal(database, &[FIRST, SECOND]);
        let status = ends(database, &directory, "status", 0);
        assert!(status.contains("1 migration applied, 1 pending; schema is at 1760000000000"), "{status}");
        ends(database, &directory, "up", 0);
        let expected = [format!("{HASH}|1760000000000"), format!("{MORE_HASH}|1760000000002")];
        assert_eq!(rows(database, "hash, created_at"), expected);
        let ids = rows(database, "id");
        // A column of this type has no number of its own on SQLite.
        assert_eq!(ids, if database.backend == Backend::Sqlite { ["NULL", "NULL"] } else { ["1", "2"] });
        assert_eq!(database.value("SELECT count(*) FROM a"), "2");
        assert!(ends(database, &directory, "up", 0).contains("nothing to do"));
        ends(database, &directory, "verify", 0);
    });
}

#[test]
fn folders_that_drizzle_applied_are_applied_and_go_on() {
    on_each(|database| {
        create_with_names(database);
        database.query("CREATE TABLE a (id int)");
        named_row(database, 1_704_067_200_000, "20240101000000_a");
        let directory = database.migrations(&[FIRST_FOLDER, SECOND_FOLDER]);
        let status = ends(database, &directory, "status", 0);
        assert!(status.contains("1 migration applied, 1 pending; schema is at 20240101000000_a"), "{status}");
        assert!(status.contains("2026-"), "{status}");
        ends(database, &directory, "up", 0);
        let expected = [
            format!("{HASH}|1704067200000|20240101000000_a"),
            format!("{MORE_HASH}|1704067202000|20240101000002_more"),
        ];
        assert_eq!(rows(database, "hash, created_at, name"), expected);
        assert_eq!(rows(database, "id"), ["1", "2"]);
        let unset = format!("SELECT count(*) FROM {} WHERE applied_at IS NULL", table(database));
        assert_eq!(database.value(&unset), "0");
        ends(database, &directory, "verify", 0);
    });
}

#[test]
fn the_table_is_the_one_that_drizzle_makes() {
    on_each(|database| {
        let other = TestDatabase::fresh(database.backend).unwrap();
        create(&other);
        ends(database, &journal(database, &[FIRST]), "up", 0);
        let theirs = description(&other);
        assert_eq!(theirs.len(), if database.backend == Backend::Postgres { 4 } else { 3 }, "{theirs:?}");
        assert_eq!(description(database), theirs);
    });
    on_each(|database| {
        let other = TestDatabase::fresh(database.backend).unwrap();
        create_with_names(&other);
        ends(database, &database.migrations(&[FIRST_FOLDER]), "up", 0);
        let theirs = description(&other);
        assert_eq!(theirs.len(), if database.backend == Backend::Postgres { 6 } else { 5 }, "{theirs:?}");
        assert_eq!(description(database), theirs);
    });
}

#[test]
fn a_table_without_names_gets_them() {
    on_each(|database| {
        create(database);
        database.query("CREATE TABLE a (id int)");
        // The first row belongs to a folder by the second of its time, the other one by its hash.
        row(database, "other", "1704067200123");
        row(database, HASH, "1760000000000");
        let directory = database.migrations(&[
            ("20240101000000_by_time/migration.sql", "SELECT 1;"),
            ("20240101000001_by_hash/migration.sql", TEXT),
            SECOND_FOLDER,
        ]);
        assert!(ends(database, &directory, "status", 0).contains("2 migrations applied, 1 pending"));
        assert_eq!(rows(database, "*").concat().matches('|').count(), 4, "reading changes nothing");
        ends(database, &directory, "up", 0);
        assert_eq!(
            rows(database, "created_at, name, CASE WHEN applied_at IS NULL THEN '' ELSE 'set' END"),
            [
                "1704067200123|20240101000000_by_time|",
                "1704067202000|20240101000002_more|set",
                "1760000000000|20240101000001_by_hash|",
            ]
        );
        ends(database, &directory, "up", 0);
    });
}

#[test]
fn a_row_that_belongs_to_no_migration_is_refused() {
    on_each(|database| {
        create(database);
        row(database, "other", "NULL");
        let printed = ends(database, &journal(database, &[FIRST]), "up", 1);
        assert!(printed.contains("has a row without created_at"), "{printed}");
        let printed = ends(database, &database.migrations(&[FIRST_FOLDER]), "up", 1);
        assert!(printed.contains("has a row that belongs to no folder of a migration"), "{printed}");
    });
    on_each(|database| {
        create_with_names(database);
        row(database, HASH, "1704067200000");
        let printed = ends(database, &database.migrations(&[FIRST_FOLDER]), "up", 1);
        assert!(printed.contains("has a row without a name"), "{printed}");
        assert_eq!(rows(database, "name"), ["NULL"]);
    });
}

#[test]
fn files_are_compared_as_drizzle_compares_them() {
    on_each(|database| {
        begun(database);
        row(database, HASH, "1760000000001");
        let late = (1_750_000_000_000, "late", "CREATE TABLE late (id int);");
        let changed = (FIRST.0, FIRST.1, "CREATE TABLE other (id int);");
        let directory = journal(database, &[late, changed, SECOND]);
        let printed = ends(database, &directory, "up", 0);
        for noted in [
            "migration 1760000000001 (unnamed) is applied but its file is missing",
            "was changed after it was applied",
            "1750000000000 (late)",
        ] {
            assert!(printed.contains(noted), "{noted}: {printed}");
        }
        assert_eq!(rows(database, "created_at"), ["1760000000000", "1760000000001", "1760000000002"]);
        let printed = ends(database, &directory, "verify", 4);
        for found in ["its file is missing", "was changed after it was applied", "is pending but older than"] {
            assert!(printed.contains(found), "{found}: {printed}");
        }
        ends(database, &directory, "up --strict", 4);
        ends(database, &directory, "up --order allow", 0);
        assert_eq!(rows(database, "created_at")[0], "1750000000000");
    });
}

#[test]
fn a_late_folder_is_applied() {
    on_each(|database| {
        create_with_names(database);
        named_row(database, 1_704_067_200_000, "20240101000000_a");
        let late = ("20230101000000_late/migration.sql", "CREATE TABLE late (id int);");
        let directory = database.migrations(&[late, FIRST_FOLDER]);
        ends(database, &directory, "up --strict", 4);
        let printed = ends(database, &directory, "up", 0);
        assert!(printed.contains("is applied all the same"), "{printed}");
        assert_eq!(rows(database, "name"), ["20230101000000_late", "20240101000000_a"]);
    });
}

#[test]
fn line_endings_do_not_count_as_a_change() {
    on_each(|database| {
        begun(database);
        let text = TEXT.replace('\n', "\r\n");
        ends(database, &journal(database, &[(FIRST.0, FIRST.1, &text)]), "verify", 0);
        ends(database, &journal(database, &[(FIRST.0, FIRST.1, &format!("{text}SELECT 1;"))]), "verify", 4);
    });
}

#[test]
fn two_rows_of_a_migration_are_one() {
    on_each(|database| {
        begun(database);
        row(database, HASH, "1760000000000");
        let directory = journal(database, &[FIRST]);
        assert!(ends(database, &directory, "status", 0).contains("1 migration applied, 0 pending"));
        ends(database, &directory, "repair --mark-reverted 1760000000000 --reason test", 0);
        assert!(rows(database, "hash").is_empty());
    });
}

#[test]
fn repairs_and_reversions_change_the_rows() {
    on_each(|database| {
        begun(database);
        let directory = journal(database, &[FIRST, SECOND]);
        ends(database, &directory, "repair --mark-applied 1760000000002 --reason test", 0);
        assert_eq!(rows(database, "hash, created_at")[1], format!("{MORE_HASH}|1760000000002"));
        ends(database, &directory, "repair --mark-reverted 1760000000002 --reason test", 0);
        assert_eq!(rows(database, "created_at"), ["1760000000000"]);
        let printed = ends(database, &directory, "down --yes", 4);
        assert!(printed.contains("has no down script"), "{printed}");
    });
    on_each(|database| {
        let down = ("20240101000000_a/down.sql", "DROP TABLE a; DROP TABLE a2;");
        let directory = database.migrations(&[FIRST_FOLDER, down]);
        ends(database, &directory, "up", 0);
        ends(database, &directory, "down --yes", 0);
        assert!(rows(database, "name").is_empty());
        ends(database, &directory, "up", 0);
    });
}

#[test]
fn a_failure_is_not_recorded() {
    on_each(|database| {
        begun(database);
        let failing =
            (SECOND.0, SECOND.1, "CREATE TABLE b (id int);--> statement-breakpoint\nINSERT INTO nowhere VALUES (1);");
        assert_ne!(ours(database, &journal(database, &[FIRST, failing]), "up").0, 0);
        assert_eq!(rows(database, "created_at"), ["1760000000000"]);
        let left = ours(database, &journal(database, &[FIRST, failing]), "status").1;
        // Where DDL cannot be rolled back, the attempt is in our journal: Drizzle's table has no mark for it.
        assert_eq!(left.contains("half"), !database.transactional_ddl(), "{left}");
    });
}
