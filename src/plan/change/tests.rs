//! A table of histories and changes: which rows each affects, or why it is refused.

use std::iter;

use super::*;
use crate::history::{AttemptState, Direction, Entry};
use crate::migration::{Checksum, Dialect, Script};

fn version(text: &str) -> Key {
    Key::from_history(text)
}

fn up(text: &str) -> Script {
    Script::new("1_a.sql", text, Dialect::Postgres)
}

const ORIGINAL: &str = "SELECT 1; SELECT 2; SELECT 3";

/// Migrations 1 to 3; the text of the third is `third`.
fn set(third: &str) -> MigrationSet {
    let migrations = [("1", ORIGINAL), ("2", ORIGINAL), ("3", third)].map(|(digits, text)| Migration {
        key: version(digits),
        name: format!("m{digits}"),
        up: up(text),
        down: None,
    });
    MigrationSet::new(migrations.into()).expect("three versions")
}

/// These versions are applied; those with a `?` were left half-way by an attempt that had completed one statement.
fn history(words: &str) -> History {
    let original = up(ORIGINAL);
    let (half_way, applied): (Vec<_>, Vec<_>) = words.split_whitespace().partition(|word| word.ends_with('?'));
    let entry = |digits: &&str| Entry::of(version(digits), format!("m{digits}"), &original);
    let attempt = |word: &&str| Attempt {
        id: format!("attempt-{word}"),
        run_id: "run".to_owned(),
        key: version(word.trim_end_matches('?')),
        name: "as it was called then".to_owned(),
        direction: Direction::Up,
        state: AttemptState::Failed { statement: 2 },
        done: 1,
        last: 2,
        reached: crate::history::Reached::Unrecorded,
        done_checksum: Some(first_of(ORIGINAL)),
        total: 3,
        error_code: None,
        error_text: None,
        started_at: "2026-01-01T00:00:00Z".to_owned(),
    };
    let mut history = History::of(applied.iter().map(entry));
    history.unsettled = half_way.iter().map(attempt).collect();
    history
}

/// The checksum of the first statement of a script.
fn first_of(text: &str) -> Checksum {
    let script = up(text);
    let first = &script.parsed().unwrap_or_else(|problems| panic!("{problems:?}")).statements[0];
    crate::migration::Progress::of(iter::once(first.text(script.text()))).checksum()
}

fn refusal(objections: &[Objection]) -> String {
    objections.iter().map(|objection| format!("no: {objection}")).collect::<Vec<_>>().join(" | ")
}

#[track_caller]
fn check(applied: &str, change: &Change, expected: &str) {
    let set = set("SELECT 'changed'");
    let described = match amend(&set, &history(applied), change) {
        Ok(rows) => [
            rows.add.iter().map(|migration| format!("+{}", migration.key)).collect::<Vec<_>>(),
            rows.remove.iter().map(|version| format!("-{version}")).collect(),
            rows.accept.iter().map(|migration| format!("={}", migration.key)).collect(),
            rows.settle,
        ]
        .concat()
        .join(" "),
        Err(objections) => refusal(&objections),
    };
    assert_eq!(described, expected, "{change:?} of {applied:?}");
}

#[track_caller]
fn check_resume(third: &str, applied: &str, expected: &str) {
    let set = set(third);
    let described = match resume(&set, &history(applied), &version("3")) {
        Ok(Resumption { step, .. }) => format!("{} of {}", step.done, step.statements().len()),
        Err(objections) => refusal(&objections),
    };
    assert_eq!(described, expected, "{third:?} after {applied:?}");
}

#[test]
fn what_counts_as_applied_is_recorded_and_settled() {
    let change = Change::MarkApplied(version("2"));
    check("1", &change, "+2");
    check("1 2?", &change, "+2 attempt-2?");
    check("1 2 2?", &change, "attempt-2?");
    check("1 2", &change, "no: migration 2 (m2) is already applied");
    check("1", &Change::MarkApplied(version("9")), "no: there is no migration 9");
}

#[test]
fn what_counts_as_reverted_is_no_longer_recorded() {
    let change = Change::MarkReverted(version("2"));
    check("1 2", &change, "-2");
    check("1 2 2?", &change, "-2 attempt-2?");
    check("1 2?", &change, "attempt-2?");
    check("1", &change, "no: migration 2 is not applied");
    check("1 9", &Change::MarkReverted(version("9")), "-9");
}

#[test]
fn only_a_changed_file_of_an_applied_migration_is_accepted() {
    check("1 2 3", &Change::AcceptChanges(version("3")), "=3");
    check("1 2 3 3?", &Change::AcceptChanges(version("3")), "=3");
    check("1 2", &Change::AcceptChanges(version("3")), "no: migration 3 is not applied");
    check(
        "1 2",
        &Change::AcceptChanges(version("2")),
        "no: the file of migration 2 (m2) has not changed since it was applied",
    );
}

#[test]
fn a_baseline_is_the_first_thing_in_a_history() {
    check("", &Change::Baseline(version("2")), "+1 +2");
    check("", &Change::Baseline(version("9")), "no: there is no migration 9");
    check("1", &Change::Baseline(version("2")), "no: the database already has a history: 1 migration is applied");
    check(
        "1?",
        &Change::Baseline(version("2")),
        "no: the database already has a history: a migration was left half-way",
    );
}

#[test]
fn a_resumption_goes_on_behind_the_statements_that_are_the_same() {
    check_resume(ORIGINAL, "1 2 3?", "1 of 3");
    check_resume("SELECT 1; SELECT 'repaired'", "1 2 3?", "1 of 2");
    check_resume(
        "SELECT 'another'; SELECT 2; SELECT 3",
        "1 2 3?",
        "no: migration 3 (m3) cannot be resumed: its first statement has taken effect, and has changed since",
    );
    check_resume(ORIGINAL, "1 2", "no: migration 3 was not left half-way");
}
