//! The engine with a session that only records calls: their order is what the tests assert.

mod fake;
mod hooks;
mod lock;

use migrascope::Error;
use migrascope::database::ErrorKind;
use migrascope::report::{PartialEffect, Stage};

use self::fake::{Paper, play};

/// The journal has no row of the attempt.
const UNANSWERED: (&str, ErrorKind) = ("SELECT outcome, statements_done", ErrorKind::Other);

fn transactional() -> Paper {
    Paper { transactional: true, ..Paper::default() }
}

/// Connecting, inspecting and locking: the same calls before every plan.
const FRONT: &str = "connect · SELECT version, name, · SELECT id, run_id, · lock · SELECT id, kind, · \
     SELECT version, name, · SELECT id, run_id, · insert _migrascope_journal";
const BACK: &str = "update _migrascope_journal SET · unlock · close";

#[track_caller]
fn check(heard: &str, middle: &str) {
    assert_eq!(heard, format!("{FRONT} · {middle} · {BACK}"));
}

#[test]
fn an_atomic_step_is_begin_statements_records_commit() {
    let (heard, result) = play(transactional(), &["ONE; TWO"]);
    result.unwrap();
    check(&heard, "begin · ONE · TWO · insert _migrascope_migrations · insert _migrascope_journal · commit");
}

#[test]
fn where_the_protocol_allows_it_the_last_statement_takes_records_and_commit_along() {
    let (heard, result) = play(Paper { pipelined: true, ..transactional() }, &["ONE; TWO", ""]);
    result.unwrap();
    check(
        &heard,
        "begin · ONE · TWO · insert _migrascope_migrations · insert _migrascope_journal · commit · \
         begin · insert _migrascope_migrations · insert _migrascope_journal · commit",
    );
}

#[test]
fn a_failing_statement_is_rolled_back_then_journaled_and_nothing_follows() {
    let (heard, result) =
        play(Paper { fails: vec![("TWO", ErrorKind::Syntax)], ..transactional() }, &["ONE; TWO", "THREE"]);
    check(&heard, "begin · ONE · TWO · rollback · insert _migrascope_journal");
    let error = result.unwrap_err();
    let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
    assert_eq!((failure.statement, failure.remains), (Some(2), PartialEffect::Nothing));
    assert_eq!(error.report.pending, 2);
}

#[test]
fn a_failing_rollback_does_not_hide_the_error() {
    let paper = Paper { fails: vec![("TWO", ErrorKind::Syntax), ("rollback", ErrorKind::Lost)], ..transactional() };
    let (_, result) = play(paper, &["ONE; TWO"]);
    assert_eq!(result.unwrap_err().to_string(), "migration 1 (m) failed and was rolled back");
}

#[test]
fn a_failing_unlock_does_not_hide_the_result() {
    let (heard, result) = play(Paper { fails: vec![("unlock", ErrorKind::Lost)], ..transactional() }, &["ONE"]);
    assert!(heard.ends_with("unlock · close"), "{heard}");
    assert_eq!(result.unwrap().steps.len(), 1);
}

#[test]
fn without_transactional_ddl_every_statement_is_journaled() {
    let (heard, result) = play(Paper::default(), &["ONE; TWO"]);
    result.unwrap();
    check(
        &heard,
        "limit Some(5s) · insert _migrascope_journal · ONE · in transaction? · \
         update _migrascope_journal SET · TWO · in transaction? · update _migrascope_journal SET · begin · insert _migrascope_migrations · update _migrascope_journal SET · commit",
    );
}

#[test]
fn a_half_way_failure_is_journaled_where_it_happened() {
    let (heard, result) =
        play(Paper { fails: vec![("TWO", ErrorKind::Syntax)], ..Paper::default() }, &["ONE; TWO; THREE"]);
    check(
        &heard,
        "limit Some(5s) · insert _migrascope_journal · ONE · in transaction? · \
         update _migrascope_journal SET · TWO · update _migrascope_journal SET",
    );
    let error = result.unwrap_err();
    let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
    assert_eq!(failure.remains, PartialEffect::HalfWay { done: 1, next_unknown: false });
}

#[test]
fn a_passing_obstacle_has_the_whole_transaction_tried_again_and_the_journal_has_it_before() {
    let (heard, result) =
        play(Paper { fails_once: vec![("TWO", ErrorKind::Deadlock)], ..transactional() }, &["ONE; TWO"]);
    assert_eq!(result.unwrap().steps[0].retries, 1);
    check(
        &heard,
        "begin · ONE · TWO · rollback · insert _migrascope_journal · begin · ONE · TWO · insert _migrascope_migrations · \
         insert _migrascope_journal · commit",
    );
}

#[test]
fn a_cancellation_that_comes_too_late_does_not_keep_the_end_of_the_run_from_being_recorded() {
    let end = "update _migrascope_journal SET";
    let (heard, result) = play(Paper { fails_once: vec![(end, ErrorKind::Cancelled)], ..transactional() }, &["ONE"]);
    assert!(!result.unwrap().end_not_recorded, "{heard}");
    assert!(heard.contains(&format!("{end} · {end}")), "{heard}");

    let (heard, result) = play(Paper { fails_once: vec![(end, ErrorKind::Permission)], ..transactional() }, &["ONE"]);
    assert!(result.is_err() && !heard.contains(&format!("{end} · {end}")), "{heard}");
}

#[test]
fn a_commit_that_met_the_work_of_another_transaction_is_tried_again() {
    let (heard, result) =
        play(Paper { fails_once: vec![("commit", ErrorKind::Serialization)], ..transactional() }, &["ONE"]);
    result.unwrap();
    check(
        &heard,
        "begin · ONE · insert _migrascope_migrations · insert _migrascope_journal · commit · rollback · \
         insert _migrascope_journal · begin · ONE · insert _migrascope_migrations · insert _migrascope_journal · commit",
    );
}

#[test]
fn of_a_step_that_is_not_atomic_one_statement_is_tried_again() {
    let (heard, result) =
        play(Paper { fails_once: vec![("TWO", ErrorKind::LockTimeout)], ..Paper::default() }, &["ONE; TWO"]);
    result.unwrap();
    check(
        &heard,
        "limit Some(5s) · insert _migrascope_journal · ONE · in transaction? · \
         update _migrascope_journal SET · TWO · insert _migrascope_journal · TWO · in transaction? · update _migrascope_journal SET · begin · insert _migrascope_migrations · \
         update _migrascope_journal SET · commit",
    );
}

#[test]
fn the_first_word_of_an_attempt_is_tried_again_too() {
    let (heard, result) =
        play(Paper { fails_once: vec![("limit", ErrorKind::LockTimeout)], ..Paper::default() }, &["ONE"]);
    result.unwrap();
    assert!(
        heard.contains(
            "limit Some(5s) · insert _migrascope_journal · limit Some(5s) · insert _migrascope_journal · ONE"
        ),
        "{heard}"
    );
}

#[test]
fn a_commit_of_the_scripts_own_that_fails_has_committed_nothing() {
    for (part, kind) in [("COMMIT", ErrorKind::Other), ("TWO", ErrorKind::Deadlock)] {
        let paper = Paper { fails: vec![(part, kind)], ..Paper::default() };
        let (heard, result) = play(paper, &["ONE; BEGIN; INSERT TWO; COMMIT; THREE"]);
        let error = result.unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!(failure.remains, PartialEffect::HalfWay { done: 1, next_unknown: false }, "{part}: {heard}");
    }
}

#[test]
fn what_may_have_left_something_is_not_tried_again() {
    for (script, kind) in [
        ("CREATE INDEX CONCURRENTLY i ON t (a)", ErrorKind::LockTimeout),
        ("CALL something()", ErrorKind::Deadlock),
        ("ONE", ErrorKind::Lost),
    ] {
        let (heard, result) = play(Paper { fails_once: vec![(script, kind)], ..Paper::default() }, &[script]);
        assert_eq!(result.unwrap_err().report.steps[0].retries, 0);
        assert_eq!(heard.matches(script).count(), 1, "{heard}");
    }
}

#[test]
fn a_connection_that_breaks_at_the_commit_is_not_called_rolled_back() {
    let (heard, result) =
        play(Paper { fails: vec![("commit", ErrorKind::Lost), UNANSWERED], ..transactional() }, &["ONE"]);
    let error = result.unwrap_err();
    let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
    assert_eq!((failure.remains, failure.stage), (PartialEffect::Unknown, Stage::Commit));
    assert!(
        heard.contains("commit · connect · SELECT outcome, statements_done · insert _migrascope_journal"),
        "journaled on a new connection: {heard}"
    );
}

#[test]
fn what_became_of_a_commit_that_nobody_heard_of_is_looked_up() {
    let lost = || Paper { fails_once: vec![("commit", ErrorKind::Lost)], ..transactional() };
    let (heard, result) = play(lost(), &["ONE"]);
    let error = result.unwrap_err();
    let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
    assert_eq!(failure.remains, PartialEffect::Nothing, "its row is not there: {heard}");

    let committed = vec![Some("success".to_owned()), Some("1".to_owned())];
    let (heard, result) = play(Paper { attempt: Some(committed), ..lost() }, &["ONE", "TWO"]);
    assert_eq!(result.unwrap().steps.len(), 2, "and the run goes on: {heard}");
}

#[test]
fn how_far_a_broken_attempt_came_is_read_from_its_row() {
    let far = vec![Some("executing".to_owned()), Some("2".to_owned())];
    let paper = Paper { fails: vec![("TWO", ErrorKind::Lost)], attempt: Some(far), ..Paper::default() };
    let error = play(paper, &["ONE; TWO; THREE"]).1.unwrap_err();
    let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
    assert_eq!(failure.remains, PartialEffect::HalfWay { done: 2, next_unknown: false });
}

#[test]
fn a_statement_that_went_out_with_a_broken_commit_is_not_told_as_done() {
    let paper = Paper { fails: vec![("commit", ErrorKind::Lost), UNANSWERED], pipelined: true, ..transactional() };
    let error = play(paper, &["ONE; TWO"]).1.unwrap_err();
    let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
    assert_eq!((failure.remains, failure.statement), (PartialEffect::Unknown, Some(2)));
    assert_eq!(error.report.steps[0].statements.len(), 1);
}

#[test]
fn a_statement_in_the_middle_that_broke_with_its_note_has_not_applied_the_migration() {
    let script = "CREATE INDEX CONCURRENTLY i ON t (a);\nINSERT INTO two SELECT 2;\nINSERT INTO three SELECT 3";
    for (part, remains) in
        [("two", PartialEffect::HalfWay { done: 1, next_unknown: true }), ("three", PartialEffect::Unknown)]
    {
        let paper = Paper { fails: vec![(part, ErrorKind::Lost), UNANSWERED], pipelined: true, ..transactional() };
        let error = play(paper, &[script]).1.unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!(failure.remains, remains, "{part}");
        let half = "migration 1 (m) failed half-way";
        assert_eq!(error.to_string() == half, part == "two", "{error}");
    }
}

#[test]
fn what_could_not_be_written_in_the_pause_is_written_with_the_records() {
    let fails_once = vec![("TWO", ErrorKind::Deadlock), ("insert _migrascope_journal", ErrorKind::LockTimeout)];
    let script = &["ONE; TWO"];
    let (heard, result) = play(Paper { fails_once, ..transactional() }, script);
    let (with_row, _) = play(Paper { fails_once: vec![("TWO", ErrorKind::Deadlock)], ..transactional() }, script);
    result.unwrap();
    let rows = |heard: &str| heard.matches("insert _migrascope_journal").count();
    assert_eq!(rows(&heard), rows(&with_row) + 1, "once more: {heard}");
}

#[test]
fn a_statement_whose_connection_broke_may_have_taken_effect() {
    let (_, result) = play(Paper { fails: vec![("ONE", ErrorKind::Lost)], ..Paper::default() }, &["ONE; TWO"]);
    let error = result.unwrap_err();
    let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
    assert_eq!(failure.remains, PartialEffect::HalfWay { done: 0, next_unknown: true });
}

#[test]
fn a_concurrent_index_build_waits_as_long_as_it_must_and_leaves_doubt_when_it_fails() {
    let script = "CREATE INDEX CONCURRENTLY i ON t (a)";
    let (heard, result) = play(Paper { fails: vec![("CONCURRENTLY", ErrorKind::Other)], ..transactional() }, &[script]);
    assert!(heard.contains("limit None"), "{heard}");
    let error = result.unwrap_err();
    let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
    assert_eq!(failure.remains, PartialEffect::HalfWay { done: 0, next_unknown: true });

    let (_, result) = play(Paper { fails: vec![("CONCURRENTLY", ErrorKind::Syntax)], ..transactional() }, &[script]);
    let error = result.unwrap_err();
    let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
    assert_eq!(failure.remains, PartialEffect::Nothing, "a syntax error builds nothing");
}

#[test]
fn a_script_that_changes_the_session_is_cleaned_up_after() {
    let (heard, result) = play(transactional(), &["SET search_path = other", "TWO"]);
    result.unwrap();
    check(
        &heard,
        "begin · SET search_path = other · restore authorization · insert _migrascope_migrations · insert _migrascope_journal · commit · \
         reset · begin · TWO · insert _migrascope_migrations · insert _migrascope_journal · commit",
    );
}

#[test]
fn without_the_lock_nothing_is_touched_but_the_journal() {
    let (heard, result) = play(Paper { locked_by_another: true, ..transactional() }, &["ONE"]);
    assert!(matches!(result.unwrap_err().cause, Error::Lock { .. }));
    assert_eq!(
        heard,
        "connect · SELECT version, name, · SELECT id, run_id, · lock · insert _migrascope_journal · close"
    );
}

#[test]
fn an_unreadable_history_takes_no_lock_and_changes_nothing() {
    let (heard, result) =
        play(Paper { fails: vec![("SELECT id, run_id,", ErrorKind::Permission)], ..transactional() }, &["ONE"]);
    assert_eq!(result.unwrap_err().to_string(), "cannot read the history of migrations");
    assert_eq!(heard, "connect · SELECT version, name, · SELECT id, run_id, · insert _migrascope_journal · close");
}

#[test]
fn nothing_of_ours_goes_out_inside_a_transaction_of_the_scripts_own_but_the_note_before_its_end() {
    let (heard, result) = play(Paper::default(), &["BEGIN; SHOW; INSERT TWO; COMMIT AND CHAIN; THREE; ROLLBACK; FOUR"]);
    result.unwrap();
    check(
        &heard,
        "limit Some(5s) · insert _migrascope_journal · BEGIN · SHOW · in transaction? · INSERT TWO · \
         restore authorization;update _migrascope_journal · COMMIT AND CHAIN · in transaction? · THREE · in transaction? · ROLLBACK · \
         in transaction? · update _migrascope_journal SET · FOUR · in transaction? · update _migrascope_journal SET · \
         begin · insert _migrascope_migrations · update _migrascope_journal SET · commit",
    );
}
