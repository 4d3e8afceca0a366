//! The effect of the program's options on its traces.

use std::process::Output;

use opentelemetry_proto::tonic::trace::v1::Span;

use super::exporting::Project;
use super::receiver::{Manner, Receiver, attribute};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A run with these options, with a receiver for its traces.
fn run(project: &Project, variables: &[(&str, &str)], options: &[&str]) -> (Output, Receiver) {
    let receiver = Receiver::start(Manner::Polite);
    let endpoint = [("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str())];
    let output = project.up(&[&endpoint, variables].concat(), options);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    (output, receiver)
}

fn statements(receiver: &Receiver) -> Vec<Span> {
    let with_hash = |span: &Span| attribute(&span.attributes, "migrascope.statement.sha256").is_some();
    receiver.spans().into_iter().filter(with_hash).collect()
}

/// Name, summary and text of each statement of the sample, in order.
fn told(how: &str) -> Vec<(String, Option<String>, Option<String>)> {
    let (_, receiver) = run(&Project::new(), &[], &["--trace-sql", how]);
    let mut statements = statements(&receiver);
    statements.sort_by_key(|span| span.start_time_unix_nano);
    let told = |span: &Span| {
        let value = |key| attribute(&span.attributes, key);
        (span.name.clone(), value("db.query.summary"), value("db.query.text"))
    };
    statements.iter().map(told).collect()
}

#[test]
fn sql_is_told_as_far_as_is_wanted() {
    let some = |text: &str| Some(text.to_owned());
    let summaries = ["CREATE TABLE users", "CREATE TABLE orders", "INSERT INTO orders"];
    assert_eq!(told("off"), vec![("sqlite".to_owned(), None, None); 3]);
    assert_eq!(told("summary"), summaries.map(|summary| (summary.to_owned(), some(summary), None)));
    let sanitized = [
        "CREATE TABLE users (id int, secret text DEFAULT ?)",
        "CREATE TABLE orders (id int)",
        "INSERT INTO orders VALUES (?)",
    ];
    let full = [
        "CREATE TABLE users (id int, secret text DEFAULT 'hunter2')",
        "CREATE TABLE orders (id int)",
        "INSERT INTO orders VALUES (4711)",
    ];
    for (how, texts) in [("sanitized", sanitized), ("full", full)] {
        let expected: Vec<_> =
            summaries.iter().zip(texts).map(|(name, text)| ((*name).to_owned(), some(name), some(text))).collect();
        assert_eq!(told(how), expected, "{how}");
    }
}

#[test]
fn a_long_text_is_cut_between_characters() {
    let project = Project::new();
    project.write("3_long.sql", &format!("INSERT INTO orders SELECT 1 FROM orders AS \"{}\";\n", "é".repeat(3000)));
    let (_, receiver) = run(&project, &[], &["--trace-sql", "full"]);
    let lengths = statements(&receiver).into_iter().filter_map(|span| {
        let text = attribute(&span.attributes, "db.query.text")?;
        text.ends_with('…').then_some(text.len())
    });
    assert!(matches!(lengths.collect::<Vec<_>>().as_slice(), [4095 | 4096]));
}

#[test]
fn without_sql_and_without_literals_a_failure_tells_neither() {
    for how in ["off", "summary", "sanitized"] {
        let (project, receiver) = (Project::new(), Receiver::start(Manner::Polite));
        project.write(
            "3_broken.sql",
            "INSERT INTO users VALUES (1, 'hunter2'), ('hunter2', 815181518151, 471147114711);\n",
        );
        let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str())];
        let output = project.up(&environment, &["--trace-sql", how]);
        assert_eq!(output.status.code(), Some(5), "{output:?}");
        let bytes = receiver.bytes();
        for secret in ["hunter2", "471147114711", "815181518151"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{how}: {secret}");
        }
    }
}

#[test]
fn the_limit_of_detail_can_be_set() {
    let project = Project::new();
    for number in 3..=20 {
        project.write(&format!("{number}_m.sql"), &format!("CREATE TABLE t{number} (id int);\n"));
    }
    let (_, receiver) = run(&project, &[("MIGRASCOPE_TRACE_DETAIL_LIMIT", "19")], &[]);
    let spans = receiver.spans();
    let count = |name: &str| spans.iter().filter(|span| span.name == name).count();
    assert_eq!((count("migrate"), count("record ledger")), (20, 10));
    let told = spans.iter().flat_map(|span| &span.events).filter(|event| event.name == "migrascope.ledger.recorded");
    assert_eq!(told.count(), 10);
}

#[test]
fn a_caller_that_does_not_record_can_be_obeyed() {
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-00");
    let variables = [("TRACEPARENT", parent.as_str())];
    let (output, receiver) = run(&Project::new(), &variables, &["--trace-sampling", "parent", "--format", "json"]);
    assert!(receiver.spans().is_empty(), "no trace is sent");
    assert!(String::from_utf8_lossy(&output.stdout).contains(TRACE), "the run tells the caller's trace: {output:?}");
    let (output, receiver) = run(&Project::new(), &variables, &["--format", "json"]);
    let root = receiver.spans().into_iter().find(|span| span.name == "migrascope up").expect("a root");
    assert!(!String::from_utf8_lossy(&output.stdout).contains(TRACE));
    assert_eq!(root.links[0].trace_id, u128::from_str_radix(TRACE, 16).expect("hexadecimal").to_be_bytes());
    let (_, receiver) = run(&Project::new(), &[], &["--trace-sampling", "parent"]);
    assert!(!receiver.spans().is_empty(), "without a caller the run is recorded");
}

#[test]
fn the_scope_has_version_and_schema() {
    let (_, receiver) = run(&Project::new(), &[], &[]);
    let request = receiver.request();
    let spans = &request.resource_spans[0].scope_spans[0];
    let scope = spans.scope.as_ref().expect("a scope");
    assert_eq!((scope.name.as_str(), scope.version.as_str()), ("migrascope", env!("CARGO_PKG_VERSION")));
    assert_eq!(spans.schema_url, migrascope::observe::names::SCHEMA_URL);
}

#[test]
fn baggage_is_never_sent() {
    let (_, receiver) = run(&Project::new(), &[("BAGGAGE", "customer=hunter2")], &[]);
    let secret = b"hunter2";
    assert!(!receiver.bytes().windows(secret.len()).any(|window| window == secret));
}
