//! What a failure reports, and what it leaves behind.

use std::time::Duration;

use migrascope::database::ErrorKind;
use migrascope::event::{Event, Observer};
use migrascope::plan::Objection;
use migrascope::report::{Failure, Outcome, PartialEffect, Stage};
use migrascope::run::Stop;
use migrascope::{Error, Options, RunError};

use crate::support::{Backend, block_on, connector, on, on_each};

/// 20 lines, two good statements, and a mistake in line 12, column 5.
const MISTAKE: &str = "\
-- Orders refer to customers.
CREATE TABLE customers (
    id INTEGER NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL -- it's; fine
);

INSERT INTO customers (id, name) VALUES (1, 'größer; 漢字');

CREATE TABLE orders (
    id INTEGER NOT NULL PRIMARY KEY,
    customer INTEGER NOT NULL,
    ) refernces customers (id),
    placed DATE NOT NULL
);

INSERT INTO orders (id, customer, placed)
VALUES
    (1, 1, '2026-01-01');

-- The end.
";

fn failure(error: &RunError) -> &Failure {
    match &error.cause {
        Error::Migration { failure, .. } => failure,
        Error::Interrupted { failure: Some(failure) } => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_syntax_error_is_placed_to_the_column() {
    on_each(|database| {
        assert_eq!(MISTAKE.lines().count(), 20);
        let directory = database.migrations(&[("1_orders.sql", MISTAKE)]);
        let error = database.up(&directory).unwrap_err();
        let failure = failure(&error);
        assert_eq!((failure.line, failure.column, failure.exact), (12, 5, true), "{failure:?}");
        assert_eq!((failure.statement, failure.stage), (Some(3), Stage::Statement));
        assert_eq!(failure.path, directory.join("1_orders.sql"));
        assert_eq!(error.report.steps[0].statements.len(), 2);
    });
}

#[test]
fn a_failed_migration_leaves_nothing_behind_where_ddl_can_be_rolled_back() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        on(backend, |database| {
            let directory =
                database.migrations(&[("1_ok.sql", "CREATE TABLE ok (i INTEGER)"), ("2_orders.sql", MISTAKE)]);
            let error = database.up(&directory).unwrap_err();
            assert_eq!(failure(&error).remains, PartialEffect::Nothing);
            assert_eq!((error.report.applied, error.report.pending), (1, 1));
            assert_eq!(database.applied(), ["1"]);
            let tables = match database.backend {
                Backend::Sqlite => "SELECT count(*) FROM sqlite_master WHERE name = 'customers'",
                _ => "SELECT count(*) FROM pg_tables WHERE tablename = 'customers'",
            };
            assert_eq!(database.value(tables), "0");
            let journal = "SELECT outcome || ' ' || error_code FROM _migrascope_journal WHERE version = '2'";
            let code = if backend == Backend::Sqlite { "failure 1" } else { "failure 42601" };
            assert_eq!(database.value(journal), code, "the failure is journaled though it was rolled back");
            assert_eq!(
                database.value("SELECT outcome FROM _migrascope_journal WHERE kind = 'run'"),
                "failure",
                "and so is the run"
            );

            std::fs::write(directory.join("2_orders.sql"), "CREATE TABLE customers (id INTEGER)").unwrap();
            assert_eq!(database.up(&directory).unwrap().steps.len(), 1, "the next run simply tries again");
        });
    }
}

#[test]
fn a_half_way_failure_is_named_and_refused_until_somebody_settles_it() {
    on(Backend::Mysql, |database| {
        let directory = database.migrations(&[("1_ok.sql", "CREATE TABLE ok (i INTEGER)"), ("2_orders.sql", MISTAKE)]);
        let error = database.up(&directory).unwrap_err();
        assert_eq!(failure(&error).remains, PartialEffect::HalfWay { done: 2, next_unknown: false });
        assert_eq!(error.to_string(), "migration 2 (orders) failed half-way");

        let again = database.up(&directory).unwrap_err();
        let Error::Refused(objections) = &again.cause else { panic!("{again:?}") };
        let [Objection::Unsettled(attempt)] = objections.as_slice() else { panic!("{objections:?}") };
        assert_eq!((attempt.done, attempt.total), (2, 4));
        assert_eq!(
            again.to_string(),
            "migration 2 (orders) failed half-way up at statement 3 of 4: the first 2 have taken effect"
        );

        database.query("DROP TABLE customers");
        database.query(&format!("UPDATE _migrascope_journal SET half_way = FALSE WHERE id = '{}'", attempt.id));
        std::fs::write(directory.join("2_orders.sql"), "CREATE TABLE customers (id INTEGER)").unwrap();
        assert_eq!(database.up(&directory).unwrap().steps.len(), 1);
    });
}

#[test]
fn a_first_statement_that_fails_leaves_nothing_to_settle() {
    on_each(|database| {
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE (;\nCREATE TABLE b (i INTEGER)")]);
        let error = database.up(&directory).unwrap_err();
        assert_eq!(failure(&error).remains, PartialEffect::Nothing);
        std::fs::write(directory.join("1_a.sql"), "CREATE TABLE a (i INTEGER)").unwrap();
        database.up(&directory).unwrap();
    });
}

#[test]
fn an_error_in_the_last_statement_is_not_mistaken_for_one_of_the_record() {
    on_each(|database| {
        let directory = database
            .migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER PRIMARY KEY);\nINSERT INTO a VALUES (1), (1)")]);
        let error = database.up(&directory).unwrap_err();
        let failure = failure(&error);
        assert_eq!((failure.statement, failure.line, failure.column), (Some(2), 2, 1));
        assert_eq!(failure.stage, Stage::Statement);
        assert!(failure.code.is_some());
    });
}

#[test]
fn a_script_whose_last_line_is_a_comment_does_not_swallow_the_record() {
    on_each(|database| {
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER) -- no newline")]);
        database.up(&directory).unwrap();
        assert_eq!(database.applied(), ["1"]);
    });
}

struct StopAtFirstStatement(Stop);

impl Observer for StopAtFirstStatement {
    fn observe(&mut self, event: &Event<'_>) {
        if matches!(event, Event::StatementStarted { index: 1, .. }) {
            let stop = self.0.clone();
            std::thread::spawn(move || {
                std::thread::park_timeout(Duration::from_millis(200));
                stop.request();
            });
        }
    }
}

#[test]
fn a_request_to_stop_cancels_the_statement_on_the_server() {
    on_each(|database| {
        let script = format!("CREATE TABLE a (i INTEGER);\n{};\nCREATE TABLE b (i INTEGER)", database.slow());
        let directory = database.migrations(&[("1_a.sql", &script)]);
        let stop = Stop::default();
        let mut observer = StopAtFirstStatement(stop.clone());
        let migrator = database.migrator(&directory, Options::default());
        let error = block_on(migrator.up().observe(&mut observer).stop(&stop)).unwrap_err();
        assert_eq!(error.report.outcome, Outcome::Cancellation);
        assert!(matches!(error.cause, Error::Interrupted { failure: Some(_) }), "{error:?}");
        assert!(error.report.elapsed < Duration::from_secs(60), "it did not wait for the statement");
        let remains = failure(&error).remains;
        match remains {
            PartialEffect::Nothing => assert!(database.transactional_ddl()),
            // MySQL lets a cancelled SLEEP succeed, MariaDB does not.
            PartialEffect::HalfWay { done: 1 | 2, next_unknown: false } => assert!(!database.transactional_ddl()),
            other => panic!("{other:?}"),
        }
        let outcome = database.value("SELECT outcome FROM _migrascope_journal WHERE kind = 'migration'");
        assert_eq!(outcome, "interrupted");
    });
}

#[test]
fn a_connection_that_cannot_be_made_says_where_and_shows_no_password() {
    for (backend, port) in [(Backend::Postgres, "postgres"), (Backend::Mysql, "mysql")] {
        on(backend, |database| {
            let wrong = |from: &str, to: &str| {
                let url = database.url.replace(from, to);
                block_on(async {
                    connector(&url).session(migrascope::database::Access::Write, None).await.err().unwrap()
                })
            };
            let error = wrong("throwaway-s3cret", "wr0ng-s3cret");
            assert_eq!(error.kind, ErrorKind::Authentication, "{error:?}");
            assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
            let name = database.url.rsplit_once('/').unwrap().1;
            assert_eq!(wrong(name, "no_such_database").kind, ErrorKind::NoDatabase);
            let url = format!("{port}://u:s3cret@127.0.0.1:1/db");
            let error = block_on(async {
                connector(&url).session(migrascope::database::Access::Write, None).await.err().unwrap()
            });
            assert_eq!(error.kind, ErrorKind::Connect, "{error:?}");
            assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
        });
    }
}

#[test]
fn no_literal_of_a_statement_that_carries_a_secret_is_kept() {
    on_each(|database| {
        // The server quotes each of them in its message.
        let failing = match database.backend {
            Backend::Postgres => "ALTER ROLE CURRENT_USER PASSWORD 'hunter2sesame' VALID UNTIL 'hunter2sesame';",
            Backend::Mysql => "CREATE USER nobody_at_all IDENTIFIED BY 'hunter2sesame' FOO 'hunter2sesame';",
            Backend::Sqlite => "INSERT INTO t (password) VALUES ('hunter2sesame');",
        };
        for (file, beginning) in [("1_a.sql", ""), ("2_b.sql", "-- migrascope: no-transaction\n")] {
            let text = format!(
                "{beginning}CREATE TABLE t{} (password TEXT CHECK (password <> 'hunter2sesame'));\n{failing}\n",
                &file[..1]
            );
            let text = text.replace("INTO t ", &format!("INTO t{} ", &file[..1]));
            let directory = database.migrations(&[(file, &text)]);
            let error = database.up(&directory).unwrap_err();
            assert!(failure(&error).message.contains("hunter2"), "the report says what the server said: {error:?}");
            let kept = "SELECT count(*) FROM _migrascope_journal WHERE error_text LIKE '%hunter2%' OR error_text LIKE '%sesame%'";
            assert_eq!(database.value(kept), "0", "{file}");
            let marked =
                "SELECT count(*) FROM _migrascope_journal WHERE error_text LIKE '%…%' AND error_code IS NOT NULL";
            assert_ne!(database.value(marked), "0", "{file}");
            database.query("DELETE FROM _migrascope_journal");
            if database.backend == Backend::Mysql {
                database.query(&format!("DROP TABLE t{}", &file[..1]));
            }
        }
    });
}
