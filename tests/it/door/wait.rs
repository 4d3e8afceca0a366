//! `wait`: exit codes and output.

use super::Door;

#[test]
fn there_is_nothing_to_wait_for_where_nothing_is_pending() {
    let door = Door::shop();
    door.run(&["up"]).good();
    let told = door.run(&["wait"]).good();
    assert!(told.lines().last().unwrap().starts_with("schema is at 3, nothing is pending; waited "), "{told}");
    assert!(door.run(&["wait", "--for", "2"]).good().contains("schema is at 3"));
}

#[test]
fn what_does_not_come_in_time_is_pending() {
    let door = Door::shop();
    door.run(&["up", "--to", "1"]).good();
    let seen = door.run(&["wait", "--timeout", "300ms"]);
    assert_eq!(seen.code, Some(3), "{seen}");
    assert!(seen.stderr.contains("… waiting for 0 s: 2 migrations are pending"), "{seen}");
    assert!(seen.stderr.contains("error: the schema is not up to date after "), "{seen}");
    let json = door.run(&["wait", "--for", "3", "--timeout", "300ms", "--format", "json"]);
    assert_eq!(json.code, Some(3), "{json}");
    assert!(json.stdout.contains("\"event\":\"schema_awaited\"") && json.stdout.contains("\"kind\":\"wait_timeout\""));
    assert!(json.stderr.contains("error: migration 3 is not applied after "), "{json}");
}

#[test]
fn what_will_not_come_is_told_at_once_with_the_reason() {
    let door = Door::with(&[("1_good.sql", "CREATE TABLE t (i INTEGER);"), ("2_bad.sql", "SELECT nonsense;")]);
    door.run(&["up"]);
    let seen = door.run(&["wait"]);
    assert_eq!(seen.code, Some(4), "{seen}");
    let said = "error: migration 2 (bad) failed on its last attempt, and its file has not changed since";
    assert!(seen.stderr.contains(said) && seen.stderr.contains("note: no such column: nonsense"), "{seen}");
}

#[test]
fn a_database_that_cannot_be_reached_is_waited_for_and_then_the_reason() {
    let door = Door::shop();
    let seen = door.run(&["wait", "--timeout", "300ms"]);
    assert_eq!(seen.code, Some(8), "{seen}");
    assert!(!door.path().join("migrascope.db").exists(), "nothing was created");
    let nowhere = door.run(&["wait", "--timeout", "300ms", "--database-url", "postgres://nobody@127.0.0.1:9/none"]);
    assert_eq!(nowhere.code, Some(8), "{nowhere}");
    assert!(nowhere.stderr.contains("… waiting for 0 s: cannot connect to "), "{nowhere}");
}
