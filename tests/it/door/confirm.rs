//! Reverting more than one migration is confirmed first.

use super::Door;

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
    assert!(format!("{seen}").contains("3 steps down were asked for, and only 2 migrations are applied"), "{seen}");
}

#[test]
fn more_steps_up_than_are_pending_are_said() {
    let door = Door::shop();
    assert!(!format!("{}", door.run(&["plan", "--steps", "3"])).contains("asked for"));
    let said = "4 steps up were asked for, and only 3 migrations are pending";
    for command in ["plan", "up"] {
        let seen = door.run(&[command, "--steps", "4"]);
        assert_eq!((seen.code, format!("{seen}").contains(said)), (Some(0), true), "{seen}");
    }
    let seen = door.run(&["up", "--steps", "1"]);
    let said = "1 step up was asked for, and no migration is pending";
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
