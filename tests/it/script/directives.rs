//! `-- migrascope: …` comments.

use migrascope::migration::Dialect::{Mysql, Postgres};

use super::{check, check_all};

#[test]
fn directives_are_read_from_line_comments_anywhere() {
    check_all(
        "-- migrascope: no-transaction\nSELECT 1 -- MigraScope:allow=a, allow=b-2\n,2; --migrascope:lock-timeout=5s",
        "
        directive no-transaction
        directive lock-timeout 5s
        directive allow a
        directive allow b-2
        2:1 SELECT | SELECT 1 -- MigraScope:allow=a, allow=b-2⏎,2",
    );
    check(Mysql, "#migrascope: statement-timeout=30min", "directive statement-timeout 1800s");
    check_all("-- migrascope: NO-TRANSACTION\r\n", "directive no-transaction");
    check_all("-- migrascope:", "");
}

#[test]
fn durations_have_units_except_zero() {
    check_all(
        "-- migrascope: lock-timeout=0 statement-timeout=500ms",
        "
        directive lock-timeout 0ns
        directive statement-timeout 500ms",
    );
    check_all(
        "-- migrascope: lock-timeout=5",
        "
        1:16 error: directive \"lock-timeout\" has the value \"5\": time unit needed, for example 5sec or 5ms",
    );
}

#[test]
fn other_comments_and_strings_hold_no_directives() {
    check_all(
        "/* migrascope: nonsense */ SELECT '\n-- migrascope: nonsense\n' -- see migrascope: nonsense",
        "
        1:28 SELECT | SELECT '⏎-- migrascope: nonsense⏎'",
    );
    check(Postgres, "DO $$\n-- migrascope: nonsense\n$$", "1:1 DO | DO $$⏎-- migrascope: nonsense⏎$$");
}

#[test]
fn a_mistyped_directive_is_an_error_with_a_suggestion() {
    check_all(
        "-- migrascope: no-transacton, é,lock_timeout=5s\tfoo=1",
        r#"
        1:16 error: unknown directive "no-transacton", did you mean "no-transaction"?
        1:31 error: unknown directive "é"
        1:33 error: unknown directive "lock_timeout", did you mean "lock-timeout"?
        1:49 error: unknown directive "foo""#,
    );
}

#[test]
fn a_wrong_value_is_an_error_with_the_reason() {
    check_all(
        "-- migrascope: no-transaction=1 lock-timeout lock-timeout= statement-timeout=soon allow allow=A",
        r#"
        1:16 error: directive "no-transaction" has the value "1": it takes no value
        1:33 error: directive "lock-timeout" has no value: write a duration such as 5s or 10min
        1:46 error: directive "lock-timeout" has no value: write a duration such as 5s or 10min
        1:60 error: directive "statement-timeout" has the value "soon": expected number at 0
        1:83 error: directive "allow" has no value: name the hazard to allow
        1:89 error: directive "allow" has the value "A": a hazard has only a-z, 0-9 and -"#,
    );
}
