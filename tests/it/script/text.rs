//! Where statements start and end.

use migrascope::migration::Dialect::{Mysql, Postgres, Sqlite};

use super::{check, check_all, check_whole};

#[test]
fn an_empty_file_has_no_statements() {
    check_all("", "");
    check_all(" \t\r\n\x0b\x0c", "");
    check_all(";", "");
    check_all(" ; ;;\n;", "");
    check_all("-- only; a comment, it's true", "");
    check_all("/* only; a comment, it's true */", "");
}

#[test]
fn the_last_statement_needs_no_semicolon() {
    check_all("SELECT 1", "1:1 SELECT | SELECT 1");
    check_all("SELECT 1 -- done", "1:1 SELECT | SELECT 1");
    check_all("SELECT 1 /* done */", "1:1 SELECT | SELECT 1");
}

#[test]
fn lines_and_columns_count_characters() {
    check_all(
        "/* é\n日本 */ SELECT\n2; SELECT 'é'; SELECT 3",
        "
        2:7 SELECT | SELECT⏎2
        3:4 SELECT | SELECT 'é'
        3:16 SELECT | SELECT 3",
    );
    check_all(
        "SELECT 1;\r\nSELECT\r\n2;\r\n",
        "
        1:1 SELECT | SELECT 1
        2:1 SELECT | SELECT␍⏎2",
    );
}

#[test]
fn a_byte_order_mark_is_blank() {
    check_all("\u{feff}SELECT 1", "1:2 SELECT | SELECT 1");
}

#[test]
fn names_need_no_ascii() {
    check_all(
        "CREATE TABLE größe (straße int); SELECT 1 FROM 日本",
        "
        1:1 CREATE TABLE größe | CREATE TABLE größe (straße int)
        1:34 SELECT 日本 | SELECT 1 FROM 日本",
    );
}

#[test]
fn comments_may_hold_quotes_and_semicolons() {
    check_all(
        "SELECT 1, -- don't; stop\n 2 /* don't; \"stop */; SELECT 3",
        "
        1:1 SELECT | SELECT 1, -- don't; stop⏎ 2
        2:24 SELECT | SELECT 3",
    );
}

#[test]
fn strings_may_hold_comments_and_semicolons() {
    check_all(
        "SELECT 'http://*; -- /* '; SELECT 'it''s;\n;'",
        "
        1:1 SELECT | SELECT 'http://*; -- /* '
        1:28 SELECT | SELECT 'it''s;⏎;'",
    );
}

#[test]
fn postgres_nests_block_comments_and_the_others_do_not() {
    check(Postgres, "/* /* */ ; */ SELECT 1", "1:15 SELECT | SELECT 1");
    check(Postgres, "/*/**/*/ SELECT 1 /***/", "1:10 SELECT | SELECT 1");
    check(Mysql, "/* /* */ SELECT 1; /***/", "1:10 SELECT | SELECT 1");
    check(Sqlite, "/* /* */ SELECT 1; /***/", "1:10 SELECT | SELECT 1");
    check(Sqlite, "/*/ SELECT 1; */ SELECT 2", "1:18 SELECT | SELECT 2");
}

#[test]
fn postgres_ends_a_line_comment_at_a_carriage_return() {
    check(Postgres, "-- one\rSELECT 1", "1:8 SELECT | SELECT 1");
    check(Sqlite, "-- one\rSELECT 1", "");
    check(Mysql, "-- one\rSELECT 1", "");
}

#[test]
fn postgres_strings_escape_with_a_backslash_only_after_e() {
    let texts = [
        r"SELECT 'C:\', ';'",
        r"SELECT E'it\'s;', e'\\', ';'",
        r"SELECT U&'\0041;', u&'\', B'1;', X'3b;', N'\'",
        "SELECT E'a'\n  '\\';'",
        "SELECT E'a' '\\', ';'",
        r#"SELECT "odd "";", U&"d;\""#,
        "SELECT note'odd;'",
    ];
    check_whole(Postgres, &texts);
}

#[test]
fn postgres_dollar_quotes_end_at_their_own_tag() {
    let texts = [
        "SELECT $$ ; $a$ ; ' $$",
        "SELECT $a$ ; $$ ; $b$ ; $a $a$",
        "SELECT $größe_1$;$größe_1$",
        "SELECT $$$$, $a$$$;$a$",
        "SELECT $1, $2$$;$$, a$b$c, a$$, $3",
        "SELECT '$$;', \"$$;\", $ $",
    ];
    check_whole(Postgres, &texts);
    check(
        Postgres,
        "SELECT a$b$c; SELECT a$b$d",
        "
        1:1 SELECT | SELECT a$b$c
        1:15 SELECT | SELECT a$b$d",
    );
    check(
        Postgres,
        "SELECT $1; SELECT $2",
        "
        1:1 SELECT | SELECT $1
        1:12 SELECT | SELECT $2",
    );
}

#[test]
fn postgres_semicolons_between_parentheses_end_nothing() {
    check_whole(
        Postgres,
        &["CREATE RULE r AS ON INSERT TO a DO ALSO (INSERT INTO b VALUES (1); SELECT ')'; SELECT 2)"],
    );
    check(
        Postgres,
        "SELECT 1); SELECT (2)",
        "
        1:1 SELECT | SELECT 1)
        1:12 SELECT | SELECT (2)",
    );
}

#[test]
fn mysql_strings_and_names() {
    let texts = [
        r"SELECT 'it\'s;', 'C:\\', 'a'';', ';'",
        r#"SELECT "he said \";", "a"";", ";'""#,
        r"SELECT `odd ``;`, `\`, ';'",
        "SELECT @`a;b`, @'c;d', _utf8'e;'",
    ];
    check_whole(Mysql, &texts);
}

#[test]
fn mysql_comments() {
    check(
        Mysql,
        "SELECT 1 # it's; one\n; SELECT 2#;",
        "
        1:1 SELECT | SELECT 1
        2:3 SELECT | SELECT 2",
    );
    check_whole(Mysql, &["SELECT 5--1", "SELECT 1,\n-----\n2", "SELECT 1 --\t;'\n + 1", "SELECT 1 --\n + 1"]);
    check(Mysql, "-----\n----- it's\n--no blank; here\n  --\nSELECT 1; --it's\n", "5:1 SELECT | SELECT 1");
}

#[test]
fn mysql_executable_comments_are_code() {
    let texts = [
        "/*!40101 SET NAMES utf8 */",
        "/*! SELECT '*/', ';' ; SELECT 2 */",
        "/*M!100100 SELECT 1; */",
        "SELECT /*+ NO_INDEX(a) ; */ 1",
        "SELECT 1 /*!50000 + 1 /* inner; */ + 1; */ + 2",
        "/*!50003 CREATE*/ /*!50003 TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SELECT 1; END */",
    ];
    check_whole(Mysql, &texts);
    check(Postgres, "/*! SELECT 1 */", "");
    check(Sqlite, "/*+ SELECT 1 */", "");
}

#[test]
fn mysql_delimiters() {
    check(
        Mysql,
        "delimiter //\nSELECT 1; SELECT '//'//-- //\nDELIMITER ;\nSELECT 2;",
        "
        2:1 SELECT | SELECT 1; SELECT '//'
        4:1 SELECT | SELECT 2",
    );
    check(
        Mysql,
        "DELIMITER $$\nEND$$END2$$\n;$$ SELECT 1; ; $$\n  Delimiter ;;  -- again\nSELECT 2; SELECT 3;;",
        "
        2:1 END | END
        2:6 END2 | END2
        3:5 SELECT | SELECT 1
        5:1 SELECT | SELECT 2; SELECT 3",
    );
    check(
        Mysql,
        "DELIMITER |\r\nSELECT 1|\r\nSELECT 2 | DELIMITER ;\r\nSELECT 3;",
        "
        2:1 SELECT | SELECT 1
        3:1 SELECT | SELECT 2
        4:1 SELECT | SELECT 3",
    );
    check_whole(Mysql, &["CREATE TABLE a (\ndelimiter int)"]);
}

#[test]
fn sqlite_names_in_four_kinds_of_quotes() {
    check_whole(Sqlite, &[r"SELECT 'C:\', ';'", r#"SELECT "a"";""#, "SELECT `a``;`", "SELECT [a;'], ']'", "SELECT $a"]);
}
