//! A script's own transactions are detected as the server reports them, and never split.

use migrascope::Error;
use migrascope::database::{Access, Execute};
use migrascope::report::PartialEffect;

use crate::support::{Backend, TestDatabase, block_on, on, on_each};

/// Runs each statement in one session, and queries after it whether a transaction is open.
fn asked(database: &TestDatabase, statements: &[(&str, bool)]) {
    block_on(async {
        let mut session = database.connector().session(Access::Write, None).await.unwrap();
        assert!(!session.transaction().await.unwrap().open, "a fresh session has no transaction");
        for (sql, open) in statements {
            session.execute(Execute::OfScript(sql)).await.unwrap();
            assert_eq!(session.transaction().await.unwrap().open, *open, "behind {sql}");
            assert_eq!(session.transaction().await.unwrap().open, *open, "asking changes nothing, behind {sql}");
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
            let mut session = database.connector().session(Access::Write, None).await.unwrap();
            session.execute(Execute::OfScript("BEGIN")).await.unwrap();
            session.execute(Execute::OfScript("SELECT 1 / 0")).await.unwrap_err();
            assert!(session.transaction().await.unwrap().open);
            session.execute(Execute::OfScript("ROLLBACK")).await.unwrap();
            assert!(!session.transaction().await.unwrap().open);
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

/// The contents of `t` after a script, and after the same script in the mysql client.
fn leaves(database: &TestDatabase, script: &str, expected: &str) {
    database.query("DROP TABLE IF EXISTS _migrascope_migrations, _migrascope_journal, t");
    database.query("CREATE TABLE t (a INT PRIMARY KEY) ENGINE = InnoDB");
    let directory = database.migrations(&[("1_x.sql", script)]);
    database.up(&directory).unwrap_or_else(|error| panic!("{script}\n{error:?}"));
    let rows = database.value("SELECT CAST(GROUP_CONCAT(a ORDER BY a) AS CHAR) FROM t");
    assert_eq!(rows, expected, "{script}");
    let journaled = "SELECT CAST(statements_done = statements_total AND NOT half_way AS CHAR) FROM _migrascope_journal \
         WHERE kind = 'migration'";
    assert_eq!(database.value(journaled), "1", "{script}");
}

#[test]
fn a_transaction_of_the_scripts_own_is_not_broken_up() {
    on(Backend::Mysql, |database| {
        database.query("CREATE PROCEDURE p() BEGIN INSERT INTO t VALUES (7); END");
        database.query("CREATE PROCEDURE begins() BEGIN START TRANSACTION; INSERT INTO t VALUES (7); END");
        database.query("CREATE PROCEDURE commits() BEGIN INSERT INTO t VALUES (7); COMMIT; END");
        database.query("CREATE PROCEDURE silent() BEGIN SET autocommit = 0; END");
        for inside in [
            "SHOW TABLES",
            "EXPLAIN SELECT 1",
            "DESCRIBE t",
            "CALL p()",
            "PREPARE s FROM 'SELECT 1';\nEXECUTE s;\nDEALLOCATE PREPARE s",
            "CREATE TEMPORARY TABLE x (i INT)",
            "CREATE TEMPORARY TABLE x (i INT);\nDROP TEMPORARY TABLE x",
            "/*!40101 SET @x = 1 */",
            "/*!50000 INSERT INTO t VALUES (9) */",
            "GET DIAGNOSTICS @n = NUMBER",
            "HANDLER t OPEN;\nHANDLER t READ FIRST;\nHANDLER t CLOSE",
            "SAVEPOINT a;\nROLLBACK TO SAVEPOINT a",
            "BEGIN NOT ATOMIC INSERT INTO t VALUES (8); END",
            "SET sql_mode = ''",
            "CHECKSUM TABLE t",
        ] {
            let script = format!(
                "START TRANSACTION;\nINSERT INTO t VALUES (1);\n{inside};\nINSERT INTO t VALUES (2);\nROLLBACK;\n\
                 INSERT INTO t VALUES (3);"
            );
            leaves(database, &script, "3");
        }
        for (script, expected) in [
            ("BEGIN;\nINSERT INTO t VALUES (1);\nCOMMIT AND CHAIN;\nINSERT INTO t VALUES (2);\nROLLBACK;", "1"),
            ("BEGIN;\nINSERT INTO t VALUES (1);\nBEGIN;\nINSERT INTO t VALUES (2);\nROLLBACK;", "1"),
            (
                "BEGIN;\nINSERT INTO t VALUES (1);\nCREATE TABLE x (i INT);\nINSERT INTO t VALUES (2);\nROLLBACK;\nDROP TABLE x;",
                "1,2",
            ),
            ("CALL begins();\nINSERT INTO t VALUES (1);\nROLLBACK;\nINSERT INTO t VALUES (2);", "2"),
            ("BEGIN;\nINSERT INTO t VALUES (1);\nCALL commits();\nINSERT INTO t VALUES (2);\nROLLBACK;", "1,2,7"),
            ("SET autocommit = 0;\nINSERT INTO t VALUES (1);\nROLLBACK;\nINSERT INTO t VALUES (2);\nCOMMIT;", "2"),
            (
                "SET @@session.autocommit = OFF;\nINSERT INTO t VALUES (1);\nSET autocommit = 1;\nINSERT INTO t VALUES (2);",
                "1,2",
            ),
            ("CALL silent();\nINSERT INTO t VALUES (1);\nROLLBACK;\nINSERT INTO t VALUES (2);\nCOMMIT;", "2"),
            ("XA START 'a';\nINSERT INTO t VALUES (1);\nXA END 'a';\nXA ROLLBACK 'a';\nINSERT INTO t VALUES (2);", "2"),
            (
                "XA START 'a';\nINSERT INTO t VALUES (1);\nXA END 'a';\nXA PREPARE 'a';\nXA COMMIT 'a';\nINSERT INTO t VALUES (2);",
                "1,2",
            ),
            (
                "SET completion_type = CHAIN;\nINSERT INTO t VALUES (1);\nBEGIN;\nINSERT INTO t VALUES (2);\nCOMMIT;\nINSERT INTO t VALUES (3);\nROLLBACK;\nSET completion_type = NO_CHAIN;\nCOMMIT;",
                "1,2",
            ),
            ("START TRANSACTION READ ONLY;\nSELECT * FROM t;\nCOMMIT;\nINSERT INTO t VALUES (1);", "1"),
        ] {
            leaves(database, script, expected);
        }
    });
}

#[test]
fn what_a_script_leaves_open_at_its_end_is_a_failure_and_not_committed() {
    on(Backend::Mysql, |database| {
        database.query("CREATE TABLE t (a INT PRIMARY KEY) ENGINE = InnoDB");
        let script = "INSERT INTO t VALUES (1);\nSTART TRANSACTION;\nINSERT INTO t VALUES (2);";
        let directory = database.migrations(&[("1_x.sql", script)]);
        let error = database.up(&directory).unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!(failure.message, "the transaction that begins at line 2 is still open at the end of the file");
        assert_eq!(failure.remains, PartialEffect::HalfWay { done: 1, next_unknown: false });
        assert_eq!(database.value("SELECT CAST(GROUP_CONCAT(a) AS CHAR) FROM t"), "1");
    });
}

#[test]
fn what_a_failure_inside_a_transaction_of_the_scripts_own_leaves_is_asked_of_the_server() {
    on(Backend::Mysql, |database| {
        database.query("CREATE PROCEDURE fails() BEGIN COMMIT; SIGNAL SQLSTATE '45000'; END");
        let half_way = |done, next_unknown| PartialEffect::HalfWay { done, next_unknown };
        for (failing, remains, rows) in [
            ("INSERT INTO t VALUES (1)", half_way(1, false), "0"),
            ("SHOW CREATE TABLE nowhere", half_way(1, false), "0"),
            ("CREATE TABLE t (i INT)", half_way(3, false), "0,1"),
            ("/*!40101 CREATE TABLE t (i INT) */", half_way(3, false), "0,1"),
            ("CREATE TEMPORARY TABLE u (i NONSENSE)", half_way(1, false), "0"),
            ("CALL fails()", half_way(1, true), "0,1"),
        ] {
            database.query("DROP TABLE IF EXISTS _migrascope_migrations, _migrascope_journal, t");
            database.query("CREATE TABLE t (a INT PRIMARY KEY) ENGINE = InnoDB");
            let script = format!(
                "INSERT INTO t VALUES (0);\nSTART TRANSACTION;\nINSERT INTO t VALUES (1);\n{failing};\nCOMMIT;"
            );
            let directory = database.migrations(&[("1_x.sql", &script)]);
            let error = database.up(&directory).unwrap_err();
            let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
            assert_eq!((failure.remains, failure.statement), (remains, Some(4)), "{failing}");
            assert_eq!(database.value("SELECT CAST(GROUP_CONCAT(a ORDER BY a) AS CHAR) FROM t"), rows, "{failing}");
        }
    });
}
