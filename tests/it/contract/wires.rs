//! Connection faults: a run ends in bounded time and reports what is true.

use std::time::{Duration, Instant};

use migrascope::database::{Access, ErrorKind, Query, Sharing, Transaction};
use migrascope::run::WaitCondition;
use migrascope::{Error, Event, Migrator, Observer, Options, Report, RunError, layout};

use super::wire::Wire;
use crate::support::{Backend, TestDatabase, block_on, connector, on};

/// The maximum duration of a run, whatever the connection does.
const BOUND: Duration = Duration::from_secs(30);

/// Affects the connection as soon as a statement has run for a second.
struct Spoils<F>(Option<F>);

impl<F: FnOnce() + Send> Observer for Spoils<F> {
    fn observe(&mut self, event: &Event<'_>) {
        if matches!(event, Event::StatementRunning { .. })
            && let Some(spoil) = self.0.take()
        {
            spoil();
        }
    }
}

fn migrator(database: &TestDatabase, wire: &Wire, files: &[(&str, &str)]) -> Migrator {
    let connector = connector(&wire.url);
    let set = layout::Reader::directory(database.migrations(files), connector.dialect()).migrations().unwrap();
    Migrator::new(connector, set, Options::default())
}

fn up(migrator: &Migrator, spoil: impl FnOnce() + Send) -> Result<Report, RunError> {
    let started = Instant::now();
    let result = block_on(migrator.up().observe(&mut Spoils(Some(spoil))));
    assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
    result
}

/// Takes some seconds, and writes a row.
fn slow_row(backend: Backend, seconds: u32) -> String {
    match backend {
        Backend::Postgres => format!("INSERT INTO t SELECT 1 FROM pg_sleep({seconds});"),
        Backend::Mysql => format!("INSERT INTO t SELECT 1 + SLEEP({seconds});"),
        Backend::Sqlite => panic!("SQLite has no wire"),
    }
}

#[test]
fn a_server_that_takes_connections_and_says_nothing_is_none() {
    for backend in [Backend::Postgres, Backend::Mysql] {
        on(backend, |database| {
            let wire = Wire::to(database);
            wire.be_mute();
            let started = Instant::now();
            let error = block_on(async { connector(&wire.url).session(Access::Read, None).await.err().unwrap() });
            assert_eq!(error.kind, ErrorKind::Connect);
            assert!(error.message.starts_with("no answer within 10 s"), "{error}");
            assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
        });
    }
}

#[test]
fn a_query_of_ours_whose_answer_is_lost_has_an_end() {
    for backend in [Backend::Postgres, Backend::Mysql] {
        on(backend, |database| {
            let wire = Wire::to(database);
            block_on(async {
                let mut session = connector(&wire.url).session(Access::Read, None).await.unwrap();
                wire.freeze_alone(1);
                let started = Instant::now();
                let error = session.query(Query::Own("SELECT 1")).await.unwrap_err();
                assert_eq!(error.kind, ErrorKind::Lost, "{error}");
                assert!(error.message.contains("its answer has not arrived"), "another connection has asked: {error}");
                assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
                let again = Instant::now();
                assert_eq!(session.query(Query::Own("SELECT 1")).await.unwrap_err().kind, ErrorKind::Lost);
                session.close().await;
                assert!(again.elapsed() < Duration::from_secs(1), "it is not tried again: {:?}", again.elapsed());
            });
        });
    }
}

#[test]
fn what_a_statement_did_is_known_though_its_answer_is_lost() {
    for backend in [Backend::Postgres, Backend::Mysql] {
        on(backend, |database| {
            let wire = Wire::to(database);
            let row = slow_row(backend, 3);
            let files = [("1_t.sql", "CREATE TABLE t (i INTEGER);"), ("2_row.sql", row.as_str())];
            let result = up(&migrator(database, &wire, &files), || wire.freeze_alone(1));
            let rows = database.value("SELECT count(*) FROM t");
            if backend == Backend::Postgres {
                // The statement, the records and the commit were one message.
                assert_eq!(result.unwrap().applied, 2);
                assert_eq!((database.applied(), rows.as_str()), (vec!["1".to_owned(), "2".to_owned()], "1"));
            } else {
                let error = result.unwrap_err();
                assert!(matches!(error.cause, Error::Migration { .. }), "{error:?}");
                assert_eq!((database.applied(), rows.as_str()), (vec!["1".to_owned()], "0"), "it was never committed");
                database.up(&database.migrations(&files)).unwrap();
                assert_eq!(database.value("SELECT count(*) FROM t"), "1", "the next run finds nothing in its way");
            }
        });
    }
}

#[test]
fn a_run_without_any_connection_ends_and_says_so() {
    for backend in [Backend::Postgres, Backend::Mysql] {
        on(backend, |database| {
            let wire = Wire::to(database);
            let row = slow_row(backend, 3);
            let files = [("1_t.sql", "CREATE TABLE t (i INTEGER);"), ("2_row.sql", row.as_str())];
            let error = up(&migrator(database, &wire, &files), || wire.freeze()).unwrap_err();
            let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
            assert_eq!(failure.message, "the server does not answer");
            assert_eq!(error.report.applied, 1);
        });
    }
}

#[test]
fn a_statement_at_work_is_waited_for_though_the_lock_is_silent() {
    for backend in [Backend::Postgres, Backend::Mysql] {
        on(backend, |database| {
            let wire = Wire::to(database);
            // Longer than a server may be unreachable.
            let row = slow_row(backend, 20);
            let files = [("1_t.sql", "CREATE TABLE t (i INTEGER);"), ("2_row.sql", row.as_str())];
            let result = up(&migrator(database, &wire, &files), || wire.freeze_alone(2));
            assert_eq!(database.value("SELECT count(*) FROM t"), "1", "{result:?}");
            assert_eq!(database.applied(), ["1", "2"], "{result:?}");
        });
    }
}

#[test]
fn a_slow_answer_of_the_locks_connection_ends_nothing() {
    for backend in [Backend::Postgres, Backend::Mysql] {
        on(backend, |database| {
            let wire = Wire::to(database);
            let row = slow_row(backend, 2);
            let files = [
                ("1_t.sql", "CREATE TABLE t (i INTEGER);"),
                ("2_row.sql", row.as_str()),
                ("3_more.sql", "INSERT INTO t VALUES (2);"),
            ];
            let migrator = migrator(database, &wire, &files);
            let report = up(&migrator, || wire.delay(2, Duration::from_secs(3))).unwrap();
            assert_eq!(report.applied, 3);
        });
    }
}

#[test]
fn one_look_at_a_slow_server_says_what_is_pending() {
    for backend in [Backend::Postgres, Backend::Mysql] {
        on(backend, |database| {
            let wire = Wire::to(database);
            wire.delay(1, Duration::from_millis(300));
            let migrator = migrator(database, &wire, &[("1_t.sql", "CREATE TABLE t (i INTEGER);")]);
            let condition = WaitCondition { version: None, timeout: Duration::ZERO };
            let error = block_on(migrator.wait(condition)).unwrap_err();
            assert!(matches!(error.cause, Error::Awaited { pending: 1, .. }), "{error:?}");
        });
    }
}

#[test]
fn nothing_is_set_for_a_session_before_it_is_known_whose_it_is() {
    on(Backend::Postgres, |database| {
        let settings = "SELECT name FROM pg_settings WHERE source = 'session' AND name LIKE ANY (ARRAY['%timeout%', 'tcp%', 'client_conn%'])";
        block_on(async {
            for access in [Access::Read, Access::Check, Access::Write] {
                let mut session = database.connector().session(access, None).await.unwrap();
                let limits = migrascope::database::Limits {
                    lock_timeout: Some(Duration::from_secs(5)),
                    statement_timeout: Some(Duration::from_secs(5)),
                };
                session.limit(&limits).await.unwrap();
                assert_eq!(
                    session.query(Query::Own("SELECT current_setting('statement_timeout')")).await.unwrap()[0][0]
                        .as_deref(),
                    match access {
                        Access::Check => Some("5s"),
                        _ => Some("0"),
                    }
                );
                // Outside of the transaction that a health check opens for each of its queries.
                session.begin(Transaction::Write(None)).await.unwrap();
                session.rollback().await.unwrap();
                session.begin(Transaction::Read(&migrascope::database::Limits::default())).await.unwrap();
                assert!(session.query(Query::Own(settings)).await.unwrap().is_empty(), "{access:?}");
                session.rollback().await.unwrap();
            }
            let mut session = database.connector().session(Access::Write, None).await.unwrap();
            session.share(Sharing::Own).await.unwrap();
            let set = session.query(Query::Own(settings)).await.unwrap().len();
            assert!(set >= 4, "keepalive belongs to a session that is ours: {set}");
        });
    });
}

#[test]
fn health_through_a_wire_that_dies_ends() {
    on(Backend::Postgres, |database| {
        let wire = Wire::to(database);
        database.up(&database.migrations(&[("1_t.sql", "CREATE TABLE t (i INTEGER);")])).unwrap();
        let migrator = migrator(database, &wire, &[("1_t.sql", "CREATE TABLE t (i INTEGER);")]);
        let started = Instant::now();
        let mut freezes = Freezes(&wire);
        let error = block_on(migrator.health().observe(&mut freezes)).unwrap_err();
        assert!(matches!(error.cause, Error::Unhealthy { .. }), "{error:?}");
        assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
    });
}

/// Freezes the proxy as soon as it has a connection.
struct Freezes<'w>(&'w Wire);

impl Observer for Freezes<'_> {
    fn observe(&mut self, event: &Event<'_>) {
        if matches!(event, Event::HealthStarted) {
            self.0.freeze();
        }
    }
}

#[test]
fn a_connection_that_ended_is_not_blamed_on_the_file() {
    on(Backend::Postgres, |database| {
        let script = "CREATE TABLE a (i INTEGER);\nSELECT pg_terminate_backend(pg_backend_pid());";
        let output = database.binary(&database.migrations(&[("1_a.sql", script)])).arg("up").output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(5), "{stderr}");
        assert!(stderr.contains("help: the connection was lost: check whether the server"), "{stderr}");
        assert!(stderr.contains("nothing of 1 remains; run again") && !stderr.contains("fix the file"), "{stderr}");
    });
}
