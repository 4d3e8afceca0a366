//! Precedence of settings, tested through the binary: flag, environment, file, default.

use insta::assert_snapshot;

use super::{Door, redacted};

#[test]
fn the_nearest_source_wins() {
    let door = Door::empty();
    door.write("migrascope.toml", "dir = \"from-file\"\n");
    let made = |variables: &[(&str, &str)], words: &[&str]| {
        let path = door.run_with(variables, words).good();
        path.split_once('/').unwrap().0.to_owned()
    };
    let variable = [("MIGRASCOPE_DIR", "from-environment")];
    assert_eq!(made(&variable, &["new", "x", "--dir", "from-flag"]), "created from-flag");
    assert_eq!(made(&variable, &["--dir", "from-flag", "new", "y"]), "created from-flag");
    assert_eq!(made(&variable, &["new", "x"]), "created from-environment");
    assert_eq!(made(&[("MIGRASCOPE_DIR", "")], &["new", "x"]), "created from-file");
    door.remove("migrascope.toml");
    assert_eq!(made(&[], &["new", "x"]), "created migrations");
}

#[test]
fn a_file_that_is_named_must_be_there() {
    assert_snapshot!(Door::shop().run(&["up", "--config", "none.toml"]), @r"
    --- stderr
    error: cannot read the configuration file none.toml
    note: No such file or directory (os error 2)
    --- exit 2
    ");
}

#[test]
fn a_bad_value_names_where_it_stands() {
    let door = Door::shop();
    door.write("migrascope.toml", "lock-timeout = \"soon\"\n");
    assert_snapshot!(door.run_with(&[("MIGRASCOPE_TELEMETRY", "of")], &["up", "--lock-wait", "5", "--retries=-1"]), @r#"
    --- stderr
    error: invalid value "5" for --lock-wait: time unit needed, for example 5sec or 5ms; expected a duration such as 500ms, 5s or 10min

    error: invalid value "soon" for the key lock-timeout: expected number at 0; expected a duration such as 500ms, 5s or 10min
     --> migrascope.toml:1:16
      |
    1 | lock-timeout = …
      |                ^

    error: invalid value "-1" for --retries: expected a number, 0 or above

    error: invalid value "of" for MIGRASCOPE_TELEMETRY: expected one of off, auto, required; did you mean off?
    --- exit 2
    "#);
}

#[test]
fn the_database_can_come_from_a_file() {
    let _redacted = redacted();
    let door = Door::shop();
    door.write("secret", "sqlite://other.db\n");
    door.run(&["up", "--database-url-file", "secret"]).good();
    assert!(door.path().join("other.db").exists() && !door.path().join("migrascope.db").exists());
}

#[test]
fn tables_of_our_own_can_have_other_names() {
    let door = Door::shop();
    door.run(&["up", "--ledger-table", "ledger", "--journal-table", "journal"]).good();
    door.sql("SELECT version FROM ledger");
    door.sql("SELECT run_id FROM journal");
}

#[test]
fn a_new_migration_needs_no_database() {
    let door = Door::empty();
    door.run_with(&[("DATABASE_URL", "nonsense")], &["new", "x"]).good();
}
