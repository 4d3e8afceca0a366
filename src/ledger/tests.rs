//! The SQL of the ledger for each database, tested without a server.

use std::time::Duration;

use super::{Elapsed, HistoryFormat, qualified};
use crate::database::{ConnectOptions, SecretUrl, Sql, ToolLock, open};
use crate::history::Direction;
use crate::migration::{Dialect, Migration, Script, Version};

fn sql(url: &str) -> Box<dyn Sql> {
    open(&SecretUrl::new(url), ConnectOptions::default()).expect("a URL").sql()
}

fn migration() -> Migration {
    let up = Script::new("7_it's.sql", "SELECT 1", Dialect::Postgres);
    Migration { key: Version::from_history("007").into(), name: "it's".to_owned(), up, down: None }
}

#[test]
fn a_row_is_written_in_the_words_of_each_database() {
    let ledger = HistoryFormat::native().ledger("app.history");
    let elapsed = Elapsed::Measured(Duration::from_millis(5));
    for (url, starts, name, now) in [
        #[cfg(feature = "postgres")]
        ("postgres://h/d", r#"INSERT INTO "app"."history" ("#, "E'it''s'", "pg_catalog.clock_timestamp()"),
        #[cfg(feature = "mysql")]
        ("mysql://h/d", "INSERT INTO `app`.`history` (", "CONVERT(0x69742773 USING utf8mb4)", "UTC_TIMESTAMP(6)"),
        #[cfg(feature = "sqlite")]
        ("sqlite://d.db", r#"INSERT INTO "app"."history" ("#, "'it''s'", "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"),
    ] {
        let row = ledger.add(&*sql(url), &migration(), elapsed, "run 1").concat();
        assert!(row.starts_with(starts), "{row}");
        for part in [name, now, "7'", ", 5, ", "run 1'"] {
            assert!(row.contains(part), "{part} is missing in {row}");
        }
    }
}

#[test]
fn a_table_without_a_schema_lies_in_that_of_the_connection() {
    for (url, expected) in [
        #[cfg(feature = "postgres")]
        ("postgres://h/d?currentSchema=tenant", r#""tenant"."history""#),
        #[cfg(feature = "postgres")]
        ("postgres://h/d", r#""history""#),
        #[cfg(feature = "mysql")]
        ("mysql://h/tenant", "`tenant`.`history`"),
        #[cfg(feature = "sqlite")]
        ("sqlite://d.db", r#""main"."history""#),
    ] {
        assert_eq!(qualified(&*sql(url), "history"), expected, "{url}");
    }
}

/// The keys that sqlx 0.9 computes for a database of this name.
#[test]
fn the_locks_of_sqlx_are_named_as_it_names_them() {
    let sqlx = HistoryFormat::named("sqlx").expect("a format").ledger("_sqlx_migrations");
    for (url, expected) in [
        #[cfg(feature = "postgres")]
        ("postgres://h/app", vec![ToolLock::Key(3_469_795_979_745_788_610)]),
        #[cfg(feature = "mysql")]
        ("mysql://h/app", vec![ToolLock::Name("3027310f4fd382c2".to_owned())]),
        #[cfg(feature = "sqlite")]
        ("sqlite://app", vec![]),
    ] {
        assert_eq!(sqlx.tool_locks(&*sql(url)), expected, "{url}");
    }
}

/// The keys that Flyway 13 computes for its table in this place.
#[test]
fn the_locks_of_flyway_are_named_as_it_names_them() {
    let flyway = HistoryFormat::named("flyway").expect("a format").ledger("flyway_schema_history");
    for (url, expected) in [
        #[cfg(feature = "postgres")]
        ("postgres://h/app?currentSchema=public", vec![ToolLock::Key(77_433_833_903_597)]),
        #[cfg(feature = "mysql")]
        ("mysql://h/app", vec![ToolLock::Name("Flyway--320650056".to_owned())]),
        #[cfg(feature = "sqlite")]
        ("sqlite://app", vec![]),
    ] {
        assert_eq!(flyway.tool_locks(&*sql(url)), expected, "{url}");
    }
}

/// The keys that golang-migrate 4 computes for a database of this name: those of its program and of programs that embed it.
#[test]
fn the_locks_of_golang_migrate_are_named_as_it_names_them() {
    let ledger = HistoryFormat::named("golang-migrate").expect("a format").ledger("schema_migrations");
    for (url, expected) in [
        #[cfg(feature = "postgres")]
        ("postgres://h/app?currentSchema=public", vec![ToolLock::Key(1_726_534_663), ToolLock::Key(1_787_120_056)]),
        #[cfg(feature = "mysql")]
        ("mysql://h/app", vec![ToolLock::Name("2938252834".to_owned())]),
        #[cfg(feature = "sqlite")]
        ("sqlite://app", vec![]),
    ] {
        assert_eq!(ledger.tool_locks(&*sql(url)), expected, "{url}");
    }
}

#[test]
fn what_a_step_writes_is_rehearsed() {
    for word in HistoryFormat::words() {
        let ledger = HistoryFormat::named(word).expect("a format").ledger("history");
        for url in [
            #[cfg(feature = "postgres")]
            "postgres://h/d",
            #[cfg(feature = "mysql")]
            "mysql://h/d",
            #[cfg(feature = "sqlite")]
            "sqlite://d.db",
        ] {
            let (sql, migration) = (sql(url), migration());
            let up = ledger.add(&*sql, &migration, Elapsed::Measured(Duration::ZERO), "run");
            let down = vec![ledger.remove(&*sql, &migration.key)];
            for (direction, written) in [(Direction::Up, up), (Direction::Down, down)] {
                let verb = |sql: &String| sql.split(' ').next().map(str::to_owned);
                let rehearsed: Vec<_> = ledger.rehearse(&*sql, direction).iter().map(verb).collect();
                assert!(
                    !written.is_empty() && written.iter().all(|sql| rehearsed.contains(&verb(sql))),
                    "{word}, {url}"
                );
            }
        }
    }
}

#[test]
fn a_default_name_has_a_schema_only_where_there_are_schemas() {
    let drizzle = HistoryFormat::named("drizzle").expect("a format");
    for (dialect, expected) in [
        (Dialect::Postgres, "drizzle.__drizzle_migrations"),
        (Dialect::Mysql, "__drizzle_migrations"),
        (Dialect::Sqlite, "__drizzle_migrations"),
    ] {
        assert_eq!(drizzle.table_in(dialect, drizzle.table()), expected);
        assert_eq!(drizzle.table_in(dialect, "other.table"), "other.table");
    }
}

/// The privilege to create schemas is not required where the schema exists.
#[cfg(feature = "postgres")]
#[test]
fn a_schema_is_created_before_its_table() {
    let sql = sql("postgres://h/d");
    let first = |name: &str| {
        let ledger = HistoryFormat::named("drizzle").expect("a format").ledger(name);
        ledger.create(&*sql).into_iter().next().expect("a table").sql
    };
    let schema = "DO $migrascope$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = E'it''s') \
                  THEN CREATE SCHEMA IF NOT EXISTS \"it's\"; END IF; END $migrascope$;\nCREATE TABLE";
    assert!(first("it's.t").starts_with(schema), "{}", first("it's.t"));
    assert!(first("t").starts_with("CREATE TABLE"), "{}", first("t"));
}
