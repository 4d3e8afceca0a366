//! The calls around hooks.

use migrascope::Error;
use migrascope::database::ErrorKind;
use migrascope::error::HookFault;
use migrascope::event::Hook;
use migrascope::run::Hooks;

use super::fake::{Paper, play, play_with};
use super::{check, transactional};

const BOTH: [(&str, &str); 2] = [("before_each.sql", "GREET;"), ("after_each.sql", "THANK; LEAVE")];

#[test]
fn each_migration_stands_between_two_transactions_that_are_not_its_own() {
    let (heard, result) = play_with(transactional(), &["ONE", "TWO"], &BOTH, Hooks::default());
    result.unwrap();
    let around = |version: &str, statement: &str| {
        format!(
            "begin · set {version} · GREET · commit · unset · \
             begin · {statement} · insert _migrascope_migrations · insert _migrascope_journal · commit · \
             begin · set {version} · THANK · LEAVE · commit · unset"
        )
    };
    check(&heard, &format!("{} · {}", around("1", "ONE"), around("2", "TWO")));
}

#[test]
fn a_failing_before_each_stops_the_run_before_its_migration() {
    let paper = Paper { fails: vec![("GREET", ErrorKind::Syntax)], ..transactional() };
    let (heard, result) = play_with(paper, &["ONE", "TWO"], &BOTH, Hooks::default());
    check(&heard, "begin · set 1 · GREET · rollback · unset");
    let error = result.unwrap_err();
    assert_eq!(error.to_string(), "the hook before_each failed before migration 1 (m)");
    assert_eq!((error.report.steps.len(), error.report.pending), (0, 2));
    let Error::Hook { fault: HookFault::Refused(failure), .. } = error.cause else { panic!("{error:?}") };
    assert_eq!((failure.statement, failure.message.as_str()), (Some(1), "no GREET"));
}

#[test]
fn a_failing_after_each_leaves_its_migration_applied_and_stops_before_the_next() {
    let paper = Paper { fails: vec![("LEAVE", ErrorKind::Other)], ..transactional() };
    let (heard, result) = play_with(paper, &["ONE", "TWO"], &BOTH[1..], Hooks::default());
    check(
        &heard,
        "begin · ONE · insert _migrascope_migrations · insert _migrascope_journal · commit · \
         begin · set 1 · THANK · LEAVE · rollback · unset",
    );
    let error = result.unwrap_err();
    assert_eq!(error.to_string(), "the hook after_each failed after migration 1 (m)");
    assert_eq!((error.report.applied, error.report.pending), (1, 1));
}

#[test]
fn what_met_a_passing_obstacle_is_tried_again() {
    let paper = Paper { fails_once: vec![("GREET", ErrorKind::Deadlock)], ..transactional() };
    let (heard, result) = play_with(paper, &["ONE"], &BOTH[..1], Hooks::default());
    result.unwrap();
    let front = "begin · set 1 · GREET · rollback · unset · begin · set 1 · GREET · commit · unset · begin · ONE";
    assert!(heard.contains(front), "{heard}");
}

#[test]
fn what_a_hook_sets_for_its_session_reaches_nobody() {
    let (heard, result) =
        play_with(transactional(), &["ONE"], &[("before_each.sql", "SET search_path = other")], Hooks::default());
    result.unwrap();
    assert!(heard.contains("begin · set 1 · SET search_path = other · commit · reset · begin · ONE"), "{heard}");
}

#[test]
fn a_failing_backup_comes_before_anything_is_written_but_the_journal() {
    let hooks = Hooks { backup: Some("exit 7".into()), after: Some("exit 1".into()), ..Hooks::default() };
    let (heard, result) = play_with(transactional(), &["ONE"], &BOTH, hooks);
    let error = result.unwrap_err();
    assert_eq!(error.to_string(), "the hook backup exited with 7");
    assert_eq!(
        heard,
        "connect · SELECT version, name, · SELECT id, run_id, · lock · SELECT id, kind, · \
         SELECT version, name, · SELECT id, run_id, · unlock · insert _migrascope_journal · close"
    );
}

#[test]
fn a_failing_command_before_the_run_is_in_the_row_of_the_run() {
    let hooks = Hooks { before: Some("exit 7".into()), after: Some("exit 1".into()), ..Hooks::default() };
    let (heard, result) = play_with(transactional(), &["ONE"], &BOTH, hooks);
    assert_eq!(result.unwrap_err().to_string(), "the hook before exited with 7");
    assert!(heard.ends_with("insert _migrascope_journal · update _migrascope_journal SET · unlock · close"), "{heard}");
    assert!(!heard.contains("GREET"), "{heard}");
}

#[test]
fn what_went_wrong_with_a_migration_matters_more_than_what_goes_wrong_after_it() {
    let paper = Paper { fails: vec![("ONE", ErrorKind::Syntax)], ..transactional() };
    let hooks = || Hooks { after: Some("exit 1".into()), ..Hooks::default() };
    let error = play_with(paper, &["ONE"], &[], hooks()).1.unwrap_err();
    assert!(matches!(error.cause, Error::Migration { .. }), "{error:?}");
    let error = play_with(transactional(), &["ONE"], &[], hooks()).1.unwrap_err();
    assert!(matches!(error.cause, Error::Hook { hook: Hook::After, .. }), "{error:?}");
    assert_eq!(error.report.applied, 1);
}

#[test]
fn without_hooks_nothing_is_heard_of_them() {
    let (with, _) = play_with(transactional(), &["ONE"], &[("before_each.sql", "-- nothing yet\n")], Hooks::default());
    let (without, _) = play(transactional(), &["ONE"]);
    assert_eq!(with, without);
}
