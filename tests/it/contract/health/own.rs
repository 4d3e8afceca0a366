//! Custom health checks.

use std::time::{Duration, Instant};

use migrascope::layout;
use migrascope::report::CheckStatus;

use super::{TABLE, checks, ended, health, only_failure, up};
use crate::support::{Backend, on, on_each};

const ROWS: (&str, &str) = (
    "1_a.sql",
    "CREATE TABLE a (i INTEGER, t VARCHAR(9));\nINSERT INTO a VALUES (1, 'x'), (2, NULL), (3, 'z'), (4, 'z');",
);

#[test]
fn a_check_is_healthy_where_no_statement_returns_a_row() {
    on_each(|database| {
        let own =
            [("two_questions.sql", "SELECT * FROM a WHERE i > 4;\nSELECT * FROM a WHERE i < 1;"), ("empty.sql", "")];
        let report = up(database, &[ROWS], &own).unwrap();
        let names: Vec<&str> = checks(&report).iter().rev().take(2).map(|check| check.name.as_str()).collect();
        assert_eq!(names, ["two_questions", "empty"], "in the order of their names");
        assert_eq!(ended(&report, "two_questions", CheckStatus::Ok).value, Some(0.0));
    });
}

#[test]
fn the_first_rows_are_the_message() {
    on_each(|database| {
        let own = [("none.sql", "SELECT 1 WHERE 1 = 0"), ("no_rows.sql", "SELECT i, t FROM a ORDER BY i")];
        let failed = only_failure(up(database, &[ROWS], &own));
        assert_eq!(failed.name, "no_rows");
        assert_eq!(failed.message, "4 found: 1, x; 2, NULL; 3, z; and 1 more");
        assert_eq!((failed.value, failed.threshold), (Some(4.0), Some(1.0)));
        assert!(failed.help.unwrap().ends_with("no_rows.sql returns a row for each fault"));
    });
}

#[test]
fn what_only_the_database_can_know_fails_with_its_words_and_its_place() {
    on_each(|database| {
        let failed =
            only_failure(up(database, &[TABLE], &[("lost.sql", "SELECT 1 WHERE 1 = 0;\n\n  SELECT * FROM nowhere")]));
        let words = match database.backend {
            Backend::Sqlite => "no such table: nowhere (1)",
            Backend::Postgres => "relation \"nowhere\" does not exist (42P01)",
            Backend::Mysql => ".nowhere' doesn't exist (1146)",
        };
        assert!(failed.message.contains("lost.sql:3:17: ") && failed.message.contains(words), "{}", failed.message);
        assert_eq!((failed.value, failed.help), (None, None), "the message has all there is");

        let failed = only_failure(health(database, &[("wrong.sql", "SELEC 1")]));
        assert!(failed.message.contains("wrong.sql:1:1: ") && failed.message.contains("SELEC"), "{}", failed.message);
    });
}

#[test]
fn one_that_fails_does_not_keep_the_next_from_being_asked() {
    on_each(|database| {
        let own = [("a.sql", "SELECT * FROM nowhere"), ("b.sql", "SELECT * FROM a")];
        let error = up(database, &[TABLE], &own).unwrap_err();
        ended(&error.report, "a", CheckStatus::Fail);
        ended(&error.report, "b", CheckStatus::Ok);
    });
}

#[test]
fn a_check_writes_nothing_whatever_it_tries() {
    on_each(|database| {
        up(database, &[ROWS], &[]).unwrap();
        let mut attempts = vec!["INSERT INTO a VALUES (9, 'w')", "UPDATE a SET i = 9", "DELETE FROM a", "DROP TABLE a"];
        attempts.extend(match database.backend {
            // The pragma takes effect, and what is written after it is rolled back.
            Backend::Sqlite => ["PRAGMA query_only = OFF; INSERT INTO a VALUES (9, 'w'); SELECT 1", "DROP TABLE a"],
            Backend::Postgres => [
                "SET TRANSACTION READ WRITE; INSERT INTO a VALUES (9, 'w')",
                "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; INSERT INTO a VALUES (9, 'w')",
            ],
            Backend::Mysql => ["SET autocommit = 0; SET autocommit = 1; INSERT INTO a VALUES (9, 'w')", "TRUNCATE a"],
        });
        for sql in attempts {
            let failed = only_failure(health(database, &[("writes.sql", sql)]));
            assert_eq!(failed.name, "writes", "{sql}");
            assert_eq!(database.value("SELECT sum(i) FROM a"), "10", "{sql}: {}", failed.message);
        }
    });
}

#[test]
fn a_check_that_ends_its_transaction_is_refused_with_its_place() {
    on_each(|database| {
        let dialect = database.connector().dialect();
        for sql in ["SELECT 1;\n  COMMIT;\nDELETE FROM a", "SELECT 1;\n  ROLLBACK", "SELECT 1;\n  BEGIN;"] {
            let directory = database.migrations(&[("ends.sql", sql), ("fine.sql", "SELECT 1")]);
            let layout::LayoutError::Files(problems) =
                layout::Reader::directory(&directory, dialect).checks().unwrap_err()
            else {
                panic!()
            };
            let place = problems[0].place.unwrap();
            assert_eq!((problems.len(), place.line, place.column), (1, 2, 3), "{sql}");
            assert!(problems[0].to_string().contains("must not begin or end one itself"));
        }
    });
}

#[test]
fn a_check_that_takes_too_long_is_stopped() {
    on_each(|database| {
        up(database, &[ROWS], &[]).unwrap();
        let sql = format!("-- migrascope: statement-timeout=200ms\n{}", database.slow());
        let started = Instant::now();
        let failed = only_failure(health(database, &[("slow.sql", &sql)]));
        // MySQL's SLEEP returns a row when it is interrupted.
        assert!(failed.message.contains("took too long") || failed.message.contains("found"), "{}", failed.message);
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    });
}

#[test]
fn a_file_for_one_database_is_the_check_there() {
    on(Backend::Sqlite, |database| {
        let own =
            [("v.sql", "SELECT * FROM nowhere"), ("v.sqlite.sql", "SELECT 1 WHERE 0"), ("w.mysql.sql", "SELECT 1")];
        let report = up(database, &[TABLE], &own).unwrap();
        ended(&report, "v", CheckStatus::Ok);
        assert!(checks(&report).iter().all(|check| check.name != "w"));
    });
}
