//! Which statements leave nothing in the database.

use migrascope::migration::Dialect::{self, Mysql, Postgres, Sqlite};
use migrascope::script;

#[track_caller]
fn check(dialect: Dialect, expected: bool, texts: &[&str]) {
    for text in texts {
        let parsed = script::parse(text, dialect).unwrap();
        let found = script::may_write(text, parsed.statements[0].kind, dialect);
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn what_asks_or_sets_something_for_the_session_leaves_nothing() {
    check(
        Postgres,
        false,
        &[
            "SET search_path = public",
            "RESET ALL",
            "SELECT 1",
            "SELECT count(*) FROM a WHERE b IN (1, 2)",
            "SELECT pg_catalog.set_config('search_path', '', false)",
            "SHOW work_mem",
            "EXPLAIN DELETE FROM a",
            "BEGIN",
            "COMMIT",
            "SAVEPOINT a",
        ],
    );
    check(
        Mysql,
        false,
        &[
            "SET @a = (SELECT 1), sql_mode = ''",
            "USE a",
            "SHOW TABLES",
            "SELECT VERSION(), MAX(i) FROM a",
            "DESCRIBE a",
            "LOCK TABLES a WRITE",
            "UNLOCK TABLES",
            "/*!40101 SET NAMES utf8 */",
        ],
    );
    check(
        Sqlite,
        false,
        &["PRAGMA foreign_keys = OFF", "PRAGMA main.cache_size(5)", "PRAGMA user_version", "SELECT 1"],
    );
}

#[test]
fn everything_else_may_leave_something() {
    check(
        Postgres,
        true,
        &[
            "SELECT my_function()",
            "SELECT nextval('s')",
            "SELECT 1 INTO a",
            "SELECT 1 INTO TEMP a",
            "EXPLAIN ANALYZE DELETE FROM a",
            "WITH a AS (DELETE FROM b RETURNING *) SELECT * FROM a",
            "PREPARE TRANSACTION 'a'",
            "INSERT INTO a VALUES (1)",
            "CREATE INDEX CONCURRENTLY i ON a (b)",
            "CALL p()",
            "DO $$ BEGIN END $$",
            "VACUUM",
        ],
    );
    check(
        Mysql,
        true,
        &[
            "SET GLOBAL a = 1",
            "SET PASSWORD = 'a'",
            "SELECT 1 INTO OUTFILE 'a'",
            "SET @a = f()",
            "SELECT f()",
            "DO f()",
        ],
    );
    check(Sqlite, true, &["PRAGMA user_version = 5", "PRAGMA main.journal_mode = WAL", "ATTACH 'a' AS b", "REINDEX"]);
}
