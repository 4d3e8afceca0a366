//! What a statement can leave behind in the session.

use migrascope::migration::Dialect::{self, Mysql, Postgres, Sqlite};

#[track_caller]
fn check(dialect: Dialect, leaves: &[&str], leaves_nothing: &[&str]) {
    for (texts, expected) in [(leaves, true), (leaves_nothing, false)] {
        for text in texts {
            let parsed = migrascope::script::parse(text, dialect).unwrap();
            assert_eq!(parsed.statements.iter().map(|s| s.changes_session).collect::<Vec<_>>(), [expected], "{text}");
        }
    }
}

#[test]
fn postgres() {
    let leaves = [
        "SET search_path = a",
        "set session role a",
        "SET TIME ZONE 'UTC'",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "RESET ALL",
        "DISCARD TEMP",
        "PREPARE a AS SELECT 1",
        "LISTEN a",
        "LOAD 'a'",
        "DECLARE a CURSOR WITH HOLD FOR SELECT 1",
        "CREATE TEMP TABLE a (b int)",
        "CREATE OR REPLACE LOCAL TEMPORARY VIEW a AS SELECT 1",
        "SELECT 1 INTO TEMP a",
        "SELECT pg_catalog.Set_Config('a', 'b', false)",
        "SELECT pg_try_advisory_lock(1)",
        "INSERT INTO a SELECT pg_advisory_lock_shared(1)",
        "DO $$ BEGIN PERFORM pg_advisory_lock(1); END $$",
        "DO $x$ SET ROLE a $x$",
        "DO $x$ BEGIN IF a THEN SET ROLE b; END IF; END $x$",
        "DO 'BEGIN SET ROLE a; END'",
        "DO $$ BEGIN EXECUTE $q$ set role a $q$; END $$",
        "DO LANGUAGE plpgsql $$ BEGIN EXECUTE format('SET ROLE %I', a); END $$",
    ];
    let leaves_nothing = [
        "SET LOCAL search_path = a",
        "SET CONSTRAINTS ALL IMMEDIATE",
        "SET TRANSACTION READ ONLY",
        "PREPARE TRANSACTION 'a'",
        "SELECT pg_advisory_xact_lock(1)",
        "UPDATE a SET b = 1",
        "ALTER ROLE a SET search_path = b",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT set_config('a', 'b', false) $$",
        "DO $$ BEGIN SET LOCAL ROLE a; UPDATE a SET b = 1; END $$",
        "DO $$ BEGIN EXECUTE 'SET LOCAL ROLE a'; RAISE 'set'; END $$",
        "CREATE TABLE temp (a int)",
    ];
    check(Postgres, &leaves, &leaves_nothing);
}

#[test]
fn mysql() {
    let leaves = [
        "SET FOREIGN_KEY_CHECKS = 0",
        "SET NAMES utf8mb4",
        "SET @a = 1",
        "SET @@session.sql_mode = ''",
        "SET GLOBAL a = 1, SESSION b = 2",
        "SET GLOBAL a = (SELECT 1, 2), @b = 2",
        "SET ROLE a",
        "SET TRANSACTION READ ONLY",
        "/*!40101 SET NAMES utf8 */",
        "USE a",
        "LOCK TABLES a WRITE",
        "FLUSH TABLES WITH READ LOCK",
        "SELECT @a := 1",
        "SELECT 1 INTO @a",
        "CALL p(1, @a)",
        "PREPARE a FROM 'SELECT 1'",
        "SELECT GET_LOCK('a', 1)",
        "CREATE TEMPORARY TABLE a (b int)",
        "BEGIN NOT ATOMIC SET @a = 1; END",
    ];
    let leaves_nothing = [
        "SET GLOBAL a = 1, b = 2",
        "SET PERSIST a = 1",
        "SET @@GLOBAL.a = 1, @@persist.b = 2",
        "SET PASSWORD = 'a'",
        "SET DEFAULT ROLE a TO b",
        "SELECT @a, @b = 1",
        "CALL p(1)",
        "UPDATE a SET b = 1",
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @b = 1",
        "CREATE PROCEDURE p() BEGIN SET @b := 1; SELECT 1 INTO @c; END",
    ];
    check(Mysql, &leaves, &leaves_nothing);
}

#[test]
fn sqlite() {
    let leaves = [
        "PRAGMA foreign_keys = OFF",
        "PRAGMA main.cache_size(5)",
        "PRAGMA defer_foreign_keys = 1",
        "ATTACH 'a' AS b",
        "DETACH b",
        "CREATE TEMP TABLE a (b)",
        "CREATE TEMP TRIGGER t INSERT ON a BEGIN SELECT 1; END",
    ];
    let leaves_nothing = [
        "PRAGMA foreign_keys",
        "PRAGMA table_info(a)",
        "PRAGMA main.user_version = 5",
        "CREATE TRIGGER t INSERT ON a BEGIN SELECT 1; END",
        "UPDATE a SET b = 1",
    ];
    check(Sqlite, &leaves, &leaves_nothing);
}
