//! sqlx's directory, history table and lock, beside sqlx itself: either accepts what the other did.

use std::path::Path;

use sqlx::migrate::{Migrate as _, MigrateError, Migrator};
use sqlx::{Connection as _, MySqlConnection, PgConnection, SqliteConnection};

use crate::support::{Backend, TestDatabase, block_on, on, on_each};

const TABLE: (&str, &str) = ("1_users.sql", "CREATE TABLE users (id INTEGER);\nINSERT INTO users VALUES (1);");
const UP: (&str, &str) = ("2_add_the_name.up.sql", "ALTER TABLE users ADD name VARCHAR(20);");
const DOWN: (&str, &str) = ("2_add_the_name.down.sql", "ALTER TABLE users DROP COLUMN name;");
const ALONE: (&str, &str) = ("3_alone.sql", "-- no-transaction\r\nCREATE INDEX users_id ON users (id);\r\n");
const ROWS: (&str, &str) = ("0010_rows.sql", "INSERT INTO users VALUES (2, 'Zoë')");

/// Does something with a connection of sqlx's to the database.
macro_rules! connected {
    ($database:expr, |$connection:ident| $body:expr) => {
        block_on(async {
            match $database.backend {
                Backend::Postgres => {
                    let mut $connection = PgConnection::connect(&$database.url).await.unwrap();
                    $body
                }
                Backend::Mysql => {
                    let mut $connection = MySqlConnection::connect(&$database.url).await.unwrap();
                    $body
                }
                Backend::Sqlite => {
                    let url = format!("{}?mode=rwc", $database.url);
                    let mut $connection = SqliteConnection::connect(&url).await.unwrap();
                    $body
                }
            }
        })
    };
}

/// Applies the directory with sqlx.
fn sqlx_run(database: &TestDatabase, directory: &Path) -> Result<(), MigrateError> {
    connected!(database, |connection| Migrator::new(directory).await?.run(&mut connection).await)
}

/// Reverts the directory with sqlx, down to this version.
fn sqlx_undo(database: &TestDatabase, directory: &Path, version: i64) {
    connected!(database, |connection| Migrator::new(directory).await.unwrap().undo(&mut connection, version).await)
        .unwrap();
}

/// Runs the binary on a directory of sqlx; returns its exit code and what it printed.
fn ours(database: &TestDatabase, directory: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = database.binary(directory);
    let output = command.args(arguments).env("MIGRASCOPE_LAYOUT", "sqlx").env("COLUMNS", "200").output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(printed).unwrap())
}

#[track_caller]
fn succeeds(database: &TestDatabase, directory: &Path, arguments: &[&str]) -> String {
    let (code, printed) = ours(database, directory, arguments);
    assert_eq!(code, 0, "{arguments:?}: {printed}");
    printed
}

/// The versions of the table's rows, each with `!` if it has not succeeded.
fn recorded(database: &TestDatabase) -> String {
    let sql = "SELECT version, CASE WHEN success THEN '' ELSE '!' END FROM _sqlx_migrations ORDER BY version";
    let rows = database.query(sql).into_iter();
    rows.map(|row| row.into_iter().flatten().collect::<String>()).collect::<Vec<_>>().join(" ")
}

#[test]
fn either_tool_goes_on_where_the_other_stopped() {
    on_each(|database| {
        let begun = database.migrations(&[TABLE, UP, DOWN]);
        sqlx_run(database, &begun).unwrap();
        let whole = database.migrations(&[TABLE, UP, DOWN, ALONE, ROWS]);
        let status = succeeds(database, &whole, &["status"]);
        assert!(status.contains("add the name") && status.contains("2 pending"), "{status}");

        succeeds(database, &whole, &["up"]);
        assert_eq!(recorded(database), "1 2 3 10");
        assert_eq!(database.value("SELECT count(*) FROM _sqlx_migrations WHERE execution_time > 0"), "4");
        sqlx_run(database, &whole).unwrap();
        assert_eq!(database.value("SELECT count(*) FROM users"), "2", "sqlx has applied nothing again");
        succeeds(database, &whole, &["verify"]);
    });
}

#[test]
fn a_database_begun_by_us_is_one_of_sqlx() {
    on_each(|database| {
        let directory = database.migrations(&[TABLE, UP, DOWN]);
        succeeds(database, &directory, &["up"]);
        sqlx_run(database, &directory).unwrap();
        sqlx_undo(database, &directory, 1);
        assert_eq!(recorded(database), "1");
        assert!(succeeds(database, &directory, &["status"]).contains("1 pending"));

        succeeds(database, &directory, &["up"]);
        succeeds(database, &directory, &["down", "--yes"]);
        assert_eq!(recorded(database), "1");
        sqlx_run(database, &directory).unwrap();
        assert_eq!(recorded(database), "1 2");
        assert_eq!(database.value("SELECT count(*) FROM users WHERE name IS NULL"), "1");
    });
}

/// The columns of the history table.
fn columns(database: &TestDatabase) -> Vec<Vec<Option<String>>> {
    database.query(match database.backend {
        Backend::Sqlite => "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('_sqlx_migrations')",
        Backend::Postgres => {
            "SELECT c.column_name::text, c.data_type::text, c.is_nullable::text, c.column_default::text, \
             (SELECT x.indisprimary::text FROM pg_index x WHERE x.indrelid = '_sqlx_migrations'::regclass AND c.ordinal_position = ANY (x.indkey)) \
             FROM information_schema.columns c WHERE c.table_name = '_sqlx_migrations' AND c.table_schema = current_schema() ORDER BY c.ordinal_position"
        }
        Backend::Mysql => {
            "SELECT column_name, column_type, is_nullable, column_default, column_key FROM information_schema.columns \
             WHERE table_name = '_sqlx_migrations' AND table_schema = DATABASE() ORDER BY ordinal_position"
        }
    })
}

#[test]
fn the_table_is_the_one_that_sqlx_makes() {
    on_each(|database| {
        let directory = database.migrations(&[TABLE]);
        sqlx_run(database, &directory).unwrap();
        let theirs = columns(database);
        let other = TestDatabase::fresh(database.backend).unwrap();
        succeeds(&other, &directory, &["up"]);
        let keyed = ["true", "PRI", "1"].map(|word| Some(word.to_owned()));
        assert!(theirs.len() == 6 && theirs[0].last().is_some_and(|key| keyed.contains(key)), "{theirs:?}");
        assert_eq!(columns(&other), theirs);
    });
}

#[test]
fn a_changed_file_is_refused_by_both() {
    on_each(|database| {
        let directory = database.migrations(&[TABLE]);
        succeeds(database, &directory, &["up"]);
        // A line ending is a change to sqlx.
        let changed = database.migrations(&[(TABLE.0, &TABLE.1.replace('\n', "\r\n"))]);
        assert!(matches!(sqlx_run(database, &changed), Err(MigrateError::VersionMismatch(1))));
        let (code, printed) = ours(database, &changed, &["verify"]);
        assert_eq!(code, 4, "{printed}");
        succeeds(database, &changed, &["repair", "--accept-changes", "1", "--reason", "a test"]);
        sqlx_run(database, &changed).unwrap();
    });
}

#[test]
fn what_sqlx_left_half_way_is_refused_until_it_is_settled() {
    on_each(|database| {
        let directory = database.migrations(&[TABLE, UP, DOWN]);
        sqlx_run(database, &database.migrations(&[TABLE])).unwrap();
        let columns = "(version, description, success, checksum, execution_time)";
        let mark = format!("INSERT INTO _sqlx_migrations {columns} VALUES (2, 'add the name', FALSE, 'x', -1)");
        for (settlement, rows) in [
            ("repair --mark-reverted 2 --reason test", "1"),
            ("repair --mark-applied 2 --reason test", "1 2"),
            ("repair --resume 2 --in-doubt did-not-run --reason test", "1 2"),
        ] {
            database.query("DELETE FROM _sqlx_migrations WHERE version = 2");
            database.query(&mark);
            let (code, printed) = ours(database, &directory, &["up"]);
            assert_eq!(code, 4, "{printed}");
            assert!(printed.contains("marked as not successful in the history table"), "{printed}");
            assert!(ours(database, &directory, &["status"]).1.contains("unfinished"));
            succeeds(database, &directory, &settlement.split(' ').collect::<Vec<_>>());
            assert_eq!(recorded(database), rows, "{settlement}");
        }
        sqlx_run(database, &directory).unwrap();
    });
}

#[test]
fn what_we_left_half_way_is_dirty_to_sqlx() {
    on(Backend::Mysql, |database| {
        let directory =
            database.migrations(&[TABLE, ("2_b.sql", "CREATE TABLE b (i INTEGER); INSERT INTO c VALUES (1)")]);
        assert_eq!(ours(database, &directory, &["up"]).0, 6);
        assert_eq!(recorded(database), "1 2!");
        assert!(matches!(sqlx_run(database, &directory), Err(MigrateError::Dirty(2))));
        database.query("CREATE TABLE c (i INTEGER)");
        succeeds(database, &directory, &["repair", "--resume", "2", "--reason", "a test"]);
        assert_eq!((recorded(database), database.value("SELECT count(*) FROM c")), ("1 2".to_owned(), "1".to_owned()));
        sqlx_run(database, &directory).unwrap();
    });
}

#[test]
fn a_reversion_that_failed_half_way_is_dirty_and_goes_on() {
    on(Backend::Mysql, |database| {
        let down = ("2_b.down.sql", "DROP TABLE b; INSERT INTO c VALUES (1)");
        let directory = database.migrations(&[TABLE, ("2_b.up.sql", "CREATE TABLE b (i INTEGER)"), down]);
        succeeds(database, &directory, &["up"]);
        assert_eq!(ours(database, &directory, &["down"]).0, 6);
        assert_eq!(recorded(database), "1 2!");
        assert!(ours(database, &directory, &["up"]).1.contains("failed half-way down"));
        database.query("CREATE TABLE c (i INTEGER)");
        succeeds(database, &directory, &["repair", "--resume", "2", "--reason", "a test"]);
        assert_eq!(recorded(database), "1");
    });
}

#[test]
fn the_lock_of_sqlx_is_waited_for() {
    on(Backend::Postgres, |database| {
        let directory = database.migrations(&[TABLE]);
        block_on(async {
            let mut connection = PgConnection::connect(&database.url).await.unwrap();
            connection.lock().await.unwrap();
            let (code, printed) = ours(database, &directory, &["up", "--lock-wait", "300ms"]);
            assert_eq!(code, 7, "{printed}");
            let holder: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await.unwrap();
            assert!(printed.contains(&format!("note: the lock is held by process {holder},")), "{printed}");
            connection.unlock().await.unwrap();
        });
        succeeds(database, &directory, &["up"]);
    });
}

#[test]
fn no_lock_is_waited_for_where_sqlx_has_none() {
    on(Backend::Mysql, |database| {
        let directory = database.migrations(&[TABLE]);
        block_on(async {
            let mut connection = MySqlConnection::connect(&database.url).await.unwrap();
            let version: String = sqlx::query_scalar("SELECT version()").fetch_one(&mut connection).await.unwrap();
            connection.lock().await.unwrap();
            let (code, printed) = ours(database, &directory, &["up", "--lock-wait", "300ms"]);
            // On MySQL, sqlx has its lock now; MariaDB has rejected it.
            assert_eq!(code, if version.contains("MariaDB") { 0 } else { 7 }, "{printed}");
        });
    });
}
