//! What leaves the process of a database's message: no text that SQL may have produced, and no value.

use std::time::Duration;

use migrascope::database::{DatabaseError, ErrorKind};
use migrascope::event::{Command, Event, Observer};
use migrascope::observe::names;
use migrascope::observe::spans::{SpanPolicy, Spans, SqlText};
use opentelemetry::trace::Status;
use opentelemetry_sdk::trace::SpanData;
use serde_json::Value;

use super::receiver::{Manner, Receiver, attribute};
use super::spans::exported;
use super::story;
use crate::support::{Backend, TestDatabase, on_each};

/// A value in a row, which every message below contains.
const VALUE: &str = "471147114711";

fn status(error: &DatabaseError, sql: SqlText) -> Status {
    let spans = exported(|| {
        let mut spans = Spans::new(Command::Up, &story::context(), SpanPolicy { sql, ..SpanPolicy::default() });
        let set = story::set();
        let plan = story::planned(&set);
        let step = &plan.steps[0];
        spans.observe(&Event::MigrationStarted { step, index: 1, of: 2 });
        spans.observe(&Event::StatementStarted { step, index: 0 });
        let elapsed = Duration::ZERO;
        spans.observe(&Event::StatementFinished { step, index: 0, elapsed, result: Err(error) });
    });
    let is_statement = |span: &SpanData| super::spans::attribute(span, names::STATEMENT_INDEX).is_some();
    spans.into_iter().find(is_statement).expect("the statement").status
}

#[test]
fn of_a_message_nothing_is_told_but_what_kind_of_error_it_is() {
    let table = [
        (ErrorKind::Syntax, "42601", "syntax error"),
        (ErrorKind::Permission, "42501", "insufficient privilege"),
        (ErrorKind::Lost, "57P01", "the connection was lost"),
        (ErrorKind::Other, "99999", ""),
    ];
    for (kind, code, told) in table {
        let message = format!("{code} at {VALUE} or near \"{VALUE}\"");
        let error = DatabaseError { code: Some(code.to_owned()), ..DatabaseError::new(kind, message.clone()) };
        for sql in [SqlText::Off, SqlText::Summary, SqlText::Sanitized] {
            assert_eq!(status(&error, sql), Status::error(told), "{kind:?}");
        }
        assert_eq!(status(&error, SqlText::Full), Status::error(message), "whoever sees all of the statement");
    }
}

#[test]
fn names_from_fields_of_their_own_are_told() {
    let disclosable = Some("duplicate key (table public.users, constraint users_email)".to_owned());
    let error = DatabaseError { disclosable, ..DatabaseError::new(ErrorKind::Other, VALUE) };
    let told = "duplicate key (table public.users, constraint users_email)";
    assert_eq!(status(&error, SqlText::Summary), Status::error(told));
}

/// The failing statement, its error code, and what is reported about it.
fn failing(backend: Backend) -> Vec<(String, &'static str, &'static str)> {
    let raise = |how: &str| format!("DO $$ BEGIN RAISE EXCEPTION 'customer {VALUE}' USING {how}; END $$");
    let names = format!("TABLE = 't{VALUE}', SCHEMA = 's{VALUE}', COLUMN = 'c{VALUE}', CONSTRAINT = 'k{VALUE}'");
    match backend {
        Backend::Postgres => vec![
            (raise("ERRCODE = 'P0001'"), "P0001", "an exception raised by SQL"),
            (raise(&format!("ERRCODE = '23505', {names}")), "23505", "duplicate key"),
            (raise("ERRCODE = '42501'"), "42501", "insufficient privilege"),
            (raise("ERRCODE = '55000'"), "55000", "the object is not in the required state"),
            (raise("ERRCODE = 'Q4711'"), "Q4711", ""),
            (format!("DO $$ BEGIN ASSERT false, 'customer {VALUE}'; END $$"), "P0004", "a failed assertion"),
            (format!("SELECT '{VALUE}'::int"), "22003", "a number is out of range"),
            (format!("SELECT 'x{VALUE}'::int"), "22P02", "a text is invalid for its type"),
            (format!("SELECT \"{VALUE}\""), "42703", "the column does not exist"),
            (
                format!("INSERT INTO kept VALUES ({VALUE})"),
                "23505",
                "duplicate key (table public.kept, constraint kept_pkey)",
            ),
        ],
        Backend::Mysql => {
            let signal = |number: &str| {
                format!("SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = 'customer {VALUE}'")
            };
            vec![
                (signal("1644"), "1644", "an exception raised by SQL"),
                (signal("1062"), "1062", "duplicate key"),
                (signal("1142"), "1142", "insufficient privilege"),
                (signal("31001"), "31001", ""),
                (format!("INSERT INTO kept VALUES ({VALUE})"), "1062", "duplicate key"),
                (format!("INSERT INTO kept VALUES ('x{VALUE}')"), "1366", "a value is invalid for its type"),
                (format!("SELECT `{VALUE}`"), "1054", "the column does not exist"),
            ]
        }
        Backend::Sqlite => vec![
            (format!("INSERT INTO checked VALUES ({VALUE})"), "275", "check constraint violation"),
            (format!("INSERT INTO kept VALUES ({VALUE})"), "1555", "duplicate key"),
            (format!("SELECT [{VALUE}]"), "1", "SQL error"),
            (format!("ATTACH '/nowhere/{VALUE}/x.db' AS elsewhere"), "14", "the database file cannot be opened"),
            (format!("SELECT json('{VALUE}x')"), "1", "SQL error"),
            (format!("DELETE FROM kept WHERE n = {VALUE}"), "1811", "an exception raised by SQL"),
        ],
    }
}

fn prepare(database: &TestDatabase) {
    let kind = if database.backend == Backend::Sqlite { "INTEGER" } else { "BIGINT" };
    database.query(&format!("CREATE TABLE kept (n {kind} PRIMARY KEY)"));
    database.query(&format!("INSERT INTO kept VALUES ({VALUE})"));
    if database.backend == Backend::Sqlite {
        database.query(&format!("CREATE TABLE checked (n INTEGER CHECK (n <> {VALUE}))"));
        let raise = format!("SELECT RAISE(ABORT, 'customer {VALUE}')");
        database.query(&format!("CREATE TRIGGER stays BEFORE DELETE ON kept BEGIN {raise}; END"));
    }
}

#[test]
fn nothing_that_is_sent_holds_a_value_of_a_message_and_the_output_has_the_message() {
    on_each(|database| {
        prepare(database);
        for (index, (sql, code, told)) in failing(database.backend).into_iter().enumerate() {
            let receiver = Receiver::start(Manner::Polite);
            // A statement that failed and left nothing may be followed by another one under the same version.
            let directory = database.migrations(&[("1_fails.sql", &format!("-- {index}\n{sql};\n"))]);
            let metrics = database.directory("metrics").with_extension("prom");
            let mut command = database.binary(&directory);
            command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url).env("MIGRASCOPE_METRICS_FILE", &metrics);
            let output = command.args(["up", "--log-format", "json"]).output().expect("the program");
            assert_eq!(output.status.code(), Some(5), "{sql}: {output:?}");
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let (lines, own): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('{'));
            assert!(own.iter().any(|line| line.contains(VALUE)), "the program's own output keeps it: {text}");

            assert!(!lines.is_empty() && lines.iter().all(|line| !line.contains(VALUE)), "{lines:#?}");
            let figures = std::fs::read_to_string(&metrics).expect("metrics");
            assert!(!figures.contains(VALUE), "{figures}");
            let sent = receiver.bytes();
            assert!(!sent.windows(VALUE.len()).any(|bytes| bytes == VALUE.as_bytes()), "{sql}: sent by OTLP");

            let spans = receiver.spans();
            let failed = |key: &str, value: &str| {
                let failed = spans.iter().find(|span| {
                    attribute(&span.attributes, key).is_some()
                        && attribute(&span.attributes, "error.type").as_deref() == Some(value)
                });
                failed.and_then(|span| span.status.clone()).map(|status| status.message)
            };
            assert_eq!(failed("migrascope.statement.index", code).as_deref(), Some(told), "{sql}: {spans:#?}");
            let line = lines.iter().find(|line| line.contains("migrascope.migration.failed")).expect("a failure");
            let line: Value = serde_json::from_str(line).expect("JSON");
            let colon = if told.is_empty() { "" } else { ": " };
            assert_eq!(line["message"], format!("migration 1 (fails) has failed{colon}{told}"), "{sql}");
        }
    });
}
