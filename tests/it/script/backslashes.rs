//! Whether a backslash escapes in plain strings, as set by the script's own statements.

use migrascope::migration::Dialect::{self, Mysql, Postgres};
use migrascope::script::{self, Problem};

use super::check;

/// The number of statements.
#[track_caller]
fn statements(dialect: Dialect, text: &str) -> usize {
    script::parse(text, dialect).unwrap_or_else(|errors| panic!("{errors:?} in\n{text}")).statements.len()
}

#[test]
fn postgres_scripts_switch_standard_strings_off_and_on() {
    let off = [
        "SET standard_conforming_strings = off",
        "SET SESSION Standard_Conforming_Strings TO 'OFF'",
        "SET \"standard_conforming_strings\" TO fal",
        "SET LOCAL standard_conforming_strings = 0",
        "SELECT pg_catalog.set_config('standard_conforming_strings', 'no', false)",
        "SELECT set_config('standard_conforming_strings', 'off', true)",
    ];
    let on = [
        "SET standard_conforming_strings TO on",
        "SET standard_conforming_strings = DEFAULT",
        "RESET standard_conforming_strings",
        "RESET ALL",
        "SELECT set_config('standard_conforming_strings', '1', false)",
    ];
    for off in off {
        for on in on {
            let text = format!("{off};\nSELECT 'it\\'s; one', N'\\';', E'\\'', 'a\\\\';\n{on};\nSELECT 'C:\\', ';';");
            assert_eq!(statements(Postgres, &text), 4, "{text}");
        }
    }
}

#[test]
fn what_a_transaction_has_set_ends_with_it() {
    let (off, local) = ("SET standard_conforming_strings = off", "SET LOCAL standard_conforming_strings = off");
    let standard = "SELECT 'C:\\', ';'";
    for script in [
        format!("BEGIN; {local}; SELECT '\\';'; COMMIT; {standard}"),
        format!("BEGIN; {off}; SELECT '\\';'; ROLLBACK; {standard}"),
        format!("START TRANSACTION; {off}; SELECT '\\';'; ABORT AND CHAIN; {standard}"),
    ] {
        assert_eq!(statements(Postgres, &script), 5, "{script}");
    }
    assert_eq!(statements(Postgres, &format!("BEGIN; {off}; COMMIT AND CHAIN; ROLLBACK; SELECT '\\';'")), 5);
}

#[test]
fn what_does_not_set_it_for_the_session_changes_nothing() {
    for other in [
        "ALTER ROLE a SET standard_conforming_strings = off",
        "SHOW standard_conforming_strings",
        "SET backslash_quote = off",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET standard_conforming_strings = off AS 'SELECT 1'",
    ] {
        assert_eq!(statements(Postgres, &format!("{other};\nSELECT 'C:\\', ';';")), 2, "{other}");
    }
}

#[test]
fn a_way_to_set_it_that_cannot_be_followed_is_refused_where_it_matters() {
    for setting in [
        "DO $$ BEGIN SET standard_conforming_strings = off; END $$",
        "SELECT set_config('standard_conforming_strings', setting, false) FROM settings",
        "UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'",
        "SET standard_conforming_strings = :value",
    ] {
        check(
            Postgres,
            &format!("{setting};\nSELECT 'C:\\', ';';"),
            "2:8 error: the end of this string depends on standard_conforming_strings, which an earlier statement sets to a value that cannot be determined",
        );
        script::parse(&format!("{setting};\nSET standard_conforming_strings = on;\nSELECT 'C:\\', ';';"), Postgres)
            .unwrap();
        script::parse(&format!("{setting};\nSELECT E'C:\\\\', 'a\\b';"), Postgres).unwrap();
    }
}

#[test]
fn a_rollback_to_a_savepoint_may_have_undone_it() {
    let text = "BEGIN; SAVEPOINT a; SET standard_conforming_strings = off; ROLLBACK TO a; SELECT 'C:\\', ';'; COMMIT;";
    let errors = script::parse(text, Postgres).unwrap_err();
    assert_eq!((errors[0].place.column, &errors[0].problem), (82, &Problem::UnclearStrings));
    script::parse("BEGIN; SAVEPOINT a; ROLLBACK TO a; SELECT 'C:\\', ';'; COMMIT;", Postgres).unwrap();
}

#[test]
fn text_that_only_the_other_mode_can_read_is_refused_by_the_name_of_the_mode() {
    let unless =
        "a backslash does not escape the quote after it in this string, unless standard_conforming_strings is off";
    check(Postgres, r"SELECT 1; SELECT 'it\'s';", &format!("1:18 error: {unless}\n1:24 error: unterminated quote '"));
    check(
        Postgres,
        "SELECT 1;\nSELECT 'it\\'s a \\'word\\'';",
        &format!("2:8 error: {unless}\n2:17 error: \\'word is a psql meta-command, not SQL"),
    );
    let unless = "a backslash escapes the quote after it in this string, unless sql_mode has NO_BACKSLASH_ESCAPES";
    check(
        Mysql,
        "SELECT 1;\nINSERT INTO t VALUES ('E:\\');\nSELECT 2;",
        &format!("2:23 error: unterminated quote '\n2:23 error: {unless}"),
    );
    // Text that cannot be read in any mode does not depend on the mode.
    check(Mysql, r"SELECT 'a\'b', 'c\'e', 'd", "1:24 error: unterminated quote '");
}

#[test]
fn each_statement_knows_how_its_strings_were_read() {
    let text = "SELECT 'a';\nSET standard_conforming_strings = off;\nSELECT 'a';";
    let parsed = script::parse(text, Postgres).unwrap();
    let escapes: Vec<bool> = parsed.statements.iter().map(|statement| statement.backslash_escapes).collect();
    assert_eq!(escapes, [false, false, true]);
}
