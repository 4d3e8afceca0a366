//! Files that no longer fit what was applied.

use migrascope::event::Command;
use migrascope::plan::{Note, Order};
use migrascope::{Error, Options, State};

use crate::support::{TestDatabase, block_on, on_each};

fn states(database: &TestDatabase, directory: &std::path::Path) -> Vec<(String, State)> {
    let status = block_on(database.migrator(directory, Options::default()).status()).unwrap();
    status.rows.into_iter().map(|row| (row.version, row.state)).collect()
}

#[test]
fn a_changed_file_is_refused_and_named() {
    on_each(|database| {
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)")]);
        database.up(&directory).unwrap();
        std::fs::write(directory.join("1_a.sql"), "CREATE TABLE a (i BIGINT)").unwrap();
        std::fs::write(directory.join("2_b.sql"), "CREATE TABLE b (i INTEGER)").unwrap();
        let error = database.up(&directory).unwrap_err();
        assert_eq!(error.to_string(), "migration 1 (a) was changed after it was applied");
        assert_eq!(database.applied(), ["1"]);
        assert_eq!(states(database, &directory), [("1".into(), State::Changed), ("2".into(), State::Pending)]);
    });
}

#[test]
fn line_ends_and_byte_order_marks_never_matter() {
    on_each(|database| {
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (\n  i INTEGER\n);\n")]);
        database.up(&directory).unwrap();
        std::fs::write(directory.join("1_a.sql"), "\u{feff}CREATE TABLE a (\r\n  i INTEGER\r\n);\r\n").unwrap();
        assert!(database.up(&directory).unwrap().steps.is_empty());
        assert_eq!(states(database, &directory), [("1".into(), State::Applied)]);
    });
}

#[test]
fn an_edit_of_comments_and_blanks_is_a_note() {
    on_each(|database| {
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)")]);
        database.up(&directory).unwrap();
        std::fs::write(directory.join("1_a.sql"), "-- the first table\nCREATE TABLE a\n  (i INTEGER);\n").unwrap();
        let (_, plan) =
            block_on(database.migrator(&directory, Options::default()).plan(migrascope::history::Direction::Up))
                .map(|(identity, plan)| (identity, plan.notes))
                .unwrap();
        assert!(matches!(plan.as_slice(), [Note::Cosmetic { .. }]), "{plan:?}");
        assert_eq!(states(database, &directory), [("1".into(), State::Edited)]);
    });
}

#[test]
fn a_late_version_is_refused_applied_or_skipped_as_the_order_says() {
    on_each(|database| {
        let directory = database
            .migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)"), ("3_c.sql", "CREATE TABLE c (i INTEGER)")]);
        database.up(&directory).unwrap();
        std::fs::write(directory.join("2_b.sql"), "CREATE TABLE b (i INTEGER)").unwrap();
        let error = database.up(&directory).unwrap_err();
        assert_eq!(error.to_string(), "migration 2 (b) is pending but older than 3, which is applied");
        let with = |order| Options { order: Some(order), ..Options::default() };
        assert!(database.run(Command::Up, &directory, with(Order::Skip)).0.unwrap().steps.is_empty());
        assert_eq!(states(database, &directory)[1], ("2".into(), State::OutOfOrder));
        database.run(Command::Up, &directory, with(Order::Allow)).0.unwrap();
        assert_eq!(database.applied(), ["1", "2", "3"]);
    });
}

#[test]
fn an_applied_migration_without_a_file_is_refused_unless_allowed() {
    on_each(|database| {
        let directory = database
            .migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)"), ("2_b.sql", "CREATE TABLE b (i INTEGER)")]);
        database.up(&directory).unwrap();
        std::fs::remove_file(directory.join("1_a.sql")).unwrap();
        let error = database.up(&directory).unwrap_err();
        assert_eq!(error.to_string(), "migration 1 (a) is applied but its file is missing");
        assert_eq!(states(database, &directory)[0], ("1".into(), State::Missing));
        let options = Options { allow_missing: Some(true), ..Options::default() };
        assert!(database.run(Command::Up, &directory, options).0.unwrap().steps.is_empty());
    });
}

#[test]
fn all_objections_are_told_at_once() {
    on_each(|database| {
        let directory = database.migrations(&[
            ("1_a.sql", "CREATE TABLE a (i INTEGER)"),
            ("2_b.sql", "CREATE TABLE b (i INTEGER)"),
            ("4_d.sql", "CREATE TABLE d (i INTEGER)"),
        ]);
        database.up(&directory).unwrap();
        std::fs::write(directory.join("1_a.sql"), "CREATE TABLE a (i BIGINT)").unwrap();
        std::fs::remove_file(directory.join("2_b.sql")).unwrap();
        std::fs::write(directory.join("3_c.sql"), "CREATE TABLE c (i INTEGER)").unwrap();
        let error = database.up(&directory).unwrap_err();
        let Error::Refused(objections) = error.cause else { panic!("{error:?}") };
        assert_eq!(objections.len(), 3, "{objections:?}");
    });
}

#[test]
fn looking_changes_nothing() {
    on_each(|database| {
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)")]);
        assert_eq!(states(database, &directory), [("1".into(), State::Pending)]);
        block_on(async {
            let migrator = database.migrator(&directory, Options::default());
            migrator.plan(migrascope::history::Direction::Up).await.map(drop).unwrap();
        });
        if let Some(file) = database.url.strip_prefix("sqlite://") {
            assert!(!std::path::Path::new(file).exists(), "a look creates no file");
        }
        let report = database.up(&directory).unwrap();
        assert_eq!(report.steps.len(), 1);
    });
}

#[test]
fn two_ledgers_live_side_by_side() {
    on_each(|database| {
        let one = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)")]);
        let two = database.migrations(&[("1_b.sql", "CREATE TABLE b (i INTEGER)")]);
        database.up(&one).unwrap();
        let options = Options {
            ledger_table: "other \"team\"'s".into(),
            journal_table: "other journal".into(),
            ..Options::default()
        };
        assert_eq!(database.run(Command::Up, &two, options.clone()).0.unwrap().steps.len(), 1);
        assert!(database.run(Command::Up, &two, options).0.unwrap().steps.is_empty());
    });
}
