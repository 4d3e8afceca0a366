//! `status` shows the last failed attempt at a pending migration.

use std::path::Path;
use std::time::Duration;

use migrascope::event::{Event, Observer};
use migrascope::migration::Version;
use migrascope::plan::Change;
use migrascope::report::Outcome;
use migrascope::run::Stop;
use migrascope::{Failed, Options, State, StatusRow};

use crate::support::{TestDatabase, block_on, on_each};

const FIRST: (&str, &str) = ("1_a.sql", "CREATE TABLE a (i INTEGER);");
const BROKEN: (&str, &str) = ("2_b.sql", "INSERT INTO nowhere VALUES (1);");

fn row(database: &TestDatabase, directory: &Path) -> StatusRow {
    let status = block_on(database.migrator(directory, Options::default()).status()).unwrap();
    status.rows.into_iter().find(|row| row.version == "2").unwrap()
}

fn failure(database: &TestDatabase, directory: &Path) -> Option<Failed> {
    row(database, directory).last_failure
}

#[test]
fn it_names_the_error_the_run_and_the_time() {
    on_each(|database| {
        let directory = database.migrations(&[FIRST, BROKEN, ("3_c.sql", "CREATE TABLE c (i INTEGER);")]);
        assert_eq!(failure(database, &directory), None, "nothing was tried yet");
        let first = database.up(&directory).unwrap_err();
        let seen = row(database, &directory);
        assert_eq!(seen.state, State::Pending, "nothing of it remains");
        let failed = seen.last_failure.unwrap();
        assert_eq!((failed.outcome, &failed.run_id), (Outcome::Failure, &first.report.run_id));
        let migrascope::Error::Migration { failure: told, .. } = &first.cause else { panic!("{first:?}") };
        assert_eq!((&failed.error_code, failed.error_text.as_ref()), (&told.code, Some(&told.message)));
        assert!(Duration::from_millis(failed.ago_ms) < Duration::from_secs(60) && !failed.file_changed, "{failed:?}");
        let second = database.up(&directory).unwrap_err();
        assert_eq!(failure(database, &directory).unwrap().run_id, second.report.run_id, "the last one counts");
        let other = database.migrations(&[FIRST, ("2_b.sql", "CREATE TABLE b (i INTEGER);")]);
        assert!(failure(database, &other).unwrap().file_changed);
    });
}

#[test]
fn what_was_done_since_makes_it_the_past() {
    on_each(|database| {
        let broken = database.migrations(&[FIRST, BROKEN]);
        let good = [FIRST, ("2_b.sql", "CREATE TABLE b (i INTEGER);"), ("2_b.down.sql", "DROP TABLE b;")];
        let good = database.migrations(&good);
        database.up(&broken).unwrap_err();
        database.up(&good).unwrap();
        assert_eq!(failure(database, &good), None, "it is applied");
        database.down(&good, Options::default()).unwrap();
        assert_eq!((row(database, &good).state, failure(database, &good)), (State::Pending, None), "it was reverted");

        database.up(&broken).unwrap_err();
        assert!(failure(database, &broken).is_some());
        let version = || Version::from_digits("2").unwrap();
        database.repair(&broken, Change::MarkApplied(version().into())).0.unwrap();
        database.repair(&broken, Change::MarkReverted(version().into())).0.unwrap();
        assert_eq!(
            (row(database, &broken).state, failure(database, &broken)),
            (State::Pending, None),
            "it was repaired"
        );
    });
}

struct StopAtStatement<'s>(&'s Stop);

impl Observer for StopAtStatement<'_> {
    fn observe(&mut self, event: &Event<'_>) {
        // A SLEEP of MariaDB that is cancelled as soon as it starts succeeds.
        if matches!(event, Event::StatementRunning { .. }) {
            self.0.request();
        }
    }
}

#[test]
fn an_interrupted_attempt_is_called_so() {
    on_each(|database| {
        database.up(&database.migrations(&[FIRST])).unwrap();
        let directory = database.migrations(&[FIRST, ("2_b.sql", database.slow())]);
        let (migrator, stop) = (database.migrator(&directory, Options::default()), Stop::default());
        block_on(migrator.up().observe(&mut StopAtStatement(&stop)).stop(&stop)).unwrap_err();
        assert_eq!(failure(database, &directory).unwrap().outcome, Outcome::Cancellation);
    });
}
