//! What a failed non-atomic migration leaves: nothing if nothing of it took effect; something if a rollback could not undo it.

use migrascope::Error;
use migrascope::report::{Failure, PartialEffect};

use crate::support::{Backend, TestDatabase, on};

const UNKNOWN: PartialEffect = PartialEffect::HalfWay { done: 0, next_unknown: true };

/// How the second migration fails.
fn failure(database: &TestDatabase, base: &str, script: &str) -> Failure {
    let directory = database.migrations(&[("1_base.sql", base), ("2_more.sql", script)]);
    let error = database.up(&directory).unwrap_err();
    let Error::Migration { failure, .. } = error.cause else { panic!("{error:?}") };
    *failure
}

fn check(backend: Backend, base: &str, script: &str, expected: PartialEffect) {
    on(backend, |database| {
        let failure = failure(database, base, script);
        assert_eq!(failure.remains, expected, "{script}\n{failure:?}");
        let yes = if backend == Backend::Postgres { "half_way" } else { "half_way = 1" };
        let half_way = database.value(&format!("SELECT count(*) FROM _migrascope_journal WHERE {yes}"));
        assert_eq!(half_way == "0", expected == PartialEffect::Nothing, "{script}");
    });
}

#[test]
fn statements_that_only_ask_or_set_leave_nothing() {
    let base = "CREATE TABLE t (i INTEGER)";
    let ends = "CREATE INDEX CONCURRENTLY i ON missing (x)";
    let postgres = format!("SET search_path = public; SELECT 1; SELECT count(*) FROM t; SHOW work_mem; {ends}");
    check(Backend::Postgres, base, &postgres, PartialEffect::Nothing);
    let mysql =
        "SET @a = 1; SET sql_mode = ''; SELECT 1; SHOW TABLES; EXPLAIN SELECT 1; INSERT INTO missing VALUES (1)";
    check(Backend::Mysql, base, mysql, PartialEffect::Nothing);
    let sqlite = "-- migrascope: no-transaction\nPRAGMA foreign_keys = OFF; SELECT 1; INSERT INTO missing VALUES (1)";
    check(Backend::Sqlite, base, sqlite, PartialEffect::Nothing);
}

#[test]
fn a_migration_that_left_nothing_is_tried_again_without_a_repair() {
    on(Backend::Postgres, |database| {
        let script = "SET search_path = public;\nSELECT 1;\nCREATE INDEX CONCURRENTLY i ON missing (x);";
        let directory = database.migrations(&[("1_a.sql", script)]);
        database.up(&directory).unwrap_err();
        database.query("CREATE TABLE missing (x int)");
        let report = database.up(&directory).unwrap();
        assert_eq!(report.steps[0].statements.len(), 3);
    });
}

#[test]
fn the_server_says_whether_a_question_has_written_something() {
    let base = "CREATE TABLE t (i int);
        CREATE FUNCTION writes() RETURNS void LANGUAGE sql AS 'INSERT INTO t VALUES (1)';
        CREATE FUNCTION computes() RETURNS int LANGUAGE sql AS 'SELECT 1'";
    let ends = "CREATE INDEX CONCURRENTLY i ON missing (x)";
    let one = PartialEffect::HalfWay { done: 1, next_unknown: false };
    check(Backend::Postgres, base, &format!("SELECT writes(); {ends}"), one);
    check(Backend::Postgres, base, &format!("SELECT computes(); {ends}"), PartialEffect::Nothing);
    check(Backend::Postgres, base, &format!("UPDATE t SET i = 1 WHERE false; {ends}"), PartialEffect::Nothing);
}

#[test]
fn rows_in_a_table_without_transactions_are_left_by_a_statement_that_failed() {
    for (engine, left) in [("MyISAM", UNKNOWN), ("Aria", UNKNOWN), ("InnoDB", PartialEffect::Nothing)] {
        let base = format!(
            "CREATE TABLE t (i INT PRIMARY KEY) ENGINE = {engine}; CREATE TABLE s (i INT) SELECT 5 AS i UNION ALL SELECT 5"
        );
        for script in ["INSERT INTO t VALUES (1), (1)", "INSERT INTO t SELECT i FROM s"] {
            check(Backend::Mysql, &base, script, left);
        }
    }
    let base = "CREATE TABLE kept (i INT) ENGINE = MyISAM; CREATE TABLE t (i INT PRIMARY KEY);
        CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW INSERT INTO kept VALUES (NEW.i)";
    check(Backend::Mysql, base, "INSERT INTO t VALUES (1), (1)", UNKNOWN);
}

#[test]
fn rows_in_a_table_without_transactions_are_left_by_a_transaction_that_is_rolled_back() {
    let base = "CREATE TABLE t (i INT PRIMARY KEY) ENGINE = MyISAM";
    let script = "START TRANSACTION; INSERT INTO t VALUES (1); INSERT INTO missing VALUES (1); COMMIT";
    check(Backend::Mysql, base, script, UNKNOWN);
}

#[test]
fn a_routine_may_have_committed_before_it_failed_whatever_the_error() {
    let postgres = "CREATE TABLE t (i int);
        CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (1); COMMIT; INSERT INTO missing VALUES (1); END $$";
    check(Backend::Postgres, postgres, "-- migrascope: no-transaction\nCALL p()", UNKNOWN);
    check(Backend::Postgres, postgres, "-- migrascope: no-transaction\nCALL missing()", PartialEffect::Nothing);
    let block = "-- migrascope: no-transaction\nDO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; INSERT INTO missing VALUES (1); END $$";
    check(Backend::Postgres, postgres, block, UNKNOWN);
    let block = "-- migrascope: no-transaction\nDO $$ BEGIN INSERT INTO t VALUES (1); RAISE division_by_zero; END $$";
    check(Backend::Postgres, postgres, block, PartialEffect::Nothing);
    let mysql = "CREATE TABLE t (i INT);
        CREATE PROCEDURE p() BEGIN INSERT INTO t VALUES (1); INSERT INTO missing VALUES (1); END;
        CREATE PROCEDURE q() BEGIN INSERT INTO t VALUES (1); PREPARE s FROM 'nonsense'; END";
    check(Backend::Mysql, mysql, "CALL p()", UNKNOWN);
    check(Backend::Mysql, mysql, "CALL q()", UNKNOWN);
    check(Backend::Mysql, mysql, "CALL missing()", PartialEffect::Nothing);
    check(Backend::Mysql, mysql, "CALL p(1)", PartialEffect::Nothing);
}
