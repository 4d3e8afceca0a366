//! What is reported if a database has tables but no history, and how to proceed.

use insta::assert_snapshot;

use super::{Door, redacted};

fn legacy() -> Door {
    let door = Door::with(&[("1_users.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY);\n")]);
    door.sql("CREATE TABLE legacy (id INTEGER)");
    door
}

#[test]
fn tables_without_a_history_are_refused_with_the_ways_out() {
    let _redacted = redacted();
    let door = legacy();
    assert_snapshot!(door.run(&["up"]), @r"
    migrascope [version] up  sqlite [version], database migrascope.db  run [id]
    --- stderr
    error: the database has a table (legacy) but no history of migrations
    help: if these migrations created its tables, record them up to the last applied one, without running them: migrascope baseline VERSION
    help: if its tables have nothing to do with these migrations: --allow-nonempty; nothing was changed
    --- exit 4
    ");
    door.sql("CREATE TABLE _sqlx_migrations (version BIGINT)");
    assert_snapshot!(door.run(&["plan"]), @r"
    --- stderr
    error: the database has 2 tables (_sqlx_migrations, legacy) but no history of migrations
    note: _sqlx_migrations is the history table of sqlx
    help: to continue the history of sqlx with its files: --layout sqlx
    help: if these migrations created its tables, record them up to the last applied one, without running them: migrascope baseline VERSION
    help: if its tables have nothing to do with these migrations: --allow-nonempty; nothing was changed
    --- exit 4
    ");
    assert_eq!(door.run(&["verify"]).code, Some(4));
    let status = door.run(&["status"]);
    assert_eq!(status.code, Some(0));
    assert!(
        status.stderr.contains("warning: the database has 2 tables (_sqlx_migrations, legacy) but no history"),
        "{status}"
    );
    let exec = door.run_with(&[("AUTO_MIGRATE", "true")], &["exec", "--", "true"]);
    assert_eq!(exec.code, Some(4), "{exec}");
}

#[test]
fn a_flag_a_variable_and_a_key_allow_it() {
    assert_eq!(legacy().run(&["up", "--allow-nonempty"]).code, Some(0));
    assert_eq!(legacy().run_with(&[("MIGRASCOPE_ALLOW_NONEMPTY", "true")], &["up"]).code, Some(0));
    let door = legacy();
    door.write("migrascope.toml", "allow-nonempty = true\n");
    assert_eq!(door.run(&["up", "--allow-nonempty=false"]).code, Some(4));
    assert_eq!(door.run(&["up"]).code, Some(0));
    let door = legacy();
    assert_eq!(door.run(&["baseline", "1"]).code, Some(0));
    assert_eq!(door.run(&["up"]).code, Some(0));
}
