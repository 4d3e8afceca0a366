//! Statements without their literals.

use migrascope::migration::Dialect::{self, Mysql, Postgres, Sqlite};
use migrascope::script::sanitized;

#[track_caller]
fn check(dialect: Dialect, rows: &[(&str, &str)]) {
    for (text, expected) in rows {
        assert_eq!(sanitized(text, dialect), *expected, "{text}");
    }
}

#[test]
fn strings_and_numbers_of_every_dialect() {
    for dialect in Dialect::ALL {
        check(
            dialect,
            &[
                ("", ""),
                ("SELECT 1", "SELECT ?"),
                ("SELECT 'a', 'it''s', ''", "SELECT ?, ?, ?"),
                ("SELECT 1.5, .5, 1e10, 0x1F, -3", "SELECT ?, .?, ?, ?, -?"),
                ("CREATE TABLE t1 (a varchar(255))", "CREATE TABLE t1 (a varchar(?))"),
                ("SELECT a FROM b WHERE c IN (1,2,'x')", "SELECT a FROM b WHERE c IN (?,?,?)"),
                ("SELECT\n\t a ,  b", "SELECT a , b"),
                ("SELECT NULL, TRUE", "SELECT NULL, TRUE"),
                ("SELECT 'é', größe FROM 日本", "SELECT ?, größe FROM 日本"),
            ],
        );
    }
}

#[test]
fn comments_are_left_out() {
    for dialect in Dialect::ALL {
        check(
            dialect,
            &[
                ("SELECT a -- secret\n, b", "SELECT a , b"),
                ("SELECT a /* secret */ FROM b", "SELECT a FROM b"),
                ("SELECT a/**/FROM b", "SELECT a FROM b"),
                ("-- migrascope: allow=secret\nSELECT a", "SELECT a"),
            ],
        );
    }
    check(Postgres, &[("SELECT a /* se /* cr */ et */ FROM b", "SELECT a FROM b")]);
    check(Mysql, &[("SELECT a # secret", "SELECT a"), ("SELECT /*+ MAX_EXECUTION_TIME(1000) */ a", "SELECT a")]);
    check(Mysql, &[("CREATE TABLE t (a int) /*!50100 COMMENT 'x' */", "CREATE TABLE t (a int) COMMENT ?")]);
}

#[test]
fn literals_of_postgresql() {
    check(
        Postgres,
        &[
            ("DO $$ BEGIN PERFORM secret('x'); END $$", "DO ?"),
            ("DO LANGUAGE plpgsql $a$ secret $$ $a$", "DO LANGUAGE plpgsql ?"),
            (
                "CREATE FUNCTION f() RETURNS int AS $$SELECT 1$$ LANGUAGE sql",
                "CREATE FUNCTION f() RETURNS int AS ? LANGUAGE sql",
            ),
            ("SELECT E'a\\'b', B'01', x'FF', N'n', U&'\\0041'", "SELECT ?, ?, ?, ?, ?"),
            ("SELECT E'a'\n'b'", "SELECT ?"),
            ("SELECT '5'::int, $1", "SELECT ?::int, ?"),
            ("CREATE TABLE \"Odd name\" (id int)", "CREATE TABLE \"Odd name\" (id int)"),
            ("ALTER ROLE a PASSWORD 'hunter2'", "ALTER ROLE a PASSWORD ?"),
            ("SELECT ARRAY[1,2]", "SELECT ARRAY[?,?]"),
            ("COPY t FROM '/etc/secret' DELIMITER ','", "COPY t FROM ? DELIMITER ?"),
        ],
    );
}

#[test]
fn literals_of_mysql() {
    check(
        Mysql,
        &[
            ("SELECT \"a\", 'b\\'c', \"d\"\"e\"", "SELECT ?, ?, ?"),
            ("SELECT x'FF', X'FF', b'01', n'x', 0xFF, 0b01", "SELECT ?, ?, ?, ?, ?, ?"),
            ("SELECT _utf8mb4'a'", "SELECT _utf8mb4?"),
            ("INSERT INTO `odd name` VALUES (1)", "INSERT INTO `odd name` VALUES (?)"),
            ("CREATE USER a IDENTIFIED BY 'hunter2'", "CREATE USER a IDENTIFIED BY ?"),
            (
                "CREATE PROCEDURE p() BEGIN SELECT 'a'; SELECT 2; END",
                "CREATE PROCEDURE p() BEGIN SELECT ?; SELECT ?; END",
            ),
            ("SELECT 5--3", "SELECT ?--?"),
        ],
    );
}

#[test]
fn literals_of_sqlite() {
    check(
        Sqlite,
        &[
            ("SELECT x'FF', X'ff'", "SELECT ?, ?"),
            ("INSERT INTO t VALUES (\"hunter2\")", "INSERT INTO t VALUES (?)"),
            ("SELECT `a`, [b 1] FROM t", "SELECT `a`, [b 1] FROM t"),
            ("PRAGMA key = 'hunter2'", "PRAGMA key = ?"),
        ],
    );
}

#[test]
fn what_is_never_closed_is_a_literal_to_the_end() {
    for dialect in Dialect::ALL {
        check(dialect, &[("SELECT 'hunter2; SELECT 1", "SELECT ?"), ("SELECT a /* hunter2", "SELECT a")]);
    }
}
