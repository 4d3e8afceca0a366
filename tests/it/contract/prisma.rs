//! Prisma's directory, history table and lock. Rows and tables are those that Prisma itself has made.

use std::path::{Path, PathBuf};

use sqlx::{Connection as _, MySqlConnection, PgConnection};

use crate::support::{Backend, TestDatabase, block_on, on, on_each};

const USERS: (&str, &str) = ("20240101000001_create_users/migration.sql", "CREATE TABLE users (id INTEGER);\n");
const ROWS: (&str, &str) = ("20240102000000_rows/migration.sql", "INSERT INTO users VALUES (1);\n");
/// The checksum of [`USERS`].
const USERS_CHECKSUM: &str = "55514a982f4cecf99df093c3afd0132cd5ef1181e81a8e5620dca4eef4c1e278";

/// The tables as Prisma 6.19 makes them.
fn table(database: &TestDatabase) -> &'static str {
    match database.backend {
        Backend::Postgres => {
            "CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ, \
             migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ, started_at TIMESTAMPTZ NOT NULL DEFAULT now(), \
             applied_steps_count INTEGER NOT NULL DEFAULT 0)"
        }
        Backend::Mysql => {
            "CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at DATETIME(3), \
             migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at DATETIME(3), started_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), \
             applied_steps_count INTEGER UNSIGNED NOT NULL DEFAULT 0) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
        }
        Backend::Sqlite => {
            "CREATE TABLE \"_prisma_migrations\" (\n    \"id\" TEXT PRIMARY KEY NOT NULL,\n    \"checksum\" TEXT NOT NULL,\n    \
             \"finished_at\" DATETIME,\n    \"migration_name\" TEXT NOT NULL,\n    \"logs\" TEXT,\n    \"rolled_back_at\" DATETIME,\n    \
             \"started_at\" DATETIME NOT NULL DEFAULT current_timestamp,\n    \"applied_steps_count\" INTEGER UNSIGNED NOT NULL DEFAULT 0\n)"
        }
    }
}

/// A database in which Prisma has applied the first file, with this checksum, and something else has happened since.
fn begun(database: &TestDatabase, files: &[(&str, &str)], checksum: &str, since: &[Row<'_>]) -> PathBuf {
    let directory = database.migrations(files);
    database.query(table(database));
    database.query("CREATE TABLE users (id INTEGER)");
    let (name, _) = USERS.0.split_once('/').unwrap();
    let first = Row { name, state: State::Applied };
    for (at, row) in std::iter::once(&first).chain(since).enumerate() {
        insert(database, at, checksum, row);
    }
    directory
}

struct Row<'r> {
    name: &'r str,
    state: State,
}

#[derive(PartialEq)]
enum State {
    Applied,
    Failed,
    RolledBack,
}

/// A row as Prisma writes it: its native engine stores milliseconds in SQLite, a driver adapter stores text.
fn insert(database: &TestDatabase, at: usize, checksum: &str, row: &Row<'_>) {
    let (began, ended) = match database.backend {
        Backend::Sqlite if at.is_multiple_of(2) => ("1736885910289", "1736885910302"),
        Backend::Sqlite => ("'2026-11-29T21:04:36.611+00:00'", "'2026-11-29T21:04:36.624+00:00'"),
        Backend::Postgres => ("'2026-11-29 22:09:27.749+00'", "'2026-11-29 22:09:27.768+00'"),
        Backend::Mysql => ("'2026-11-29 22:09:27.749'", "'2026-11-29 22:09:27.768'"),
    };
    let ended = |state: State| if row.state == state { ended } else { "NULL" };
    let steps = u8::from(row.state == State::Applied);
    database.query(&format!(
        "INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, logs, rolled_back_at, started_at, applied_steps_count) \
         VALUES ('17954779-7aa3-4010-bdfc-a4f4bd30d21{at}', '{checksum}', {finished}, '{name}', NULL, {rolled_back}, {began}, {steps})",
        finished = ended(State::Applied),
        rolled_back = ended(State::RolledBack),
        name = row.name,
    ));
}

/// Runs the binary; returns its exit code and what it printed.
fn ours(database: &TestDatabase, directory: &Path, arguments: &str) -> (i32, String) {
    let mut command = database.binary(directory);
    let output = command.args(arguments.split(' ')).env("MIGRASCOPE_LAYOUT", "prisma").env("COLUMNS", "200").output();
    let output = output.unwrap();
    (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[track_caller]
fn succeeds(database: &TestDatabase, directory: &Path, arguments: &str) -> String {
    let (code, printed) = ours(database, directory, arguments);
    assert_eq!(code, 0, "{arguments}: {printed}");
    printed
}

/// The rows in the order of their names, with what is set in them.
fn rows(database: &TestDatabase) -> String {
    let sql = "SELECT migration_name, CASE WHEN finished_at IS NULL THEN '' ELSE ' finished' END, \
               CASE WHEN rolled_back_at IS NULL THEN '' ELSE ' rolled-back' END, CASE WHEN logs IS NULL THEN '' ELSE ' logs' END, \
               CASE WHEN applied_steps_count = 0 THEN ' 0' ELSE ' 1' END FROM _prisma_migrations ORDER BY started_at, migration_name";
    let rows = database.query(sql).into_iter();
    rows.map(|row| row.into_iter().flatten().collect::<String>()).collect::<Vec<_>>().join(" | ")
}

#[test]
fn what_prisma_applied_is_told_and_continued() {
    on_each(|database| {
        let directory = begun(database, &[USERS, ROWS], USERS_CHECKSUM, &[]);
        let status = succeeds(database, &directory, "status");
        assert!(status.contains("create_users") && status.contains("1 migration applied, 1 pending"), "{status}");
        assert!(status.contains("13 ms") || status.contains("19 ms"), "{status}");
        succeeds(database, &directory, "up");
        assert_eq!(rows(database), "20240101000001_create_users finished 1 | 20240102000000_rows finished 1");
        assert_eq!(database.value("SELECT count(*) FROM users"), "1");
        assert_eq!(
            database.value("SELECT count(*) FROM _prisma_migrations WHERE length(id) = 36 AND length(checksum) = 64"),
            "2"
        );
        assert!(succeeds(database, &directory, "up").contains("nothing to do"));
    });
}

/// What a table consists of, as the server describes it.
fn description(database: &TestDatabase) -> Vec<Vec<Option<String>>> {
    match database.backend {
        Backend::Sqlite => database.query("SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('_prisma_migrations')"),
        Backend::Mysql => database.query("SHOW CREATE TABLE _prisma_migrations"),
        Backend::Postgres => database.query(
            "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull::text, pg_get_expr(d.adbin, d.adrelid) \
             FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
             WHERE a.attrelid = '_prisma_migrations'::regclass AND a.attnum > 0 \
             UNION ALL SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), NULL, NULL FROM pg_index \
             WHERE indrelid = '_prisma_migrations'::regclass",
        ),
    }
}

#[test]
fn the_table_is_the_one_that_prisma_makes() {
    on_each(|database| {
        let directory = database.migrations(&[USERS]);
        succeeds(database, &directory, "up");
        let other = TestDatabase::fresh(database.backend).unwrap();
        other.query(table(database));
        let (made, theirs) = (description(database), description(&other));
        assert!(!theirs.is_empty());
        assert_eq!(made, theirs);
    });
}

#[test]
fn what_deploy_tolerates_is_a_note_and_what_verify_finds() {
    on_each(|database| {
        let late = ("20230101000000_late/migration.sql", "INSERT INTO users VALUES (2);");
        let gone = Row { name: "20231231000000_gone", state: State::Applied };
        let directory = begun(database, &[USERS, late, ROWS], &"0".repeat(64), &[gone]);
        let (code, printed) = ours(database, &directory, "verify");
        assert_eq!(code, 4, "{printed}");
        for found in
            ["was changed after it was applied", "its file is missing", "older than 20240101000001_create_users"]
        {
            assert!(printed.contains(found), "{found}: {printed}");
        }
        let (code, printed) = ours(database, &directory, "up --strict");
        assert_eq!(code, 4, "{printed}");
        let printed = succeeds(database, &directory, "up");
        for noted in ["was changed after it was applied", "its file is missing", "is applied all the same"] {
            assert!(printed.contains(noted), "{noted}: {printed}");
        }
        assert_eq!(database.value("SELECT count(*) FROM users"), "2");
    });
}

#[test]
fn any_line_ending_and_the_unpadded_form_are_the_same_file() {
    // The second checksum has a byte that early versions wrote with one digit.
    let text = "CREATE TABLE t (id int);\nINSERT INTO t VALUES (1);\n";
    let unpadded = "ca2e30c7bf4ae893a75714da225cab2492983eef3fc4de5988d59bbf722acfb";
    let padded = "ca2e30c7bf4ae893a75714da225cab24092983eef3fc4de5988d59bbf722acfb";
    let with_cr = "c78b411c2934c7f214a95fc07d413149cdd3b99747d470a6f14bf4e3a490d3a9";
    on(Backend::Sqlite, |database| {
        let directory = begun(database, &[(USERS.0, text)], padded, &[]);
        for (checksum, code) in [(padded, 0), (unpadded, 0), (with_cr, 0), (&padded.to_uppercase(), 4)] {
            database.query(&format!("UPDATE _prisma_migrations SET checksum = '{checksum}'"));
            let (found, printed) = ours(database, &directory, "verify");
            assert_eq!(found, code, "{checksum}: {printed}");
        }
    });
}

#[test]
fn what_prisma_left_failed_is_refused_until_it_is_settled() {
    on_each(|database| {
        let failed = [Row { name: "20240102000000_rows", state: State::Failed }];
        let directory = begun(database, &[USERS, ROWS], USERS_CHECKSUM, &failed);
        for (settlement, expected) in [
            ("repair --mark-reverted 20240102000000_rows --reason test", "rolled-back 0"),
            ("repair --mark-applied 20240102000000_rows --reason test", "finished logs 0"),
            ("repair --resume 20240102000000_rows --in-doubt did-not-run --reason test", "finished 1"),
        ] {
            database.query("DELETE FROM _prisma_migrations WHERE migration_name LIKE '%rows'");
            insert(database, 2, USERS_CHECKSUM, &failed[0]);
            let (code, printed) = ours(database, &directory, "up");
            assert_eq!(code, 4, "{printed}");
            assert!(printed.contains("marked as not successful in the history table"), "{printed}");
            succeeds(database, &directory, settlement);
            let rows = rows(database);
            assert!(rows.ends_with(expected), "{settlement}: {rows}");
        }
    });
}

#[test]
fn a_row_that_was_rolled_back_does_not_count() {
    on_each(|database| {
        let rolled_back = [Row { name: "20240102000000_rows", state: State::RolledBack }];
        let directory = begun(database, &[USERS, ROWS], USERS_CHECKSUM, &rolled_back);
        succeeds(database, &directory, "up");
        let rows = rows(database);
        assert!(rows.contains("rows rolled-back 0") && rows.contains("rows finished 1"), "{rows}");
    });
}

#[test]
fn what_we_left_half_way_is_failed_to_prisma() {
    on(Backend::Mysql, |database| {
        let two = ("20240103000000_two/migration.sql", "CREATE TABLE b (i INTEGER); INSERT INTO c VALUES (1)");
        let directory = begun(database, &[USERS, two], USERS_CHECKSUM, &[]);
        assert_eq!(ours(database, &directory, "up").0, 6);
        assert!(rows(database).ends_with("20240103000000_two 0"), "{}", rows(database));
        database.query("CREATE TABLE c (i INTEGER)");
        succeeds(database, &directory, "repair --resume 20240103000000_two --reason test");
        assert!(rows(database).ends_with("20240103000000_two finished 1"), "{}", rows(database));
        assert_eq!(database.value("SELECT count(*) FROM c"), "1");
    });
}

#[test]
fn a_down_file_beside_it_reverts_a_migration() {
    on_each(|database| {
        let down = ("20240102000000_rows/down.sql", "DELETE FROM users;");
        let directory = begun(database, &[USERS, ROWS, down], USERS_CHECKSUM, &[]);
        succeeds(database, &directory, "up");
        succeeds(database, &directory, "down --yes");
        assert_eq!(database.value("SELECT count(*) FROM users"), "0");
        assert!(rows(database).ends_with(" rolled-back 1"), "{}", rows(database));
        succeeds(database, &directory, "up");
        assert_eq!(database.value("SELECT count(*) FROM users"), "1");
    });
}

#[test]
fn the_lock_of_prisma_is_waited_for() {
    on(Backend::Postgres, |database| {
        let directory = database.migrations(&[USERS]);
        block_on(async {
            let mut holder = PgConnection::connect(&database.url).await.unwrap();
            sqlx::query("SELECT pg_advisory_lock(72707369)").execute(&mut holder).await.unwrap();
            is_locked_out(database, &directory);
            holder.close().await.unwrap();
        });
        succeeds(database, &directory, "up");
    });
    on(Backend::Mysql, |database| {
        let directory = database.migrations(&[USERS]);
        block_on(async {
            let mut holder = MySqlConnection::connect(&database.url).await.unwrap();
            sqlx::query("DO GET_LOCK('prisma_migrate', 10)").execute(&mut holder).await.unwrap();
            is_locked_out(database, &directory);
            holder.close().await.unwrap();
        });
    });
}

#[track_caller]
fn is_locked_out(database: &TestDatabase, directory: &Path) {
    let (code, printed) = ours(database, directory, "up --lock-wait 300ms");
    assert_eq!(code, 7, "{printed}");
    assert!(printed.contains("the lock is held by"), "{printed}");
}
