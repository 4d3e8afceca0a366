//! How statements affect the transaction around them.

use migrascope::migration::Dialect::{self, Mysql, Postgres, Sqlite};
use migrascope::migration::StatementKind::{
    self, Begin, Commit, ConcurrentIndex, ForeignKeys, NoTransaction, Ordinary, Release, Rollback, Savepoint,
};

const PLAIN: StatementKind = Begin { plain: true };
const WITH_MODE: StatementKind = Begin { plain: false };

#[track_caller]
fn check(dialect: Dialect, rows: &[(&str, StatementKind)]) {
    for (text, kind) in rows {
        for text in [(*text).to_owned(), text.to_lowercase(), text.replace(' ', " /* a */ \n")] {
            let parsed = migrascope::script::parse(&text, dialect).unwrap();
            assert_eq!(parsed.statements.iter().map(|s| s.kind).collect::<Vec<_>>(), [*kind], "{text}");
        }
    }
}

#[test]
fn transaction_control_of_all() {
    for dialect in Dialect::ALL {
        let rows = [
            ("BEGIN", PLAIN),
            ("BEGIN;", PLAIN),
            ("COMMIT", Commit),
            ("ROLLBACK", Rollback),
            ("ROLLBACK TO a", Ordinary),
            ("ROLLBACK TO SAVEPOINT a", Ordinary),
            ("SAVEPOINT a", if dialect == Sqlite { Savepoint } else { Ordinary }),
            ("RELEASE SAVEPOINT a", if dialect == Sqlite { Release } else { Ordinary }),
            ("SELECT 'BEGIN; COMMIT'", Ordinary),
        ];
        check(dialect, &rows);
    }
}

#[test]
fn transaction_control_of_postgres() {
    let rows = [
        ("BEGIN WORK", PLAIN),
        ("BEGIN TRANSACTION", PLAIN),
        ("START TRANSACTION", PLAIN),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE", WITH_MODE),
        ("START TRANSACTION READ ONLY", WITH_MODE),
        ("COMMIT WORK AND CHAIN", Commit),
        ("END", Commit),
        ("END TRANSACTION", Commit),
        ("ABORT", Rollback),
        ("ROLLBACK WORK TO SAVEPOINT a", Ordinary),
        ("PREPARE TRANSACTION 'a'", NoTransaction { what: "PREPARE TRANSACTION" }),
        ("COMMIT PREPARED 'a'", NoTransaction { what: "COMMIT PREPARED" }),
        ("ROLLBACK PREPARED 'a'", NoTransaction { what: "ROLLBACK PREPARED" }),
    ];
    check(Postgres, &rows);
}

#[test]
fn transaction_control_of_mysql_and_sqlite() {
    check(
        Mysql,
        &[
            ("START TRANSACTION", PLAIN),
            ("START TRANSACTION READ WRITE", WITH_MODE),
            ("START REPLICA", Ordinary),
            ("COMMIT AND CHAIN", Commit),
            ("BEGIN NOT ATOMIC SELECT 1; END", Ordinary),
            ("/*!40000 COMMIT */", Commit),
            ("VACUUM", Ordinary),
        ],
    );
    check(
        Sqlite,
        &[
            ("BEGIN DEFERRED", PLAIN),
            ("BEGIN IMMEDIATE TRANSACTION", PLAIN),
            ("BEGIN EXCLUSIVE", PLAIN),
            ("END TRANSACTION", Commit),
            ("ROLLBACK TRANSACTION TO a", Ordinary),
        ],
    );
}

#[test]
fn concurrent_indexes_of_postgres() {
    let rows = [
        ("CREATE INDEX CONCURRENTLY a ON b (c)", ConcurrentIndex),
        ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a ON b (c)", ConcurrentIndex),
        ("DROP INDEX CONCURRENTLY IF EXISTS a", ConcurrentIndex),
        ("REINDEX TABLE CONCURRENTLY a", ConcurrentIndex),
        ("REINDEX (VERBOSE, CONCURRENTLY) INDEX a", ConcurrentIndex),
        ("REINDEX SCHEMA CONCURRENTLY a", ConcurrentIndex),
        ("REINDEX INDEX a", Ordinary),
        ("CREATE INDEX a ON b (concurrently)", Ordinary),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY a", Ordinary),
    ];
    check(Postgres, &rows);
    check(Sqlite, &[("CREATE INDEX CONCURRENTLY ON a (b)", Ordinary)]);
}

#[test]
fn statements_that_postgres_refuses_in_a_transaction() {
    let refused = [
        ("VACUUM", "VACUUM"),
        ("VACUUM (FULL) a", "VACUUM"),
        ("CREATE DATABASE a", "CREATE DATABASE"),
        ("DROP DATABASE a", "DROP DATABASE"),
        ("ALTER DATABASE a SET TABLESPACE b", "ALTER DATABASE SET TABLESPACE"),
        ("CREATE TABLESPACE a LOCATION '/b'", "CREATE TABLESPACE"),
        ("DROP TABLESPACE a", "DROP TABLESPACE"),
        ("ALTER SYSTEM RESET ALL", "ALTER SYSTEM"),
        ("CLUSTER", "CLUSTER"),
        ("CLUSTER VERBOSE", "CLUSTER"),
        ("REINDEX (VERBOSE) DATABASE a", "REINDEX DATABASE"),
        ("REINDEX SYSTEM a", "REINDEX SYSTEM"),
        ("REINDEX SCHEMA a", "REINDEX SCHEMA"),
        ("CREATE SUBSCRIPTION a CONNECTION 'b' PUBLICATION c", "CREATE SUBSCRIPTION"),
        ("DROP SUBSCRIPTION a", "DROP SUBSCRIPTION"),
        ("ALTER SUBSCRIPTION a REFRESH PUBLICATION", "ALTER SUBSCRIPTION REFRESH"),
        ("ALTER SUBSCRIPTION a SET PUBLICATION b", "ALTER SUBSCRIPTION REFRESH"),
        ("ALTER TABLE a DETACH PARTITION b CONCURRENTLY", "ALTER TABLE DETACH PARTITION CONCURRENTLY"),
        ("DISCARD ALL", "DISCARD ALL"),
    ];
    check(Postgres, &refused.map(|(text, what)| (text, NoTransaction { what })));
    let taken = [
        "ALTER DATABASE a SET work_mem = 1",
        "CLUSTER a",
        "CLUSTER VERBOSE a USING b",
        "REINDEX (VERBOSE) TABLE a",
        "ALTER SUBSCRIPTION a ENABLE",
        "ALTER SUBSCRIPTION a SET PUBLICATION b WITH (refresh = false)",
        "ALTER TABLE a DETACH PARTITION b",
        "ALTER TABLE a DETACH PARTITION b FINALIZE",
        "DISCARD PLANS",
        "ALTER TYPE a ADD VALUE 'b'",
        "ANALYZE a",
    ];
    check(Postgres, &taken.map(|text| (text, Ordinary)));
}

#[test]
fn statements_that_sqlite_refuses_or_ignores_in_a_transaction() {
    let refused = [
        ("VACUUM INTO 'a'", "VACUUM"),
        ("PRAGMA foreign_keys = 256", "PRAGMA foreign_keys"),
        ("PRAGMA foreign_keys = maybe", "PRAGMA foreign_keys"),
        ("PRAGMA journal_mode = WAL", "PRAGMA journal_mode"),
        ("PRAGMA synchronous = OFF", "PRAGMA synchronous"),
        ("PRAGMA wal_checkpoint", "PRAGMA wal_checkpoint"),
    ];
    check(Sqlite, &refused.map(|(text, what)| (text, NoTransaction { what })));
    let taken =
        ["PRAGMA foreign_keys", "PRAGMA journal_mode", "PRAGMA foreign_key_check(a)", "ATTACH 'a' AS b", "DETACH b"];
    check(Sqlite, &taken.map(|text| (text, Ordinary)));
}

#[test]
fn every_form_of_the_switch_of_foreign_keys_is_read() {
    for (value, on) in
        [("ON", true), ("yes", true), ("True", true), ("1", true), ("off", false), ("no", false), ("0", false)]
    {
        for name in ["foreign_keys", "FOREIGN_KEYS", "\"foreign_keys\"", "main.foreign_keys", "\"main\".[foreign_keys]"]
        {
            for value in [format!(" = {value}"), format!("={value}"), format!("({value})"), format!("='{value}'")] {
                check(Sqlite, &[(&format!("PRAGMA {name}{value}"), ForeignKeys { on })]);
            }
        }
    }
}
