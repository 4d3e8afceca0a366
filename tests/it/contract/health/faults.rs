//! Faults of SQLite, MySQL and MariaDB, each reported by its name. Faults that need a dedicated server are tested in scripts/try-health.

use migrascope::report::{CheckStatus, Unit};
use migrascope::{Error, Migrator, layout};

use super::{TABLE, checked, ended, health, health_at, only_failure, up};
use crate::support::{Backend, block_on, connector, on};

#[test]
fn a_damaged_sqlite_file_is_found() {
    on(Backend::Sqlite, |database| {
        let rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
             INSERT INTO a SELECT i, 'some text that fills the page ' || i FROM n";
        let script = format!("CREATE TABLE a (i INTEGER, t TEXT); CREATE INDEX a_i ON a (i); {rows};");
        up(database, &[("1_a.sql", &script)], &[]).unwrap();
        let path = database.url.strip_prefix("sqlite://").unwrap();
        let mut bytes = std::fs::read(path).unwrap();
        let page = 4096;
        let middle = bytes.len() / page / 2 * page;
        bytes[middle..middle + page].fill(0xAA);
        std::fs::write(path, bytes).unwrap();
        let failed = only_failure(health(database, &[]));
        assert_eq!(failed.name, "quick_check");
        assert!(failed.value >= Some(1.0) || failed.message.contains("malformed"), "{failed:?}");
        assert!(failed.help.unwrap().contains("backup"));
    });
}

#[test]
fn a_row_that_refers_to_nothing_is_found() {
    on(Backend::Sqlite, |database| {
        let script = "CREATE TABLE customers (id INTEGER PRIMARY KEY);\n\
             CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers (id));\n\
             INSERT INTO orders VALUES (5, 1), (6, NULL);";
        let failed = only_failure(up(database, &[("1_orders.sql", script)], &[]));
        assert_eq!(failed.name, "foreign_keys");
        assert_eq!(failed.message, "1 found: orders row 5 has no matching row in customers");
    });
}

#[test]
fn an_sqlite_file_that_cannot_be_written_is_found() {
    on(Backend::Sqlite, |database| {
        up(database, &[TABLE], &[]).unwrap();
        let url = format!("{}?mode=ro", database.url);
        let error = health_at(&url, checked(database, &[])).unwrap_err();
        let Error::Unhealthy { failed } = &error.cause else { panic!("{error:?}") };
        let names: Vec<&str> = failed.iter().map(|check| check.name.as_str()).collect();
        assert_eq!(names, ["write_rollback", "writable"]);
        assert!(failed[0].message.contains("readonly"), "{}", failed[0].message);
        assert_eq!(failed[1].message, "the database is read-only: its URL has mode=ro");
    });
}

#[test]
fn mysql_connections_are_counted() {
    on(Backend::Mysql, |database| {
        let report = up(database, &[TABLE], &[]).unwrap();
        let check = ended(&report, "connections", CheckStatus::Ok);
        assert_eq!((check.threshold, check.unit), (Some(0.8), Some(Unit::Ratio)));
        assert!(check.value > Some(0.0) && check.message.contains(" of 300 used"), "{check:?}");
    });
}

#[test]
fn a_mysql_user_without_connections_left_is_refused_by_name() {
    on(Backend::Mysql, |database| {
        let user = format!("u{}", &uuid::Uuid::now_v7().simple().to_string()[12..]);
        // One session migrates, one holds the lock, and no further connection is allowed.
        database.query(&format!("CREATE USER {user} IDENTIFIED BY 'limited' WITH MAX_USER_CONNECTIONS 2"));
        let name = database.url.rsplit('/').next().unwrap();
        database.query(&format!("GRANT ALL ON {name}.* TO {user}"));
        let url = database.url.replace("root:throwaway-s3cret@", &format!("{user}:limited@"));
        let limited = connector(&url);
        let set = layout::Reader::directory(database.migrations(&[TABLE]), limited.dialect()).migrations().unwrap();
        let migrator = Migrator::new(limited, set, checked(database, &[]));
        let failed = only_failure(block_on(migrator.up()));
        assert_eq!(failed.name, "connect");
        assert!(failed.message.contains("max_user_connections"), "{}", failed.message);
        assert_eq!(database.applied(), ["1"]);
        database.query(&format!("DROP USER {user}"));
    });
}

#[test]
fn a_mysql_user_who_may_not_ask_for_replicas_is_told_so() {
    on(Backend::Mysql, |database| {
        up(database, &[TABLE], &[]).unwrap();
        let user = format!("u{}", &uuid::Uuid::now_v7().simple().to_string()[12..]);
        database.query(&format!("CREATE USER {user} IDENTIFIED BY 'reader'"));
        let name = database.url.rsplit('/').next().unwrap();
        database.query(&format!("GRANT SELECT ON {name}.* TO {user}"));
        let url = database.url.replace("root:throwaway-s3cret@", &format!("{user}:reader@"));
        let report = health_at(&url, checked(database, &[])).unwrap();
        database.query(&format!("DROP USER {user}"));
        ended(&report, "read", CheckStatus::Ok);
        for name in ["write_rollback", "replica_lag"] {
            let check = ended(&report, name, CheckStatus::Skipped);
            assert!(check.message.starts_with("not permitted: "), "{check:?}");
        }
    });
}

#[test]
fn without_a_connection_there_is_nothing_to_examine() {
    on(Backend::Mysql, |database| {
        let url = database.url.replace("throwaway-s3cret", "wrong");
        let error = health_at(&url, checked(database, &[])).unwrap_err();
        assert!(matches!(error.cause, Error::Connect { .. }), "{error:?}");
        assert_eq!(error.report.health, None);
    });
}
