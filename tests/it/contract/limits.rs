//! Time limits of statements and waits, and the meaning of 0.

use std::path::Path;
use std::time::{Duration, Instant};

use migrascope::event::Command;
use migrascope::report::{Failure, Outcome};
use migrascope::run::LockTimeout;
use migrascope::{Error, Options, RunError};

use crate::support::{Backend, TestDatabase, on, on_each};

fn failure(error: &RunError) -> &Failure {
    let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
    failure
}

fn run(database: &TestDatabase, directory: &Path, limit: Option<Duration>) -> Result<migrascope::Report, RunError> {
    let options = Options { statement_timeout: limit, retries: 0, ..Options::default() };
    database.run(Command::Up, directory, options).0
}

/// A statement that takes long and fails when it is cancelled.
fn slow(database: &TestDatabase) -> &'static str {
    match database.backend {
        // A cancelled SLEEP of MariaDB alone is no error.
        Backend::Mysql => "INSERT INTO a SELECT SLEEP(120)",
        _ => database.slow(),
    }
}

#[test]
fn a_statement_that_takes_longer_than_its_limit_is_ended_and_leaves_nothing() {
    on_each(|database| {
        let first = ("1_a.sql", "CREATE TABLE a (i INTEGER);");
        database.up(&database.migrations(&[first])).unwrap();
        for text in [slow(database).to_owned(), format!("-- migrascope: statement-timeout=1s\n{}", slow(database))] {
            let limit = (!text.contains("statement-timeout")).then_some(Duration::from_secs(1));
            let directory = database.migrations(&[first, ("2_slow.sql", &text)]);
            let begun = Instant::now();
            let error = run(database, &directory, limit).unwrap_err();
            assert!(begun.elapsed() < Duration::from_secs(30));
            assert_eq!(error.report.outcome, Outcome::Failure, "{error:?}");
            let message = &failure(&error).message;
            assert!(message.contains("timeout") || message.contains("max_statement_time"), "{message}");
            assert_eq!(
                (database.value("SELECT count(*) FROM a"), database.applied()),
                ("0".to_owned(), vec!["1".to_owned()])
            );
        }
    });
}

#[test]
fn a_limit_of_nothing_leaves_it_to_the_server() {
    on_each(|database| {
        let text = "-- migrascope: statement-timeout=0, lock-timeout=0\nCREATE TABLE a (i INTEGER);\nINSERT INTO a VALUES (1);";
        let text = text.replace(", lock", "\n-- migrascope: lock");
        let directory = database.migrations(&[("1_a.sql", text.as_str())]);
        // The file's limit overrides that of the run, which every statement would exceed.
        run(database, &directory, Some(Duration::from_nanos(1))).unwrap();
        let zero = Options {
            statement_timeout: Some(Duration::ZERO),
            lock_timeout: LockTimeout::For(Duration::ZERO),
            ..Options::default()
        };
        let directory = database.migrations(&[("1_a.sql", text.as_str()), ("2_b.sql", "INSERT INTO a VALUES (2);")]);
        database.run(Command::Up, &directory, zero).0.unwrap();
        assert_eq!(database.value("SELECT count(*) FROM a"), "2");
    });
}

#[test]
fn a_directive_of_zero_is_the_servers_own_limit_as_the_option_is() {
    on(Backend::Postgres, |database| {
        let role = database.value("SELECT current_database()");
        database.query(&format!("ALTER DATABASE {role} SET lock_timeout = '1234ms'"));
        database.query(&format!("ALTER DATABASE {role} SET statement_timeout = '56789ms'"));
        let seen = "CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS l, current_setting('statement_timeout') AS s;";
        let text = format!("-- migrascope: lock-timeout=0\n-- migrascope: statement-timeout=0\n{seen}");
        run(database, &database.migrations(&[("1_seen.sql", &text)]), Some(Duration::from_secs(9))).unwrap();
        assert_eq!(database.value("SELECT l || ' ' || s FROM seen"), "1234ms 56789ms");
    });
    on(Backend::Mysql, |database| {
        let text = "-- migrascope: lock-timeout=0\nCREATE TABLE seen AS SELECT @@lock_wait_timeout AS l, @@GLOBAL.lock_wait_timeout AS g;";
        run(database, &database.migrations(&[("1_seen.sql", text)]), None).unwrap();
        assert_eq!(database.value("SELECT CAST(l = g AS CHAR) FROM seen"), "1");
    });
}
