//! A SQLite file that another writer keeps locked, or that is not writable.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use migrascope::event::Event;
use migrascope::report::{Outcome, PartialEffect, RetryReason, Stage};
use migrascope::run::Stop;
use migrascope::{Error, Options};

use super::retries::{FIRST, Other, retry_rows, up};
use crate::support::{Backend, TestDatabase, block_on, connector, on};

const ROW: (&str, &str) = ("2_row.sql", "INSERT INTO t VALUES (1)");

/// What a run reports about its attempts.
fn word(event: &Event<'_>) -> Option<String> {
    match event {
        Event::MigrationStarted { .. } => Some("begins".to_owned()),
        Event::Retrying { reason: RetryReason::LockTimeout, attempt, of, .. } => Some(format!("again {attempt}/{of}")),
        Event::AttemptStarted { attempt, .. } => Some(format!("attempt {attempt}")),
        Event::StatementStarted { .. } => Some("statement".to_owned()),
        Event::MigrationFinished { report, .. } => Some(report.outcome.word().to_owned()),
        _ => None,
    }
}

#[test]
fn a_migration_whose_file_stays_locked_is_tried_as_often_as_allowed_and_nothing_is_begun() {
    on(Backend::Sqlite, |database| {
        up(database, &[FIRST], 0, &Stop::default(), |_| {}).unwrap();
        let journal = || database.query("SELECT * FROM _migrascope_journal ORDER BY id");
        let before = journal();
        let writer = Other::begin(database, "BEGIN IMMEDIATE");
        let mut reported = Vec::new();
        let error = up(database, &[FIRST, ROW], 2, &Stop::default(), |event| reported.extend(word(event))).unwrap_err();
        drop(writer);
        assert_eq!(reported, ["begins", "again 1/3", "attempt 2", "again 2/3", "attempt 3", "failure"]);
        let Error::Migration { version, failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!((version.as_str(), failure.statement, failure.stage), ("2", None, Stage::Before));
        assert_eq!((failure.code.as_deref(), failure.remains), (Some("5"), PartialEffect::Nothing));
        assert_eq!((error.report.steps[0].retries, error.report.steps[0].outcome), (2, Outcome::Failure));
        assert_eq!(journal(), before, "nothing could be written");
    });
}

#[test]
fn a_migration_that_waited_for_its_file_is_recorded_with_its_retries() {
    on(Backend::Sqlite, |database| {
        up(database, &[FIRST], 0, &Stop::default(), |_| {}).unwrap();
        let mut writer = Some(Other::begin(database, "BEGIN IMMEDIATE"));
        let mut reported = Vec::new();
        let report = up(database, &[FIRST, ROW], 5, &Stop::default(), |event| {
            reported.extend(word(event));
            if matches!(event, Event::Retrying { .. }) {
                writer = None;
            }
        })
        .unwrap();
        assert_eq!(reported, ["begins", "again 1/6", "attempt 2", "statement", "success"]);
        assert_eq!((report.steps[0].retries, database.applied()), (1, vec!["1".to_owned(), "2".to_owned()]));
        assert_eq!(retry_rows(database).len(), 1);
        let runs = "SELECT count(*) FROM _migrascope_journal WHERE kind = 'run' AND outcome = 'success'";
        assert_eq!(database.value(runs), "2");
    });
}

/// The outcome of a run on a database whose file, directory or URL is read-only.
fn refused(database: &TestDatabase, url: &str) -> String {
    let directory = database.migrations(&[FIRST, ROW]);
    let set =
        migrascope::layout::Reader::directory(&directory, migrascope::migration::Dialect::Sqlite).migrations().unwrap();
    let migrator = migrascope::Migrator::new(connector(url), set, Options::default());
    match block_on(migrator.up()).unwrap_err().cause {
        Error::ReadOnly { reason } => reason.to_owned(),
        other => panic!("{url}: {other:?}"),
    }
}

#[test]
fn a_file_that_may_not_be_written_is_a_database_that_is_read_only() {
    on(Backend::Sqlite, |database| {
        up(database, &[FIRST], 0, &Stop::default(), |_| {}).unwrap();
        assert_eq!(refused(database, &format!("{}?mode=ro", database.url)), "its URL has mode=ro");
        assert_eq!(refused(database, &format!("{}?immutable=1", database.url)), "its URL has immutable");
        let file = database.url.strip_prefix("sqlite://").unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o444)).unwrap();
        // Root may write whatever the file's permissions are.
        if fs::OpenOptions::new().append(true).open(file).is_err() {
            assert_eq!(refused(database, &database.url), "its file is not writable");
        }
    });
}
