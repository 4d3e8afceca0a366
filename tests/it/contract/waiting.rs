//! Waiting for a schema that another run migrates.

use std::time::{Duration, Instant};

use migrascope::event::{Event, Observer};
use migrascope::migration::Version;
use migrascope::plan::Objection;
use migrascope::run::{Stop, WaitCondition};
use migrascope::{Error, Options, Report, RunError};

use super::locking::SlowRunner;
use crate::support::{Backend, TestDatabase, block_on, connector, on_each};

/// Far longer than it takes to detect that no run can succeed.
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(400);

struct React<F>(F);

impl<F: FnMut() + Send> Observer for React<F> {
    fn observe(&mut self, event: &Event<'_>) {
        assert!(!matches!(event, Event::LockStarted { .. } | Event::MigrationStarted { .. }), "{event:?}");
        if matches!(event, Event::SchemaAwaited { .. }) {
            (self.0)();
        }
    }
}

fn wait(
    database: &TestDatabase,
    files: &[(&str, &str)],
    version: Option<&str>,
    timeout: Duration,
    react: impl FnMut() + Send,
) -> Result<Report, RunError> {
    let directory = database.migrations(files);
    let condition = WaitCondition { version: version.and_then(Version::from_digits), timeout };
    let migrator = database.migrator(&directory, Options::default());
    block_on(migrator.wait(condition).observe(&mut React(react)))
}

const FIRST: (&str, &str) = ("1_t.sql", "CREATE TABLE t (i INTEGER)");
const SECOND: (&str, &str) = ("2_more.sql", "ALTER TABLE t ADD COLUMN more INTEGER");

#[test]
fn it_ends_when_somebody_else_has_applied_everything() {
    on_each(|database| {
        let mut looks = 0;
        let report = wait(database, &[FIRST, SECOND], None, LONG, || {
            looks += 1;
            // No migration is applied, then one of two, then both.
            let files = if looks == 1 { &[FIRST][..] } else { &[FIRST, SECOND] };
            let directory = database.migrations(files);
            std::thread::scope(|scope| scope.spawn(|| database.up(&directory).unwrap()).join().unwrap());
        })
        .unwrap();
        assert_eq!((looks, report.command, report.applied, report.pending), (2, "wait", 2, 0));
        let told = database.value("SELECT count(*) FROM _migrascope_journal WHERE kind = 'run'");
        assert_eq!(told, "2", "who waits leaves no row");
    });
}

#[test]
fn a_version_is_enough_whatever_comes_later() {
    on_each(|database| {
        database.up(&database.migrations(&[FIRST])).unwrap();
        let report = wait(database, &[FIRST, SECOND], Some("1"), LONG, || {}).unwrap();
        assert_eq!((report.applied, report.pending), (1, 1));
        let error = wait(database, &[FIRST, SECOND], Some("2"), SHORT, || {}).unwrap_err();
        assert_eq!(error.cause.to_string().split(" after ").next(), Some("migration 2 is not applied"));
    });
}

#[test]
fn what_would_fail_again_is_told_at_once() {
    on_each(|database| {
        let broken = ("2_more.sql", "ALTER TABLE nobody ADD COLUMN more INTEGER");
        database.up(&database.migrations(&[FIRST, broken])).unwrap_err();
        let begun = Instant::now();
        let error = wait(database, &[FIRST, broken], None, LONG, || {}).unwrap_err();
        assert!(begun.elapsed() < LONG / 2);
        match &error.cause {
            Error::Refused(objections) => match objections.as_slice() {
                [Objection::Failed { key: version, error_text: Some(text), run_id, .. }]
                    if database.transactional_ddl() =>
                {
                    assert!(version.as_str() == "2" && text.contains("nobody") && !run_id.is_empty(), "{error:?}");
                }
                [Objection::Failed { .. } | Objection::Unsettled(_)] if !database.transactional_ddl() => {}
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_failure_of_a_file_that_has_changed_since_says_nothing() {
    on_each(|database| {
        database.up(&database.migrations(&[FIRST, ("2_more.sql", "SELECT nonsense FROM t")])).unwrap_err();
        let error = wait(database, &[FIRST, SECOND], None, SHORT, || {}).unwrap_err();
        assert!(matches!(error.cause, Error::Awaited { pending: 1, .. }), "{error:?}");
    });
}

#[test]
fn what_is_half_way_or_changed_is_told_at_once() {
    on_each(|database| {
        let half_way =
            ("2_more.sql", "-- migrascope: no-transaction\nINSERT INTO t VALUES (1);\nINSERT INTO u VALUES (2)");
        database.up(&database.migrations(&[FIRST, half_way])).unwrap_err();
        let error = wait(database, &[FIRST, half_way], None, LONG, || {}).unwrap_err();
        let Error::Refused(objections) = &error.cause else { panic!("{error:?}") };
        assert!(matches!(objections.as_slice(), [Objection::Unsettled(_)]), "{objections:?}");
        // Another migration may still be half-way.
        wait(database, &[FIRST, half_way], Some("1"), LONG, || {}).unwrap();
    });
    on_each(|database| {
        database.up(&database.migrations(&[FIRST])).unwrap();
        let changed = ("1_t.sql", "CREATE TABLE other (i INTEGER)");
        let error = wait(database, &[changed, SECOND], None, LONG, || {}).unwrap_err();
        let Error::Refused(objections) = &error.cause else { panic!("{error:?}") };
        assert!(matches!(objections.as_slice(), [Objection::Changed { .. }]), "{objections:?}");
    });
}

#[test]
fn what_somebody_is_at_is_waited_for() {
    on_each(|database| {
        // On MySQL, its row shows that it may be half-way as long as it runs, and that is true.
        let _runner = SlowRunner::start(database);
        let error = wait(database, &[("1_slow.sql", database.slow())], None, SHORT, || {}).unwrap_err();
        assert!(matches!(error.cause, Error::Awaited { pending: 1, .. }), "{error:?}");
    });
}

#[test]
fn a_database_that_never_answers_is_the_reason_in_the_end() {
    let set = migrascope::migration::MigrationSet::default();
    let migrator = migrascope::Migrator::new(connector("postgres://nobody@127.0.0.1:9/none"), set, Options::default());
    let condition = WaitCondition { version: None, timeout: SHORT };
    let mut looks = 0;
    let error = block_on(migrator.wait(condition).observe(&mut React(|| looks += 1))).unwrap_err();
    assert!(matches!(error.cause, Error::Connect { .. }), "{error:?}");
    assert!(looks >= 1);
}

#[test]
fn a_request_to_stop_ends_it() {
    on_each(|database| {
        let directory = database.migrations(&[FIRST]);
        let migrator = database.migrator(&directory, Options::default());
        let (condition, stop) = (WaitCondition { version: None, timeout: LONG }, Stop::default());
        let begun = Instant::now();
        let mut asks = React(|| stop.request());
        let error = block_on(migrator.wait(condition).observe(&mut asks).stop(&stop)).unwrap_err();
        assert!(matches!(error.cause, Error::Interrupted { failure: None }), "{error:?}");
        assert!(begun.elapsed() < LONG / 2);
        assert!(database.backend != Backend::Sqlite || database.query("SELECT 1 FROM sqlite_master").is_empty());
    });
}
