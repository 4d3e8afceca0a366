//! golang-migrate's directory, history table and lock. What the program writes was captured from version 4.20.

use std::path::Path;

use crc::{CRC_32_ISO_HDLC, Crc};
use sqlx::{Connection as _, MySqlConnection, PgConnection};

use crate::support::{Backend, TestDatabase, block_on, on, on_each};

const UP_1: (&str, &str) = ("0001_t1.up.sql", "CREATE TABLE t1 (id INTEGER);");
const DOWN_1: (&str, &str) = ("0001_t1.down.sql", "DROP TABLE t1;");
const UP_2: (&str, &str) = ("0002_t2.up.sql", "CREATE TABLE t2 (id INTEGER);\r\n");
const DOWN_2: (&str, &str) = ("0002_drop_it.down.sql", "DROP TABLE t2;\r\n");
const UP_3: (&str, &str) = ("0003_t3.up.sql", "BEGIN;\nCREATE TABLE t3 (id INTEGER);\nCOMMIT;\n");
const DOWN_3: (&str, &str) = ("0003_t3.down.sql", "");

/// Runs the binary on a directory of golang-migrate; returns its exit code and what it printed.
fn ours(database: &TestDatabase, directory: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = database.binary(directory);
    command.env("MIGRASCOPE_LAYOUT", "golang-migrate").env("COLUMNS", "200");
    let output = command.args(arguments).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[track_caller]
fn succeeds(database: &TestDatabase, directory: &Path, arguments: &[&str]) -> String {
    let (code, printed) = ours(database, directory, arguments);
    assert_eq!(code, 0, "{arguments:?}: {printed}");
    printed
}

#[track_caller]
fn refuses(database: &TestDatabase, directory: &Path, arguments: &[&str]) -> String {
    let (code, printed) = ours(database, directory, arguments);
    assert_eq!(code, 4, "{arguments:?}: {printed}");
    printed
}

/// The program's own statements.
fn their_table(database: &TestDatabase) {
    for sql in match database.backend {
        Backend::Postgres => &[
            "CREATE TABLE IF NOT EXISTS \"public\".\"schema_migrations\" (version bigint not null primary key, dirty boolean not null)",
        ][..],
        Backend::Mysql => {
            &["CREATE TABLE `schema_migrations` (version bigint not null primary key, dirty boolean not null)"]
        }
        Backend::Sqlite => &[
            "CREATE TABLE IF NOT EXISTS schema_migrations (version uint64,dirty bool)",
            "CREATE UNIQUE INDEX IF NOT EXISTS version_unique ON schema_migrations (version)",
        ],
    } {
        database.query(sql);
    }
}

/// Makes this the only row, as the program does.
fn set(database: &TestDatabase, version: i64, dirty: bool) {
    database.query("DELETE FROM schema_migrations");
    database.query(&format!("INSERT INTO schema_migrations (version, dirty) VALUES ({version}, {dirty})"));
}

/// The rows, each with `!` if it is dirty.
fn recorded(database: &TestDatabase) -> String {
    let rows = database.query("SELECT version, CASE WHEN dirty THEN '!' ELSE '' END FROM schema_migrations");
    rows.into_iter().map(|row| row.into_iter().flatten().collect::<String>()).collect::<Vec<_>>().join(" ")
}

fn has_table(database: &TestDatabase, table: &str) -> bool {
    let sql = match database.backend {
        Backend::Sqlite => format!("SELECT count(*) FROM sqlite_master WHERE name = '{table}'"),
        Backend::Postgres => format!("SELECT count(*) FROM pg_tables WHERE tablename = '{table}'"),
        Backend::Mysql => format!(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = '{table}'"
        ),
    };
    database.value(&sql) == "1"
}

#[test]
fn we_go_on_where_the_program_has_stopped() {
    on_each(|database| {
        their_table(database);
        set(database, 2, false);
        database.query("CREATE TABLE t2 (id INTEGER)");
        let directory = database.migrations(&[UP_1, DOWN_1, UP_2, DOWN_2, UP_3, DOWN_3]);
        let status = succeeds(database, &directory, &["status"]);
        assert!(status.contains("2 migrations applied, 1 pending; schema is at 0002"), "{status}");

        succeeds(database, &directory, &["up"]);
        assert_eq!(recorded(database), "3");
        assert!(has_table(database, "t3") && !has_table(database, "t1"), "only what was pending is applied");
        if database.backend == Backend::Sqlite {
            assert_eq!(
                database.value("SELECT typeof(version) || typeof(dirty) FROM schema_migrations"),
                "integerinteger"
            );
        }
        succeeds(database, &directory, &["down", "--steps", "2", "--yes"]);
        assert_eq!(recorded(database), "1");
        assert!(!has_table(database, "t2"));
    });
}

#[test]
fn after_the_last_reversion_the_table_is_empty() {
    on_each(|database| {
        let directory = database.migrations(&[UP_1, DOWN_1, UP_2, DOWN_2]);
        succeeds(database, &directory, &["up"]);
        assert_eq!(recorded(database), "2");
        succeeds(database, &directory, &["down", "--to", "0", "--yes"]);
        assert_eq!(recorded(database), "");
        assert!(succeeds(database, &directory, &["status"]).contains("2 pending"));
        succeeds(database, &directory, &["baseline", "2", "--reason", "a test"]);
        assert_eq!(recorded(database), "2");
        assert!(!has_table(database, "t1"));
    });
}

/// The columns and indexes of the history table.
fn catalogue(database: &TestDatabase) -> Vec<Vec<Option<String>>> {
    let sql = match database.backend {
        Backend::Sqlite => {
            "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('schema_migrations') \
             UNION ALL SELECT name, origin, \"unique\", \"partial\", seq FROM pragma_index_list('schema_migrations')"
        }
        Backend::Postgres => {
            "SELECT column_name::text, data_type::text, is_nullable::text, column_default::text, NULL FROM information_schema.columns \
             WHERE table_name = 'schema_migrations' UNION ALL SELECT indexname::text, indexdef::text, '', '', '' FROM pg_indexes \
             WHERE tablename = 'schema_migrations' ORDER BY 1"
        }
        Backend::Mysql => {
            "SELECT column_name, column_type, is_nullable, column_default, column_key FROM information_schema.columns \
             WHERE table_name = 'schema_migrations' AND table_schema = DATABASE() ORDER BY ordinal_position"
        }
    };
    database.query(sql)
}

#[test]
fn the_table_is_the_one_that_the_program_makes() {
    on_each(|database| {
        their_table(database);
        let theirs = catalogue(database);
        assert!(theirs.len() >= 2, "{theirs:?}");
        let other = TestDatabase::fresh(database.backend).unwrap();
        succeeds(&other, &other.migrations(&[UP_1]), &["up"]);
        assert_eq!(catalogue(&other), theirs);
    });
}

#[test]
fn a_table_of_another_tool_is_not_touched() {
    on_each(|database| {
        database.query("CREATE TABLE schema_migrations (version varchar(128) primary key)");
        database.query("INSERT INTO schema_migrations VALUES ('1')");
        let directory = database.migrations(&[UP_1]);
        for arguments in [&["up"][..], &["status"]] {
            let (code, printed) = ours(database, &directory, arguments);
            assert_eq!(code, 1, "{printed}");
            assert!(printed.contains("is not golang-migrate's"), "{printed}");
        }
        assert!(!has_table(database, "t1"));
        assert_eq!(database.value("SELECT count(*) FROM schema_migrations"), "1");
    });
}

#[test]
fn what_the_program_accepts_is_noted_and_strict_refuses_it() {
    on_each(|database| {
        let directory = database.migrations(&[UP_1, UP_2, ("0004_t4.up.sql", "CREATE TABLE t4 (id INTEGER)")]);
        succeeds(database, &directory, &["up"]);
        // A late file and an edited one; the first one is missing.
        let changed = database.migrations(&[
            (UP_2.0, "CREATE TABLE other (id INTEGER)"),
            UP_3,
            ("0004_t4.up.sql", "CREATE TABLE t4 (id INTEGER)"),
            ("0005_t5.up.sql", "CREATE TABLE t5 (id INTEGER)"),
        ]);
        succeeds(database, &changed, &["up"]);
        assert_eq!(recorded(database), "5");
        assert!(has_table(database, "t5") && !has_table(database, "t3") && !has_table(database, "other"));

        // The file of the version in the table is missing.
        let shorter = database.migrations(&[UP_1, UP_2]);
        assert!(
            succeeds(database, &shorter, &["up"]).contains("migration 5 (unnamed) is applied but its file is missing")
        );
        refuses(database, &shorter, &["up", "--strict"]);
        refuses(database, &shorter, &["down", "--yes"]);
        assert_eq!(recorded(database), "5");
    });
}

#[test]
fn a_mark_of_the_program_is_refused_until_it_is_settled() {
    on_each(|database| {
        their_table(database);
        database.query("CREATE TABLE t1 (id INTEGER)");
        let directory = database.migrations(&[UP_1, DOWN_1, UP_2, DOWN_2, UP_3]);
        for (settlement, rows, made) in [
            ("repair --mark-reverted 2 --reason test", "1", false),
            ("repair --mark-applied 2 --reason test", "2", false),
            ("repair --resume 2 --in-doubt did-not-run --reason test", "2", true),
        ] {
            set(database, 2, true);
            let printed = refuses(database, &directory, &["up"]);
            assert!(
                printed.contains("migration 0002 (t2) is marked as not successful in the history table"),
                "{printed}"
            );
            assert!(printed.contains("it is also the one of a reversion of 0003 (t3) that has failed"), "{printed}");
            assert!(ours(database, &directory, &["status"]).1.contains("unfinished"));
            assert_eq!(recorded(database), "2!");
            succeeds(database, &directory, &settlement.split(' ').collect::<Vec<_>>());
            assert_eq!(recorded(database), rows, "{settlement}");
            assert_eq!(has_table(database, "t2"), made, "{settlement}");
        }
    });
}

#[test]
fn the_mark_before_all_is_a_failed_reversion_of_the_first() {
    on_each(|database| {
        their_table(database);
        database.query("CREATE TABLE t1 (id INTEGER)");
        let directory = database.migrations(&[UP_1, DOWN_1, UP_2, DOWN_2]);
        for (settlement, rows, left) in [
            ("repair --mark-applied 1 --reason test", "1", true),
            ("repair --mark-reverted 1 --reason test", "", true),
            ("repair --resume 1 --in-doubt did-not-run --reason test", "", false),
        ] {
            set(database, -1, true);
            let printed = refuses(database, &directory, &["up"]);
            assert!(printed.contains("migration 0001 (t1) is marked as not successful"), "{printed}");
            succeeds(database, &directory, &settlement.split(' ').collect::<Vec<_>>());
            assert_eq!(recorded(database), rows, "{settlement}");
            assert_eq!(has_table(database, "t1"), left, "{settlement}");
        }
    });
}

const HALF_WAY: &str = "-- migrascope: no-transaction\nINSERT INTO t1 VALUES (1);\nINSERT INTO missing VALUES (1);";

#[test]
fn what_we_leave_half_way_is_dirty_to_the_program() {
    on_each(|database| {
        let directory = database.migrations(&[UP_1, ("0002_half.up.sql", HALF_WAY)]);
        assert_eq!(ours(database, &directory, &["up"]).0, 6);
        assert_eq!(recorded(database), "2!");
        database.query("CREATE TABLE missing (id INTEGER)");
        succeeds(database, &directory, &["repair", "--resume", "2", "--reason", "a test"]);
        assert_eq!(recorded(database), "2");
        assert_eq!(database.value("SELECT count(*) FROM t1"), "1");
    });
}

#[test]
fn a_reversion_that_we_leave_half_way_is_marked_with_the_version_below() {
    on_each(|database| {
        let directory = database.migrations(&[UP_1, UP_2, ("0002_half.down.sql", HALF_WAY)]);
        succeeds(database, &directory, &["up"]);
        assert_eq!(ours(database, &directory, &["down", "--yes"]).0, 6);
        assert_eq!(recorded(database), "1!");
        let printed = refuses(database, &directory, &["up"]);
        assert!(printed.contains("migration 2 (t2) failed half-way down"), "{printed}");
        assert!(!printed.contains("marked as not successful"), "{printed}");
        succeeds(database, &directory, &["repair", "--mark-applied", "2", "--reason", "a test"]);
        assert_eq!(recorded(database), "2");

        assert_eq!(ours(database, &directory, &["down", "--yes"]).0, 6);
        database.query("CREATE TABLE missing (id INTEGER)");
        succeeds(database, &directory, &["repair", "--resume", "2", "--reason", "a test"]);
        assert_eq!(recorded(database), "1");
    });
}

#[test]
fn a_failure_that_leaves_nothing_leaves_no_mark() {
    on_each(|database| {
        let text = "-- migrascope: no-transaction\nINSERT INTO missing VALUES (1);";
        let directory = database.migrations(&[UP_1, UP_2, ("0002_t2.down.sql", text), ("0003_bad.up.sql", text)]);
        assert_eq!(ours(database, &directory, &["up"]).0, 5);
        assert_eq!(recorded(database), "2");
        assert_eq!(ours(database, &directory, &["down", "--yes"]).0, 5);
        assert_eq!(recorded(database), "2");
    });
}

#[test]
fn one_direction_alone_is_a_migration() {
    on_each(|database| {
        let directory = database.migrations(&[UP_1, DOWN_2, UP_3]);
        let printed = succeeds(database, &directory, &["up", "--to", "2"]);
        assert!(printed.contains("migration 0002 (drop_it) has no statements"), "{printed}");
        assert_eq!(recorded(database), "2");
        succeeds(database, &directory, &["up"]);
        // The program would take the version out of its table and leave the schema as it is.
        refuses(database, &directory, &["down", "--yes"]);
        assert_eq!(recorded(database), "3");
    });
}

#[test]
fn a_change_that_one_version_cannot_express_is_refused() {
    on_each(|database| {
        let directory = database.migrations(&[UP_1, UP_2, UP_3]);
        succeeds(database, &directory, &["up", "--to", "1"]);
        for (arguments, rows) in [(["--mark-applied", "3"], "1"), (["--mark-reverted", "1"], "3")] {
            let (code, printed) =
                ours(database, &directory, &[&["repair", "--reason", "test"], &arguments[..]].concat());
            assert_eq!(code, 1, "{printed}");
            assert!(printed.contains("the table has one version"), "{printed}");
            assert_eq!(recorded(database), rows);
            succeeds(database, &directory, &["up"]);
        }
    });
}

/// The number from which golang-migrate names its lock.
fn lock_number(name: &str) -> i64 {
    i64::from(Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(name.as_bytes()).wrapping_mul(1_486_364_155))
}

#[test]
fn both_locks_of_golang_migrate_are_waited_for() {
    on(Backend::Postgres, |database| {
        let directory = database.migrations(&[UP_1]);
        let name = database.value("SELECT current_database()");
        for slash in ["/", ""] {
            let key = lock_number(&format!("public\0schema_migrations\0{slash}{name}"));
            block_on(async {
                let mut connection = PgConnection::connect(&database.url).await.unwrap();
                let lock = sqlx::query_scalar("SELECT pg_backend_pid() FROM pg_advisory_lock($1)").bind(key);
                let holder: i32 = lock.fetch_one(&mut connection).await.unwrap();
                let (code, printed) = ours(database, &directory, &["up", "--lock-wait", "300ms"]);
                assert_eq!(code, 7, "{printed}");
                assert!(printed.contains(&format!("note: the lock is held by process {holder},")), "{printed}");
            });
        }
        succeeds(database, &directory, &["up"]);
    });
}

#[test]
fn the_named_lock_of_golang_migrate_is_waited_for() {
    on(Backend::Mysql, |database| {
        let directory = database.migrations(&[UP_1]);
        let lock = lock_number(&format!("{}:schema_migrations", database.value("SELECT DATABASE()"))).to_string();
        block_on(async {
            let mut connection = MySqlConnection::connect(&database.url).await.unwrap();
            let taken: i64 =
                sqlx::query_scalar("SELECT GET_LOCK(?, 1)").bind(&lock).fetch_one(&mut connection).await.unwrap();
            assert_eq!(taken, 1);
            assert_eq!(ours(database, &directory, &["up", "--lock-wait", "300ms"]).0, 7);
        });
        succeeds(database, &directory, &["up"]);
    });
}
