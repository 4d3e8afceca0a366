//! Which settings a script restores when it resumes in a new session, and which are lost.

use migrascope::migration::Dialect::{self, Mysql, Postgres, Sqlite};
use migrascope::script::{self, Restoration};

/// Compares what these statements leave in their session: the numbers of those that can be restored, and of those that are lost.
#[track_caller]
fn check(dialect: Dialect, done: &str, again: &[usize], lost: &[usize]) {
    check_before(dialect, done, "SELECT 1", again, lost);
}

#[track_caller]
fn check_before(dialect: Dialect, done: &str, rest: &str, again: &[usize], lost: &[usize]) {
    let text = format!("{done};\n{rest}");
    let count = script::parse(done, dialect).unwrap().statements.len();
    let parsed = script::parse(&text, dialect).unwrap();
    let statements: Vec<_> = parsed.statements.iter().map(|one| (one.kind, one.text(&text))).collect();
    let Restoration { again: found, lost: gone } = script::restoration(&statements, count, dialect);
    let numbers = |indexes: &[usize]| indexes.iter().map(|index| index + 1).collect::<Vec<_>>();
    let gone: Vec<usize> = gone.iter().map(|lost| lost.index).collect();
    assert_eq!((numbers(&found), numbers(&gone)), (again.to_vec(), lost.to_vec()), "{text}");
}

#[test]
fn what_is_set_to_a_constant_is_set_again_in_order() {
    for one in [
        "SET search_path TO a, b",
        "SET SESSION AUTHORIZATION a",
        "SET ROLE a",
        "SET TIME ZONE 'UTC'",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "RESET ALL",
        "LISTEN a",
        "PREPARE p AS SELECT 1",
        "SELECT pg_catalog.set_config('search_path', '', false)",
        "SELECT set_config('a.b', 'c', false) AS d, set_config('a.e', E'f', FALSE)",
        "DISCARD ALL",
    ] {
        check(Postgres, one, &[1], &[]);
    }
    for one in [
        "SET @a = 5",
        "SET @a := 'x', @b = -1.5, @c = NULL, @d = _utf8mb4 'y', @e = @a",
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
        "SET CHARACTER SET latin1",
        "SET sql_mode = 'ANSI', SESSION time_zone = DEFAULT",
        "SET @@session.sql_mode = ANSI",
        "SET autocommit = 0",
        "SET ROLE a",
        "SET SESSION TRANSACTION READ ONLY",
        "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */",
        "USE other",
        "PREPARE p FROM 'SELECT 1'",
    ] {
        check(Mysql, one, &[1], &[]);
    }
    for one in [
        "PRAGMA foreign_keys = OFF",
        "PRAGMA main.recursive_triggers(1)",
        "PRAGMA legacy_alter_table = ON",
        "ATTACH 'other.db' AS other",
        "DETACH other",
    ] {
        check(Sqlite, one, &[1], &[]);
    }
    check(Postgres, "SET a.b = 1; CREATE TABLE t (i int); RESET a.b; SET a.b = 2", &[1, 3, 4], &[]);
    check(Sqlite, "PRAGMA foreign_keys=OFF; DROP TABLE a; PRAGMA foreign_keys=ON", &[1, 3], &[]);
}

#[test]
fn what_leaves_nothing_in_the_session_is_not_set_again() {
    for one in [
        "SET LOCAL search_path = a",
        "SET CONSTRAINTS ALL DEFERRED",
        "SELECT set_config('a.b', 'c', true)",
        "SELECT pg_advisory_xact_lock(1)",
        "CREATE TEMP TABLE a (i int) ON COMMIT DROP",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ SELECT set_config('a.b', 'c', false) $$",
        "DO $$ BEGIN UPDATE a SET b = 1; END $$",
    ] {
        check(Postgres, one, &[], &[]);
    }
    for one in [
        "SET GLOBAL a = 1",
        "SET PASSWORD = 'a'",
        "SET STATEMENT max_statement_time = 1 FOR SELECT 1",
        "CREATE PROCEDURE p() BEGIN SET @b := 1; END",
        "SELECT @a",
        "BEGIN NOT ATOMIC SELECT 1; END",
    ] {
        check(Mysql, one, &[], &[]);
    }
    for one in ["PRAGMA foreign_keys", "PRAGMA user_version = 5", "PRAGMA table_info(a)"] {
        check(Sqlite, one, &[], &[]);
    }
}

#[test]
fn what_ended_with_the_session_is_lost() {
    for one in [
        "CREATE TEMP TABLE a (i int)",
        "CREATE OR REPLACE LOCAL TEMPORARY VIEW a AS SELECT 1",
        "CREATE TABLE pg_temp.a (i int)",
        "SELECT 1 INTO TEMP a",
        "DECLARE a CURSOR WITH HOLD FOR SELECT 1",
        "SELECT pg_advisory_lock(1)",
        "SELECT set_config('a.b', (SELECT 'c'), false)",
        "SELECT set_config('a.b', c, false) FROM d",
        "CALL p()",
        "DO $$ BEGIN SET ROLE a; END $$",
        "DO $$ BEGIN EXECUTE 'CREATE TEMP TABLE a (i int)'; END $$",
    ] {
        check(Postgres, one, &[], &[1]);
    }
    for one in [
        "CREATE TEMPORARY TABLE a (i int)",
        "SET @a = (SELECT 1)",
        "SET @a = UUID()",
        "SET @a = @@last_insert_id",
        "SET @a = @@global.max_connections",
        "SET @a = CURRENT_TIMESTAMP",
        "SET sql_mode = CONCAT(@@sql_mode, ',ANSI')",
        "SET GLOBAL a = 1, SESSION b = 2",
        "SELECT 1 INTO @a",
        "SELECT @a := 1",
        "CALL p(1)",
        "SELECT GET_LOCK('a', 1)",
        "LOCK TABLES a WRITE",
        "FLUSH TABLES WITH READ LOCK",
        "HANDLER a OPEN",
        "BEGIN NOT ATOMIC SET @a = 1; END",
        "EXECUTE unknown",
        "EXECUTE IMMEDIATE 'SET @a = 1'",
    ] {
        check(Mysql, one, &[], &[1]);
    }
    for one in ["CREATE TEMP TABLE a (i)", "CREATE TABLE temp.a (i)", "ATTACH ':memory:' AS a", "ATTACH '' AS a"] {
        check(Sqlite, one, &[], &[1]);
    }
}

#[test]
fn what_the_script_has_taken_away_itself_is_not_missed() {
    check(Postgres, "CREATE TEMP TABLE a (i int); DROP TABLE IF EXISTS b, A", &[], &[]);
    check(Postgres, "CREATE TEMP TABLE a (i int); DROP TABLE b", &[], &[1]);
    check(Postgres, "CREATE TEMP TABLE a (i int); SET x.y = 1; DISCARD ALL; SET ROLE b", &[3, 4], &[]);
    check(Postgres, "SELECT pg_advisory_lock(1); SELECT pg_advisory_unlock(1)", &[], &[]);
    check(Postgres, "SELECT pg_advisory_lock(1); SELECT pg_advisory_unlock(2)", &[], &[1]);
    check(Postgres, "PREPARE p AS SELECT 1; EXECUTE p; DEALLOCATE p", &[], &[]);
    check(Mysql, "LOCK TABLES a WRITE; INSERT INTO a VALUES (1); UNLOCK TABLES", &[], &[]);
    check(Mysql, "SELECT GET_LOCK('a', 1); SELECT RELEASE_LOCK('a')", &[], &[]);
    check(Mysql, "PREPARE p FROM 'ALTER TABLE a ADD b INT'; EXECUTE p; DEALLOCATE PREPARE p", &[], &[]);
    check(Mysql, "PREPARE p FROM 'SET @a = 1'; EXECUTE p; DEALLOCATE PREPARE p", &[], &[2]);
    check(Mysql, "CREATE DATABASE b; USE b; CREATE TABLE c (i INT); USE a; DROP DATABASE b", &[4], &[]);
    check(Sqlite, "CREATE TEMP TABLE a (i); DROP TABLE temp.a", &[], &[]);
}

#[test]
fn a_rollback_undoes_what_was_set_on_postgres_alone() {
    check(Postgres, "BEGIN; SET a.b = 1; ROLLBACK", &[], &[]);
    check(Postgres, "SET a.b = 0; BEGIN; SET a.b = 1; CREATE TEMP TABLE t (i int); ROLLBACK", &[1], &[]);
    check(Postgres, "BEGIN; SET a.b = 1; COMMIT; SET a.c = 1", &[2, 4], &[]);
    check(Postgres, "BEGIN; SET a.b = 1; SAVEPOINT s; SET a.b = 2; ROLLBACK TO s; SET a.c = 3; COMMIT", &[2, 6], &[]);
    check(Postgres, "BEGIN; SELECT pg_advisory_lock(1); ROLLBACK", &[], &[2]);
    check(Postgres, "CREATE TEMP TABLE t (i int); BEGIN; DROP TABLE t; ROLLBACK", &[], &[1]);
    check(Mysql, "START TRANSACTION; SET @a = 1; ROLLBACK", &[2], &[]);
}

#[test]
fn what_a_transaction_ignores_was_never_set() {
    check(Sqlite, "BEGIN; PRAGMA foreign_keys = OFF; DROP TABLE a; COMMIT", &[], &[]);
    check(Sqlite, "BEGIN; PRAGMA recursive_triggers = ON; COMMIT", &[2], &[]);
}

#[test]
fn what_holds_for_the_next_transaction_alone_is_set_again_in_front_of_it() {
    check(Mysql, "SET TRANSACTION READ ONLY", &[1], &[]);
    check(Mysql, "SET TRANSACTION READ ONLY; INSERT INTO a VALUES (1)", &[], &[]);
    check(Mysql, "SET TRANSACTION READ ONLY; START TRANSACTION; SELECT 1; COMMIT", &[], &[]);
    check(Sqlite, "PRAGMA defer_foreign_keys = ON; BEGIN; DELETE FROM a; COMMIT", &[], &[]);
}

#[test]
fn a_key_that_a_skipped_statement_made_cannot_be_read() {
    let done = "INSERT INTO a VALUES (1)";
    check_before(Mysql, done, "INSERT INTO b VALUES (LAST_INSERT_ID())", &[], &[2]);
    check_before(Mysql, done, "SET @a = @@identity; SELECT 1", &[], &[2]);
    check_before(Mysql, done, "INSERT INTO a VALUES (2); INSERT INTO b VALUES (LAST_INSERT_ID())", &[], &[]);
    check_before(Sqlite, done, "INSERT INTO b VALUES (last_insert_rowid())", &[], &[2]);
    check_before(Mysql, "", "SELECT LAST_INSERT_ID()", &[], &[]);
}

#[test]
fn what_chains_finds_the_transaction_that_it_ends() {
    for dialect in [Postgres, Mysql] {
        let before = "START TRANSACTION READ WRITE; SELECT 1; COMMIT AND CHAIN; SELECT 2";
        check_before(dialect, before, "ROLLBACK AND CHAIN", &[1], &[]);
        check_before(dialect, before, "ROLLBACK", &[], &[]);
        check_before(dialect, &format!("{before}; COMMIT"), "SELECT 1; COMMIT AND CHAIN", &[], &[]);
    }
    let before = "SET search_path TO a; BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1; SET ROLE b";
    check_before(Postgres, before, "COMMIT AND CHAIN", &[1, 2, 3, 5], &[]);
    check_before(Postgres, before, "COMMIT AND NO CHAIN", &[1, 5], &[]);
}
