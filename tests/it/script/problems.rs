//! What is refused, and the reported position.

use migrascope::migration::Dialect::{Mysql, Postgres, Sqlite};

use super::{check, check_all};

#[test]
fn quotes_that_are_never_closed() {
    check_all("SELECT 1;\n  SELECT 'it''s;\nSELECT 2;", "2:10 error: unterminated quote '");
    check(Postgres, r"SELECT E'a\'", "1:8 error: unterminated quote '");
    check(Postgres, "SELECT N'a", "1:8 error: unterminated quote '");
    check(Postgres, "SELECT U&'a", "1:8 error: unterminated quote '");
    check(Postgres, "SELECT \"a", "1:8 error: unterminated quote \"");
    check(Mysql, "SELECT 'a\\", "1:8 error: unterminated quote '");
    check(Mysql, "SELECT \"a", "1:8 error: unterminated quote \"");
    check(Mysql, "SELECT `a", "1:8 error: unterminated quote `");
    check(Sqlite, "SELECT [a", "1:8 error: unterminated quote [");
}

#[test]
fn comments_that_are_never_closed() {
    check_all("SELECT 1;\n/* it's; ", "2:1 error: unterminated block comment");
    check(Postgres, "/* /* */", "1:1 error: unterminated block comment");
    check(Postgres, "/*/", "1:1 error: unterminated block comment");
    check(Mysql, "SELECT /*!50000 1", "1:8 error: unterminated block comment");
    check(Mysql, "SELECT /*+ a", "1:8 error: unterminated block comment");
    check(
        Mysql,
        "/*!50000 SELECT '*/",
        "
        1:1 error: unterminated block comment
        1:17 error: unterminated quote '",
    );
}

#[test]
fn dollar_quotes_that_are_never_closed() {
    check(Postgres, "SELECT $$ ; $a$", "1:8 error: unterminated dollar quote $$");
    check(Postgres, "SELECT $a$ ; $A$", "1:8 error: unterminated dollar quote $a$");
}

#[test]
fn bodies_without_an_end() {
    check(
        Postgres,
        "SELECT 1;\nCREATE FUNCTION f() BEGIN ATOMIC SELECT CASE 1 WHEN 1 THEN 2; END;",
        "
        2:1 error: the body of CREATE FUNCTION f has no END",
    );
    check(
        Sqlite,
        "CREATE TRIGGER t INSERT ON a BEGIN SELECT 1 END;",
        "1:1 error: the body of CREATE TRIGGER t has no END",
    );
    check(
        Mysql,
        "CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 2; END;",
        "1:1 error: the body of CREATE PROCEDURE p has no END",
    );
    check(Mysql, "BEGIN NOT ATOMIC SELECT 1;", "1:1 error: the body of BEGIN has no END");
}

#[test]
fn psql_meta_commands() {
    check(
        Postgres,
        "\\connect shop\nSELECT 1\\g\n\\\n\\i it's; 'here\nSELECT '\\i';",
        r"
        1:1 error: \connect is a psql meta-command, not SQL
        2:9 error: \g is a psql meta-command, not SQL
        3:1 error: \ is a psql meta-command, not SQL
        4:1 error: \i is a psql meta-command, not SQL",
    );
}

#[test]
fn copy_from_stdin() {
    let refused = "error: COPY FROM STDIN reads rows from the script, which only psql supports";
    check(
        Postgres,
        "  copy a (b) -- c\n from /* d */ Stdin;\nit's\t$$\n\\N\n\\.\n\\q",
        &format!(
            "
        1:3 {refused}
        6:1 error: \\q is a psql meta-command, not SQL"
        ),
    );
    check(Postgres, "COPY a FROM STDIN WITH (FORMAT csv);\r\n'\r\n\\.\r\nSELECT 1;", &format!("1:1 {refused}"));
    check(Postgres, "COPY a FROM STDIN", &format!("1:1 {refused}"));
    check(
        Postgres,
        "COPY a FROM 'stdin'; COPY a TO STDOUT; COPY (SELECT 1 FROM stdin) TO '/b'",
        "
        1:1 COPY a | COPY a FROM 'stdin'
        1:22 COPY a | COPY a TO STDOUT
        1:40 COPY | COPY (SELECT 1 FROM stdin) TO '/b'",
    );
}

#[test]
fn delimiters_that_the_mysql_program_would_not_take() {
    check(
        Mysql,
        "DELIMITER\nSELECT 1;\ndelimiter \\;\nDELIMITER 1234567890123456",
        r#"
        1:1 error: DELIMITER without a delimiter
        3:1 error: delimiter "\\;" has a backslash or more than 15 bytes
        4:1 error: delimiter "1234567890123456" has a backslash or more than 15 bytes"#,
    );
}

#[test]
fn every_problem_is_told_in_the_order_of_the_text() {
    check(
        Postgres,
        "\\q\n-- migrascope: x\nCOPY a FROM STDIN;\n\\.\nSELECT 'a",
        r#"
        1:1 error: \q is a psql meta-command, not SQL
        2:16 error: unknown directive "x"
        3:1 error: COPY FROM STDIN reads rows from the script, which only psql supports
        5:8 error: unterminated quote '"#,
    );
}

#[test]
fn a_nul_anywhere() {
    check_all("SELECT 1;\n\0", "2:1 error: a NUL character, at which a database would stop reading the script");
    check_all(
        "SELECT 'a\0b\0'; -- \0",
        "1:10 error: a NUL character, at which a database would stop reading the script",
    );
}
