//! What the user reads when a migration fails, and the exit code for scripts.

use insta::assert_snapshot;

use super::{Door, Seen, redacted};

const MISTAKE: &str = "-- Orders refer to customers.\nCREATE TABLE customers (id INTEGER PRIMARY KEY);\n
CREATE TABLE purchases (\n    id INTEGER PRIMARY KEY,\n    customer INTEGER NOT NULL\n        refernces customers (id)\n);\n";

#[test]
fn an_atomic_failure_leaves_nothing_and_is_tried_again() {
    let _redacted = redacted();
    let door = Door::shop();
    door.write("migrations/4_mistake.sql", MISTAKE);
    assert_snapshot!(door.run(&["up"]), @r#"
    migrascope [version] up  sqlite [version], database migrascope.db  run [id]
    ✓ 1 users [t]  2 statements, 2 rows
    ✓ 2 orders [t]  1 statement
    ✓ 3 tidy [t]  1 statement  not atomic: line 1: VACUUM has no effect or is refused in a transaction
    ✗ 4 mistake [t]  rolled back: statement 2 of 2
    stopped after [t] with 3 migrations applied; schema is at 3
    --- stderr
    error: migration 4 (mistake) failed and was rolled back
     --> migrations/4_mistake.sql:7:9
      |
    7 |         refernces customers (id)
      |         ^^^^^^^^^ near "refernces": syntax error (1)
      |
      = note: statement 2 of 2: CREATE TABLE purchases
    help: 3 migrations are applied and nothing of 4 remains; fix the file and run again
    --- exit 5
    "#);
    door.write("migrations/4_mistake.sql", MISTAKE.replace("refernces", "REFERENCES"));
    assert_eq!(door.run(&["up"]).code, Some(0));
}

#[test]
fn a_half_way_failure_says_how_far_it_came_and_how_to_settle_it() {
    let _redacted = redacted();
    let door = Door::with(&[("4_mistake.sql", &format!("-- migrascope: no-transaction\n{MISTAKE}SELECT 1;\n"))]);
    assert_snapshot!(door.run(&["up"]), @r#"
    migrascope [version] up  sqlite [version], database migrascope.db  run [id]
    ✗ 4 mistake [t]  half-way: statement 2 of 3  not atomic: its file has the directive no-transaction
    stopped after [t] with 0 migrations applied; schema is empty
    --- stderr
    error: migration 4 (mistake) failed half-way
     --> migrations/4_mistake.sql:8:9
      |
    8 |         refernces customers (id)
      |         ^^^^^^^^^ near "refernces": syntax error (1)
      |
      = note: statement 2 of 3: CREATE TABLE purchases
      = note: statement 1 of 3 took effect
      = note: statement 2 had no effect
      = note: statement 3 did not run
    help: fix the cause (in the file, only statements after those that took effect) and resume:
          migrascope repair --resume 4 --reason '…'
    help: or do the rest by hand, and record it: migrascope repair --mark-applied 4 --reason '…'
    help: or undo by hand what took effect, and record it: migrascope repair --mark-reverted 4 --reason '…'
    --- exit 6
    "#);
    assert_snapshot!(door.run(&["up"]), @r#"
    migrascope [version] up  sqlite [version], database migrascope.db  run [id]
    --- stderr
    error: migration 4 (mistake) failed half-way up at statement 2 of 3: the first has taken effect
    note: started [time] by run [id]
    note: near "refernces": syntax error (1)
    help: fix the cause (in the file, only statements after those that took effect) and resume:
          migrascope repair --resume 4 --reason '…'
    help: or do the rest by hand, and record it: migrascope repair --mark-applied 4 --reason '…'
    help: or undo by hand what took effect, and record it: migrascope repair --mark-reverted 4 --reason '…'
    --- exit 4
    "#);
    assert_snapshot!(door.run(&["status"]), @r#"
    sqlite [version], database migrascope.db
     VERSION  NAME     STATE   APPLIED AT  TIME
     4        mistake  failed
    0 migrations applied, 1 pending, 1 failed; schema is empty
    --- stderr
    warning: migration 4 (mistake) failed half-way up at statement 2 of 3: the first has taken effect
    note: started [time] by run [id]
    note: near "refernces": syntax error (1)
    help: fix the cause (in the file, only statements after those that took effect) and resume:
          migrascope repair --resume 4 --reason '…'
    help: or do the rest by hand, and record it: migrascope repair --mark-applied 4 --reason '…'
    help: or undo by hand what took effect, and record it: migrascope repair --mark-reverted 4 --reason '…'
    --- exit 0
    "#);
}

/// The commands that a message suggests.
fn advised(seen: &Seen) -> Vec<Vec<String>> {
    let commands = seen.stderr.lines().filter_map(|line| line.split_once("migrascope repair ")).map(|(_, rest)| rest);
    commands
        .map(|rest| format!("repair {}", rest.replace("'…'", "tested")).split(' ').map(str::to_owned).collect())
        .collect()
}

#[test]
fn the_commands_that_are_advised_work() {
    for (choice, then) in [(0, "nothing to do"), (1, "nothing to do"), (2, "1 migration applied")] {
        let door = Door::with(&[("4_mistake.sql", &format!("-- migrascope: no-transaction\n{MISTAKE}"))]);
        assert_eq!(door.run(&["up"]).code, Some(6));
        let refused = door.run(&["up"]);
        assert_eq!(refused.code, Some(4));
        let commands = advised(&refused);
        assert_eq!(commands.len(), 3, "{}", refused.stderr);
        door.write(
            "migrations/4_mistake.sql",
            format!("-- migrascope: no-transaction\n{MISTAKE}").replace("refernces", "REFERENCES"),
        );
        if choice == 2 {
            door.sql("DROP TABLE customers");
        }
        let command: Vec<&str> = commands[choice].iter().map(String::as_str).collect();
        door.run(&command).good();
        assert!(door.run(&["up"]).good().contains(then), "{command:?}");
    }
}

#[test]
fn a_repair_needs_a_reason_and_one_thing_to_do() {
    let door = Door::shop();
    assert_eq!(door.run(&["repair", "--resume", "1"]).code, Some(2));
    assert_eq!(door.run(&["repair", "--reason", "why"]).code, Some(2));
    assert_eq!(door.run(&["repair", "--resume", "1", "--mark-applied", "1", "--reason", "why"]).code, Some(2));
    assert_eq!(door.run(&["repair", "--mark-applied", "1", "--in-doubt", "ran", "--reason", "why"]).code, Some(2));
    assert_eq!(door.run(&["repair", "--resume", "20260105090000", "--reason", " "]).code, Some(2));
    assert_eq!(door.run(&["repair", "--resume", "20260105090000", "--reason", "why"]).code, Some(4));
}

#[test]
fn a_failure_on_the_way_down_leaves_the_migration_applied() {
    let _redacted = redacted();
    let door = Door::with(&[("1_a.sql", "CREATE TABLE a (id INTEGER);"), ("1_a.down.sql", "DROP TABLE b;")]);
    door.run(&["up"]).good();
    assert_snapshot!(door.run(&["down"]), @r"
    migrascope [version] down  sqlite [version], database migrascope.db  run [id]
    ✗ 1 a [t]  rolled back: statement 1 of 1
    stopped after [t] with 0 migrations reverted; schema is at 1
    --- stderr
    error: migration 1 (a) failed and was rolled back
     --> migrations/1_a.down.sql:1:12
      |
    1 | DROP TABLE b;
      |            ^ no such table: b (1)
      |
      = note: statement 1 of 1: DROP TABLE b
    help: 1 is applied as before; fix the down file and run again
    --- exit 5
    ");
}

#[test]
fn an_unknown_target_is_refused() {
    let _redacted = redacted();
    assert_snapshot!(Door::shop().run(&["up", "--to", "99"]), @r"
    migrascope [version] up  sqlite [version], database migrascope.db  run [id]
    --- stderr
    error: there is no migration 99
    help: migrascope status lists the known versions
    --- exit 4
    ");
}

#[test]
fn a_long_line_is_cut_around_the_place() {
    let _redacted = redacted();
    let columns: Vec<String> = (0..300).map(|number| format!("column_{number} INTEGER")).collect();
    let sql = format!("CREATE TABLE wide ({}, PRIMRY KEY (column_1));", columns.join(", "));
    assert_snapshot!(Door::with(&[("1_wide.sql", &sql)]).run(&["up"]), @r#"
    migrascope [version] up  sqlite [version], database migrascope.db  run [id]
    ✗ 1 wide [t]  rolled back: statement 1 of 1
    stopped after [t] with 0 migrations applied; schema is empty
    --- stderr
    error: migration 1 (wide) failed and was rolled back
     --> migrations/1_wide.sql:1:5922
      |
    1 | ...98 INTEGER, column_299 INTEGER, PRIMRY KEY (column_1));
      |                                                ^^^^^^^^ near "column_1": syntax error (1)
      |
      = note: statement 1 of 1: CREATE TABLE wide
    help: 0 migrations are applied and nothing of 1 remains; fix the file and run again
    --- exit 5
    "#);
}

#[test]
fn control_characters_of_a_file_do_not_reach_the_terminal() {
    let door = Door::with(&[("1_bell.sql", "SELECT '\u{7}\u{1b}[2J' FRM x;\n")]);
    let seen = door.run(&["up"]);
    assert_eq!(seen.code, Some(5));
    assert!(!format!("{seen}").contains(['\u{7}', '\u{1b}']), "{seen}");
}
