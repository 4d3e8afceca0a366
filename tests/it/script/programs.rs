//! Bodies of routines and triggers, which end with their `END`.

use migrascope::migration::Dialect::{Mysql, Postgres, Sqlite};

use super::{check, check_whole};

#[test]
fn postgres_begin_atomic() {
    let texts = [
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
        "CREATE OR REPLACE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC INSERT INTO a VALUES (CASE WHEN 1 THEN 2 END); END",
        "create function f() returns int begin atomic select case case 1 when 1 then 2 end when 2 then 3 end; end",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT a.end, a.case AS case, 1 AS end FROM a; SELECT 2; END",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC; SELECT 2; END",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC END",
        "CREATE FUNCTION f() RETURNS int RETURN CASE WHEN 1 THEN 2 END",
    ];
    check_whole(Postgres, &texts);
    check(
        Postgres,
        "BEGIN; SELECT 1; END;",
        "
        1:1 [begin] BEGIN | BEGIN
        1:8 SELECT | SELECT 1
        1:18 [commit] END | END",
    );
}

#[test]
fn sqlite_triggers() {
    let texts = [
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END",
        "CREATE TEMP TRIGGER t DELETE ON a BEGIN SELECT CASE WHEN 1 THEN 2 ELSE CASE 3 WHEN 4 THEN 5 END END; SELECT 6; END",
        "create temporary trigger if not exists t update of end on a begin select end from a; select 'x; END;'; end",
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; /* END; */ -- END;\n SELECT 2; END",
    ];
    check_whole(Sqlite, &texts);
    check(
        Sqlite,
        "BEGIN; CREATE TABLE trigger_log (a); END;",
        "
        1:1 [begin] BEGIN | BEGIN
        1:8 CREATE TABLE trigger_log | CREATE TABLE trigger_log (a)
        1:38 [commit] END | END",
    );
}

#[test]
fn mysql_blocks() {
    let bodies = [
        "BEGIN END",
        "BEGIN SELECT 1; END",
        "again: BEGIN SELECT 1; LEAVE again; END again",
        "`again`: LOOP SELECT 1; LEAVE `again`; END LOOP `again`",
        "IF a THEN SELECT IF(1, 2, 3); ELSEIF IF(a, b, c) THEN SELECT 2; ELSE SELECT 3; END IF",
        "IF NOT EXISTS (SELECT 1) THEN SELECT 2; END IF",
        "IF (a) THEN IF (b) THEN SELECT 1; END IF; END IF",
        "CASE a WHEN 1 THEN SELECT 1; SELECT 2; ELSE IF b THEN SELECT 3; END IF; END CASE",
        "CASE WHEN CASE a WHEN 1 THEN 2 END THEN SELECT CASE WHEN b THEN IF(1, 2, 3) ELSE IF(1, 2, 3) END; END CASE",
        "WHILE a DO DO SLEEP(1); SELECT 1; END WHILE",
        "FOR i IN 1..10 DO SELECT i; END FOR",
        "FOR r IN (SELECT 1) DO SELECT r; END FOR",
        "REPEAT SELECT REPEAT('a', 3); UNTIL CASE WHEN a THEN 1 END END REPEAT",
        "LOOP SELECT 1; END LOOP",
        "SELECT end, begin, t.begin, t.end FROM t WHERE end > begin",
        "BEGIN SELECT end FROM t; SELECT begin, `end`, t.end FROM t WHERE end; END",
        "BEGIN SELECT 1 AS end; SELECT CASE 1 WHEN 2 THEN 3 END AS end; END",
        "BEGIN DECLARE c CURSOR FOR SELECT 1; DECLARE CONTINUE HANDLER FOR NOT FOUND SET a = IF(1, 2, 3); END",
        "BEGIN DECLARE EXIT HANDLER FOR SQLSTATE '23000', 1062 BEGIN ROLLBACK; END; SELECT 1; END",
        "BEGIN DECLARE CONTINUE HANDLER FOR SQLWARNING IF a THEN SELECT 1; END IF; SELECT 1; END",
        "BEGIN CREATE TABLE IF NOT EXISTS a (b int); DROP TABLE IF EXISTS a; INSERT INTO a SELECT REPEAT('a', 2); END",
        "BEGIN START TRANSACTION; SET @a := CASE 1 WHEN 2 THEN 3 END; COMMIT; END",
        "BEGIN INSERT INTO a VALUES (1) ON DUPLICATE KEY UPDATE b = IF(1, 2, 3); SELECT INSERT('a', 1, 1, 'b'); END",
        "BEGIN SELECT 'END;' /* END; */; -- END;\n SELECT \"END;\"; # END;\n END",
        "SELECT 1",
        "COMMENT 'begin; end' READS SQL DATA SQL SECURITY INVOKER SET a = 1",
        "NOT DETERMINISTIC MODIFIES SQL DATA BEGIN SELECT 1; END",
    ];
    for body in bodies {
        check_whole(Mysql, &[&format!("CREATE PROCEDURE p(IN a int, OUT b ENUM('x', 'y')) {body}")]);
        check_whole(
            Mysql,
            &[&format!("CREATE DEFINER=`a`@`%` PROCEDURE IF NOT EXISTS shop.p() {}", body.to_lowercase())],
        );
    }
}

#[test]
fn mysql_functions_triggers_and_events() {
    let texts = [
        "CREATE FUNCTION f(a int) RETURNS int RETURN IF(a, 1, CASE a WHEN 1 THEN 2 END)",
        "CREATE FUNCTION f() RETURNS SET('a', 'b') DETERMINISTIC BEGIN RETURN 'a'; END",
        "CREATE FUNCTION f() RETURNS text CHARACTER SET utf8mb4 NO SQL IF 1 THEN RETURN 2; END IF",
        "CREATE OR REPLACE AGGREGATE FUNCTION f(a int) RETURNS int BEGIN DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN 1; LOOP FETCH GROUP NEXT ROW; END LOOP; END",
        "CREATE FUNCTION f RETURNS STRING SONAME 'f.so'",
        "CREATE TRIGGER t BEFORE UPDATE ON a FOR EACH ROW FOLLOWS b BEGIN SET NEW.a = 1; END",
        "CREATE DEFINER = bob@localhost TRIGGER t AFTER INSERT ON a FOR EACH ROW IF NEW.a THEN SET @b = 1; END IF",
        "CREATE TRIGGER IF NOT EXISTS t AFTER INSERT ON a FOR EACH ROW SET @b = REPEAT(IF(NEW.a, 1, 2), 3)",
        "CREATE DEFINER = CURRENT_USER() EVENT IF NOT EXISTS e ON SCHEDULE EVERY 1 DAY COMMENT ';' DO BEGIN SELECT 1; END",
        "CREATE EVENT e ON SCHEDULE AT CURRENT_TIMESTAMP DO CALL p()",
    ];
    check_whole(Mysql, &texts);
}

#[test]
fn mariadb_oracle_mode_and_compound_statements() {
    let texts = [
        "CREATE PROCEDURE p AS BEGIN NULL; END",
        "CREATE PROCEDURE p(a int) IS b int; c int := 1; BEGIN NULL; EXCEPTION WHEN OTHERS THEN NULL; END",
        "CREATE FUNCTION f(a int) RETURN int AS b int; BEGIN IF a THEN RETURN 1; ELSIF b THEN RETURN 2; END IF; END",
        "CREATE PACKAGE k AS PROCEDURE p; FUNCTION f(a int) RETURN int; END",
        "CREATE PACKAGE BODY k AS v int; PROCEDURE p AS BEGIN NULL; END; FUNCTION f RETURN int AS b int; BEGIN RETURN 1; END; END",
        "CREATE PACKAGE BODY k AS v int; FUNCTION f(a int) RETURN int AS BEGIN RETURN 1; END; BEGIN v := 2; END",
        "BEGIN NOT ATOMIC DECLARE a int; IF a THEN SELECT 1; END IF; END",
        "IF 1 THEN SELECT 1; END IF",
        "WHILE 0 DO SELECT 1; END WHILE",
        "FOR i IN 1..2 DO SELECT i; END FOR",
        "CASE 1 WHEN 1 THEN SELECT 1; END CASE",
        "REPEAT SELECT 1; UNTIL 1 END REPEAT",
    ];
    check_whole(Mysql, &texts);
}

#[test]
fn tables_named_like_programs_are_tables() {
    check_whole(
        Mysql,
        &["CREATE TABLE event (begin int)", "CREATE UNIQUE INDEX trigger_begin ON a (b)", "DROP PROCEDURE IF EXISTS p"],
    );
    check_whole(Sqlite, &["CREATE TABLE trigger_log (a)", "DROP TRIGGER t"]);
    check_whole(Postgres, &["CREATE TABLE function (begin int)", "SELECT 1 AS \"BEGIN ATOMIC\""]);
}
