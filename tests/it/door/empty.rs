//! Files without statements.

use super::Door;

#[test]
fn a_file_that_was_empty_when_it_was_applied_leads_to_a_run_of_it() {
    let door = Door::with(&[("1_a.sql", "CREATE TABLE a (i INTEGER);")]);
    assert_eq!(door.run(&["new", "later"]).code, Some(0));
    let text = std::fs::read_to_string(door.path().join("migrations/2_later.sql")).unwrap();
    assert!(
        text.contains("no-transaction") && text.lines().all(|line| line.is_empty() || line.starts_with("--")),
        "{text}"
    );
    let planned = format!("{}", door.run(&["plan"]));
    let said = "warning: migration 2 (later) has no statements: nothing will be run for it";
    assert!(planned.contains(said), "{planned}");
    let up = format!("{}", door.run(&["up"]));
    assert!(up.contains(said), "{up}");
    let status = format!("{}", door.run(&["status"]));
    assert!(status.contains("warning: migration 2 (later) has no statements: nothing was run for it"), "{status}");

    door.write("migrations/2_later.sql", "CREATE TABLE b (i INTEGER);\nCREATE TABLE c (i INTEGER);\n");
    let refused = door.run(&["up"]);
    assert_eq!(refused.code, Some(4), "{refused}");
    let said = "migration 2 (later) was empty when it was applied, has 2 statements now and has never run";
    assert!(refused.stderr.contains(said) && !refused.stderr.contains("--accept-changes"), "{refused}");
    assert!(
        refused.stderr.contains("migrascope repair --mark-reverted 2 --reason '…'\n      and then: migrascope up"),
        "{refused}"
    );
    let json = door.run(&["up", "--format", "json"]);
    assert!(json.stdout.contains(said) && json.stdout.contains("--mark-reverted 2"), "{json}");
    let accept = door.run(&["repair", "--accept-changes", "2", "--reason", "x"]);
    assert_eq!(accept.code, Some(4), "{accept}");
    assert!(accept.stderr.contains(said), "{accept}");

    door.run(&["repair", "--mark-reverted", "2", "--reason", "never ran"]).good();
    assert!(door.run(&["up"]).good().contains("2 statements"));
    door.sql("INSERT INTO c VALUES (1)");
}

#[test]
fn where_later_ones_are_applied_the_order_is_part_of_the_advice() {
    let door = Door::with(&[("1_a.sql", "-- later\n"), ("2_b.sql", "CREATE TABLE b (i INTEGER);")]);
    assert_eq!(door.run(&["up"]).code, Some(0));
    door.write("migrations/1_a.sql", "CREATE TABLE a (i INTEGER);");
    let refused = door.run(&["up"]);
    assert!(refused.stderr.contains("and then: migrascope up --order allow"), "{refused}");
    door.run(&["repair", "--mark-reverted", "1", "--reason", "never ran"]).good();
    let up = door.run(&["up", "--order", "allow"]);
    assert!(up.code == Some(0) && up.stdout.contains("1 migration applied"), "{up}");
    assert!(up.stderr.contains("note: migration 1 (a) is older than 2, which is applied"), "{up}");
}

#[test]
fn a_file_with_directives_alone_is_an_empty_one() {
    for (applied, now) in [
        ("-- migrascope: no-transaction\n", "-- migrascope: no-transaction\nCREATE TABLE a (i INTEGER);"),
        ("-- later\n-- migrascope: lock-timeout=2s\n", "CREATE TABLE a (i INTEGER);"),
        ("-- later\n", "-- migrascope: statement-timeout=2s\nCREATE TABLE a (i INTEGER);"),
    ] {
        let door = Door::with(&[("1_a.sql", applied)]);
        assert_eq!(door.run(&["up"]).code, Some(0));
        door.write("migrations/1_a.sql", now);
        let refused = door.run(&["up"]);
        assert_eq!(refused.code, Some(4), "{refused}");
        let said = "migration 1 (a) was empty when it was applied, has 1 statement now and has never run";
        assert!(refused.stderr.contains(said) && !refused.stderr.contains("--accept-changes"), "{refused}");
    }
}
