//! Reverting more than one migration is confirmed first.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use super::{Door, Seen};
use crate::support::eventually;

#[test]
fn more_than_one_step_down_needs_yes_and_one_does_not() {
    let door = Door::shop();
    door.run(&["up", "--to", "2"]).good();
    for words in [&["down", "--to", "0"][..], &["down", "--steps", "2"], &["down", "--steps", "9", "--format", "json"]]
    {
        let seen = door.run(words);
        assert_eq!(seen.code, Some(2), "{seen}");
        let said = "down would revert 2 migrations of the database migrascope.db: 2 (orders), 1 (users)";
        assert!(seen.stderr.contains(said) && seen.stderr.contains("--yes"), "{seen}");
        assert!(door.run(&["status"]).good().contains("2 migrations applied"));
    }
    assert!(door.run(&["down", "--to", "1"]).good().contains("1 migration reverted"));
    assert!(door.run(&["down", "--to", "0"]).good().contains("1 migration reverted"));
    door.run(&["up", "--to", "2"]).good();
    assert!(door.run(&["down", "--dry-run", "--to", "0"]).good().contains("2 migrations"));
    let seen = door.run(&["down", "--steps", "3", "--yes"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stdout.contains("2 migrations reverted"), "{seen}");
    assert!(format!("{seen}").contains("3 steps down were requested, but only 2 migrations are applied"), "{seen}");
}

#[test]
fn more_steps_up_than_are_pending_are_said() {
    let door = Door::shop();
    assert!(!format!("{}", door.run(&["plan", "--steps", "3"])).contains("asked for"));
    let said = "4 steps up were requested, but only 3 migrations are pending";
    for command in ["plan", "up"] {
        let seen = door.run(&[command, "--steps", "4"]);
        assert_eq!((seen.code, format!("{seen}").contains(said)), (Some(0), true), "{seen}");
    }
    let seen = door.run(&["up", "--steps", "1"]);
    let said = "1 step up was requested, but no migration is pending";
    assert_eq!((seen.code, format!("{seen}").contains(said)), (Some(0), true), "{seen}");
}

#[test]
fn what_would_be_refused_is_refused_without_a_question() {
    let door = Door::shop();
    door.run(&["up"]).good();
    let seen = door.run(&["down", "--to", "0"]);
    assert_eq!(seen.code, Some(4), "{seen}");
    assert!(seen.stderr.contains("migration 3 (tidy) has no down script"), "{seen}");
}

#[test]
fn a_way_down_that_has_grown_since_it_was_planned_is_not_taken() {
    let door = Door::shop();
    door.run(&["up", "--to", "1"]).good();
    let wait = "touch held; while [ ! -e go ]; do sleep 0.05; done";
    let mut up = door.command(&["up", "--to", "2", "--before", wait]).stdout(Stdio::null()).spawn().unwrap();
    eventually("the run up holds the lock", || door.path().join("held").exists().then_some(()));
    // One migration needs no confirmation, and there is only one until the lock is free.
    let words = ["down", "--to", "0", "--format", "json"];
    let mut down = door.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(down.stdout.take().unwrap());
    let mut stdout = String::new();
    while !stdout.contains("lock_waited") {
        assert!(lines.read_line(&mut stdout).unwrap() > 0, "it did not wait: {stdout}");
    }
    door.write("go", "");
    assert!(up.wait().unwrap().success());
    lines.read_to_string(&mut stdout).unwrap();
    let mut stderr = String::new();
    down.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    let seen = Seen { code: down.wait().unwrap().code(), stdout, stderr };
    assert_eq!(seen.code, Some(4), "{seen}");
    let said = "2 migrations would be reverted, and 1 were confirmed: others were applied meanwhile";
    assert!(seen.stderr.contains(said) && seen.stderr.contains("nothing was changed"), "{seen}");
    assert!(door.run(&["status"]).good().contains("2 migrations applied"));
}
