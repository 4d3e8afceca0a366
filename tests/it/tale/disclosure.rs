//! What of a database's message reaches a span.

use std::time::Duration;

use migrascope::database::{DatabaseError, ErrorKind};
use migrascope::event::{Event, Observer};
use migrascope::observe::spans::{Policy, Spans};
use opentelemetry::trace::{Status, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use tracing_subscriber::layer::SubscriberExt;

use super::story;

fn description(kind: ErrorKind, code: &str, message: &str) -> String {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let error = DatabaseError { code: Some(code.to_owned()), ..DatabaseError::new(kind, message) };
    crate::support::listen();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let mut spans = Spans::new(&story::context(), Policy::default());
        let set = story::set();
        let plan = story::planned(&set);
        let step = &plan.steps[0];
        spans.observe(&Event::MigrationStarted { step, index: 1, of: 2 });
        spans.observe(&Event::StatementStarted { step, index: 0 });
        let elapsed = Duration::ZERO;
        spans.observe(&Event::StatementFinished { step, index: 0, elapsed, result: Err(&error) });
    });
    let spans = exporter.get_finished_spans().expect("an exporter that is alive");
    match &spans.iter().find(|span| span.name == "CREATE TABLE users").expect("the statement").status {
        Status::Error { description } => description.to_string(),
        status => panic!("{status:?}"),
    }
}

#[test]
fn a_quotation_is_left_out() {
    let table = [
        ("42601", "syntax error at or near \"refernces\"", "syntax error at or near \"…\""),
        ("1062", "Duplicate entry 'ann@example.org' for key 'email'", "Duplicate entry '…'"),
        ("1064", "near ''abc', 'def')' at line 3", "near '…' at line 3"),
        ("22P02", "invalid input syntax for type integer: \"4711x\"", "invalid input syntax for type integer: \"…\""),
        ("42601", "erreur de syntaxe sur ou près de « refernces »", "erreur de syntaxe sur ou près de «…»"),
        ("1", "near \"TABEL\": syntax error", "near \"…\": syntax error"),
        ("22003", "integer out of range", "integer out of range"),
    ];
    for (code, message, told) in table {
        assert_eq!(description(ErrorKind::Syntax, code, message), told);
        assert_eq!(description(ErrorKind::Other, code, message), told);
    }
}

#[test]
fn a_name_is_told_where_nothing_else_is_quoted() {
    let message = "permission denied for table \"users\"";
    assert_eq!(description(ErrorKind::Permission, "42501", message), message);
}

#[test]
fn words_of_the_migration_itself_are_not_told() {
    for code in ["P0001", "1644", "1811"] {
        assert_eq!(description(ErrorKind::Other, code, "customer 4711 has no orders"), "");
    }
}
