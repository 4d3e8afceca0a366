//! Transactions of a script's own: seen as the server sees them, and never broken up.

use migrascope::database::Access;

use crate::support::{Backend, TestDatabase, block_on, on, on_each};

/// Runs each statement in one session and asks behind it whether a transaction is open.
fn asked(database: &TestDatabase, statements: &[(&str, bool)]) {
    block_on(async {
        let mut session = database.connector().session(Access::Write).await.unwrap();
        assert!(!session.in_transaction().await.unwrap(), "a fresh session has no transaction");
        for (sql, open) in statements {
            session.execute(sql).await.unwrap();
            assert_eq!(session.in_transaction().await.unwrap(), *open, "behind {sql}");
            assert_eq!(session.in_transaction().await.unwrap(), *open, "asking changes nothing, behind {sql}");
        }
        session.close().await;
    });
}

#[test]
fn whether_a_transaction_is_open_is_asked_of_the_server() {
    on_each(|database| {
        database.query("CREATE TABLE t (i INTEGER)");
        asked(
            database,
            &[
                ("BEGIN", true),
                ("INSERT INTO t VALUES (1)", true),
                ("SAVEPOINT a", true),
                ("INSERT INTO t VALUES (2)", true),
                ("ROLLBACK TO SAVEPOINT a", true),
                ("RELEASE SAVEPOINT a", true),
                ("COMMIT", false),
                ("INSERT INTO t VALUES (3)", false),
                ("BEGIN", true),
                ("ROLLBACK", false),
            ],
        );
        assert_eq!(database.value("SELECT count(*) FROM t"), "2");
    });
}

#[test]
fn mariadb_says_what_no_list_of_statements_knows() {
    on(Backend::Mysql, |database| {
        database.query("CREATE TABLE t (i INTEGER)");
        database.query("CREATE PROCEDURE opens() BEGIN START TRANSACTION; INSERT INTO t VALUES (1); END");
        database.query("CREATE PROCEDURE ends() COMMIT");
        asked(
            database,
            &[
                ("CALL opens()", true),
                ("SHOW TABLES", true),
                ("CREATE TEMPORARY TABLE x (i INTEGER)", true),
                ("CALL ends()", false),
                ("START TRANSACTION", true),
                ("COMMIT AND CHAIN", true),
                ("/*!40101 CREATE TABLE u (i INTEGER) */", false),
                ("SET autocommit = 0", false),
                ("INSERT INTO t VALUES (2)", true),
                ("SET autocommit = 1", false),
                ("XA START 'a'", true),
                ("INSERT INTO t VALUES (3)", true),
                ("XA END 'a'", true),
                ("XA ROLLBACK 'a'", false),
            ],
        );
        assert_eq!(database.value("SELECT CAST(SUM(i) AS CHAR) FROM t"), "3");
    });
}

#[test]
fn a_failed_transaction_of_postgres_is_open_and_a_chained_one_too() {
    on(Backend::Postgres, |database| {
        asked(
            database,
            &[("BEGIN", true), ("COMMIT AND CHAIN", true), ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", true)],
        );
        block_on(async {
            let mut session = database.connector().session(Access::Write).await.unwrap();
            session.execute("BEGIN").await.unwrap();
            session.execute("SELECT 1 / 0").await.unwrap_err();
            assert!(session.in_transaction().await.unwrap());
            session.execute("ROLLBACK").await.unwrap();
            assert!(!session.in_transaction().await.unwrap());
            session.close().await;
        });
    });
}

#[test]
fn an_open_savepoint_of_sqlite_is_a_transaction() {
    on(Backend::Sqlite, |database| {
        asked(
            database,
            &[
                ("SAVEPOINT a", true),
                ("SAVEPOINT b", true),
                ("RELEASE b", true),
                ("RELEASE a", false),
                ("BEGIN EXCLUSIVE", true),
                ("END", false),
            ],
        );
    });
}
