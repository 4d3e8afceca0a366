//! Events → spans, as OpenTelemetry's SDK in this process sees them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use migrascope::event::{Command, Event, Observer, RemoteParent, RunContext, TraceIdentity};
use migrascope::observe::names;
use migrascope::observe::spans::{Sampling, SpanPolicy, Spans, SqlText};
use opentelemetry::trace::{Link, SpanKind, Status, TraceId, TraceState, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{
    InMemorySpanExporter, SamplingDecision, SamplingResult, SdkTracerProvider, ShouldSample, SpanData,
    TracerProviderBuilder,
};
use tracing_subscriber::layer::SubscriberExt;

use super::story::{self, Course};

/// The summary of `CREATE TABLE users (id int)`.
const SHA256: &str = "4e6a4e13b8296e5b6e328ff63fd300a7a94cf52667e8e33ff9729c49154d2f99";

/// Every span of an emitted run, the root last.
fn spans_of(course: Course, context: &RunContext, exit_code: i32) -> Vec<SpanData> {
    spans_of_told(context, exit_code, |spans| story::tell(course, spans, context))
}

fn spans_of_told(context: &RunContext, exit_code: i32, tell: impl FnOnce(&mut Spans)) -> Vec<SpanData> {
    exported(|| {
        let mut spans = Spans::new(Command::Up, context, SpanPolicy::default());
        tell(&mut spans);
        spans.close(exit_code);
    })
}

/// Every span that ends while `tell` runs.
pub(super) fn exported(tell: impl FnOnce()) -> Vec<SpanData> {
    exported_by(SdkTracerProvider::builder(), tell)
}

fn exported_by(builder: TracerProviderBuilder, tell: impl FnOnce()) -> Vec<SpanData> {
    let exporter = InMemorySpanExporter::default();
    let provider = builder.with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("test"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false);
    crate::support::listen();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), tell);
    exporter.get_finished_spans().expect("an exporter that is alive")
}

fn find<'s>(spans: &'s [SpanData], name: &str) -> &'s SpanData {
    let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no span {name} among {names:?}"))
}

pub(super) fn attribute(span: &SpanData, key: &str) -> Option<String> {
    let mut values = span.attributes.iter().filter(|attribute| attribute.key.as_str() == key);
    let value = values.next().map(|attribute| attribute.value.to_string());
    assert!(values.next().is_none(), "{key} is there twice on {}", span.name);
    value
}

/// `parent > child kind`, in the order in which the spans started.
fn tree(spans: &[SpanData]) -> Vec<String> {
    let mut sorted: Vec<&SpanData> = spans.iter().collect();
    sorted.sort_by_key(|span| span.start_time);
    let name = |id| spans.iter().find(|span| span.span_context.span_id() == id).map_or("", |span| &span.name);
    sorted.iter().map(|span| format!("{} > {} {:?}", name(span.parent_span_id), span.name, span.span_kind)).collect()
}

fn remote(sampled: bool) -> RunContext {
    let parent = RemoteParent { trace_id: [7; 16], span_id: [9; 8], sampled, state: "vendor=1".to_owned() };
    let trace = TraceIdentity { trace_id: if sampled { [7; 16] } else { [8; 16] }, parent: Some(parent) };
    RunContext { trace: Some(trace), ..story::context() }
}

#[test]
fn a_run_is_a_tree() {
    let spans = spans_of(Course::Fine, &story::context(), 0);
    assert_eq!(
        tree(&spans),
        [
            " > migrascope up Internal",
            "migrascope up > connect Client",
            "migrascope up > acquire lock Internal",
            "migrascope up > plan Internal",
            "migrascope up > migrate Internal",
            "migrate > CREATE TABLE users Client",
            "migrate > CREATE INDEX users_email Client",
            "migrate > record ledger Client",
            "migrascope up > migrate Internal",
            "migrate > CREATE TABLE orders Client",
            "migrate > record ledger Client",
            "migrascope up > health check Internal",
            "health check > check Internal",
            "health check > check Internal",
            "migrascope up > release lock Internal",
        ]
    );
    assert!(spans.iter().all(|span| span.status == Status::Unset), "success leaves the status unset");
}

#[test]
fn spans_carry_the_attributes_of_the_conventions() {
    let spans = spans_of(Course::Fine, &story::context(), 0);
    let table = [
        ("migrascope up", names::RUN_ID, story::RUN_ID),
        ("migrascope up", names::COMMAND, "up"),
        ("migrascope up", names::TARGET, "shop"),
        ("migrascope up", names::PROCESS_EXIT_CODE, "0"),
        ("migrascope up", names::MIGRATIONS_PLANNED, "2"),
        ("migrascope up", names::MIGRATIONS_APPLIED, "2"),
        ("connect", names::DB_SYSTEM_NAME, "mariadb"),
        ("connect", names::DB_NAMESPACE, "shop"),
        ("connect", names::SERVER_ADDRESS, "db.internal"),
        ("connect", names::SERVER_PORT, "3307"),
        ("connect", names::CONNECT_ATTEMPTS, "1"),
        ("acquire lock", names::LOCK_KIND, "advisory"),
        ("acquire lock", names::LOCK_KEY, "`_migrascope_migrations`"),
        ("acquire lock", names::LOCK_WAIT, "1.5"),
        ("acquire lock", names::LOCK_HOLDER, "process 12, user deploy"),
        ("plan", names::MIGRATIONS_PENDING, "2"),
        ("plan", names::CHECKSUM_MISMATCHES, "0"),
        ("migrate", names::MIGRATION_VERSION, "1"),
        ("migrate", names::MIGRATION_NAME, "create_users"),
        ("migrate", names::MIGRATION_DIRECTION, "up"),
        ("migrate", names::MIGRATION_TRANSACTIONAL, "true"),
        ("migrate", names::MIGRATION_ATTEMPTS, "1"),
        ("CREATE TABLE users", names::DB_QUERY_SUMMARY, "CREATE TABLE users"),
        ("CREATE TABLE users", names::DB_SYSTEM_NAME, "mariadb"),
        ("CREATE TABLE users", names::STATEMENT_INDEX, "1"),
        ("CREATE TABLE users", names::STATEMENT_ROWS, "3"),
        ("record ledger", names::DB_SYSTEM_NAME, "mariadb"),
        ("CREATE TABLE users", names::STATEMENT_SHA256, SHA256),
        ("record ledger", names::DB_OPERATION_NAME, "INSERT"),
        ("record ledger", names::DB_COLLECTION_NAME, "_migrascope_migrations"),
        ("record ledger", names::RECORD_DURATION, "0.002"),
        ("release lock", names::LOCK_HELD, "1"),
    ];
    for (span, key, value) in table {
        let found = attribute(find(&spans, span), key);
        assert_eq!(found.as_deref(), Some(value), "{key} of {span}");
    }
    assert_eq!(attribute(find(&spans, "plan"), names::SCHEMA_VERSION_FROM), None, "nothing was applied before");
}

/// Records the events of a running statement.
struct Clock<'s>(&'s mut Spans, Vec<SystemTime>);

impl Observer for Clock<'_> {
    fn observe(&mut self, event: &Event<'_>) {
        self.0.observe(event);
        if matches!(event, Event::StatementRunning { .. }) {
            self.1.push(SystemTime::now());
        }
    }
}

#[test]
fn a_statement_lasts_as_long_as_the_server_says() {
    let mut running = Vec::new();
    let spans = spans_of_told(&story::context(), 0, |spans| {
        let mut clock = Clock(spans, Vec::new());
        story::tell(Course::Fine, &mut clock, &story::context());
        running = clock.1;
    });
    let statements: Vec<_> = spans.iter().filter(|span| span.name.starts_with("CREATE")).collect();
    assert_eq!(statements.len(), running.len());
    for (span, seen) in statements.into_iter().zip(running) {
        assert!(span.end_time <= seen, "{} ended by the server's clock before it was seen running", span.name);
    }
}

#[test]
fn a_recorded_caller_is_the_parent() {
    let spans = spans_of(Course::Fine, &remote(true), 0);
    let root = find(&spans, "migrascope up");
    assert_eq!(root.parent_span_id.to_bytes(), [9; 8]);
    assert!(root.parent_span_is_remote);
    assert_eq!(root.span_context.trace_state().header(), "vendor=1");
    assert!(spans.iter().all(|span| span.span_context.trace_id().to_bytes() == [7; 16]));
}

#[test]
fn an_unrecorded_caller_is_linked_to() {
    let spans = spans_of(Course::Fine, &remote(false), 0);
    let root = find(&spans, "migrascope up");
    assert!(!root.parent_span_is_remote);
    assert_ne!(root.span_context.trace_id().to_bytes(), [7; 16]);
    let linked: Vec<_> = root.links.iter().map(|link| link.span_context.trace_id().to_bytes()).collect();
    assert_eq!(linked, [[7; 16]]);
}

#[test]
fn an_unrecorded_caller_is_obeyed_where_that_is_the_policy() {
    let policy = SpanPolicy { sampling: Sampling::Parent, ..SpanPolicy::default() };
    let spans = |sampled: bool| exported(|| Spans::new(Command::Up, &remote(sampled), policy).close(0)).len();
    assert_eq!((spans(false), spans(true)), (0, 1));
}

/// Records the arguments of a sampler.
#[derive(Debug, Clone, Default)]
struct Curious(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

impl ShouldSample for Curious {
    fn should_sample(
        &self,
        _: Option<&Context>,
        _: TraceId,
        name: &str,
        _: &SpanKind,
        attributes: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let keys = attributes.iter().map(|attribute| attribute.key.to_string()).collect();
        self.0.lock().expect("no panic").insert(name.to_owned(), keys);
        let decision = SamplingDecision::RecordAndSample;
        SamplingResult { decision, attributes: Vec::new(), trace_state: TraceState::default() }
    }
}

#[test]
fn a_sampler_sees_the_database() {
    let curious = Curious::default();
    let builder = SdkTracerProvider::builder().with_sampler(curious.clone());
    exported_by(builder, || {
        let mut spans =
            Spans::new(Command::Up, &story::context(), SpanPolicy { sql: SqlText::Full, ..SpanPolicy::default() });
        story::tell(Course::Fine, &mut spans, &story::context());
        spans.close(0);
    });
    let seen = curious.0.lock().expect("no panic");
    let place = [names::DB_SYSTEM_NAME, names::DB_NAMESPACE, names::SERVER_ADDRESS, names::SERVER_PORT];
    for span in ["connect", "CREATE TABLE users", "record ledger"] {
        assert!(place.iter().all(|key| seen[span].iter().any(|seen| seen == key)), "{span}: {:?}", seen[span]);
    }
    for key in [names::DB_QUERY_SUMMARY, names::DB_QUERY_TEXT] {
        assert!(seen["CREATE TABLE users"].iter().any(|seen| seen == key), "{key}");
    }
}

#[test]
fn a_failure_is_an_error_on_its_statement_its_migration_and_the_root() {
    let spans = spans_of(Course::Failing, &story::context(), 5);
    let statement = find(&spans, "CREATE INDEX users_email");
    assert_eq!(attribute(statement, names::DB_RESPONSE_STATUS_CODE).as_deref(), Some("1064"));
    assert_eq!(statement.status, Status::error("syntax error"));
    assert_eq!(find(&spans, "migrate").status, Status::error("failed at statement 2 of 2"));
    assert_eq!(
        find(&spans, "migrascope up").status,
        Status::error("migration 1 (create_users) failed and was rolled back")
    );
    for name in ["CREATE INDEX users_email", "migrate", "migrascope up"] {
        assert_eq!(attribute(find(&spans, name), names::ERROR_TYPE).as_deref(), Some("1064"), "{name}");
    }
    assert_eq!(find(&spans, "CREATE TABLE users").status, Status::Unset);
    assert_eq!(attribute(find(&spans, "migrascope up"), names::PROCESS_EXIT_CODE).as_deref(), Some("5"));
    assert!(!format!("{spans:?}").contains("hunter2"), "no SQL and no value leaves the process");
}

#[test]
fn an_attempt_after_the_first_is_a_span_of_its_own() {
    let spans = spans_of(Course::Retried, &story::context(), 0);
    assert_eq!(
        tree(&spans)[4..11],
        [
            "migrascope up > migrate Internal",
            "migrate > CREATE TABLE users Client",
            "migrate > CREATE INDEX users_email Client",
            "migrate > attempt Internal",
            "attempt > CREATE TABLE users Client",
            "attempt > CREATE INDEX users_email Client",
            "attempt > record ledger Client",
        ]
    );
    let failed: Vec<_> = spans.iter().filter(|span| matches!(span.status, Status::Error { .. })).collect();
    assert_eq!(failed.len(), 1, "the statement that met the deadlock: {failed:?}");
    assert_eq!(attribute(failed[0], names::ERROR_TYPE).as_deref(), Some("1213"));
    assert_eq!(attribute(failed[0], names::BLOCKER).as_deref(), Some("process 12"));
    assert_eq!(attribute(find(&spans, "attempt"), names::ATTEMPT).as_deref(), Some("2"));
    assert_eq!(attribute(find(&spans, "migrate"), names::MIGRATION_ATTEMPTS).as_deref(), Some("2"));
}

#[test]
fn a_lost_connection_has_one_error_type() {
    let spans = spans_of(Course::Lost, &story::context(), 5);
    for name in ["CREATE INDEX users_email", "migrate", "migrascope up"] {
        assert_eq!(attribute(find(&spans, name), names::ERROR_TYPE).as_deref(), Some("connection_lost"), "{name}");
    }
}

#[test]
fn a_refusal_says_why_on_the_plan_and_the_root() {
    let spans = spans_of(Course::Refused, &story::context(), 4);
    for name in ["plan", "migrascope up"] {
        let span = find(&spans, name);
        assert_eq!(attribute(span, names::ERROR_TYPE).as_deref(), Some("refused"), "{name}");
        assert_eq!(attribute(span, names::REFUSAL_REASONS).as_deref(), Some("changed,missing"), "{name}");
    }
    assert_eq!(attribute(find(&spans, "plan"), names::MIGRATIONS_MISSING).as_deref(), Some("2"));
    let failed = spans_of(Course::Failing, &story::context(), 5);
    assert_eq!(attribute(find(&failed, "migrascope up"), names::REFUSAL_REASONS), None, "it was not refused");
}

#[test]
fn nobody_answering_is_an_error_on_connect() {
    let spans = spans_of(Course::Unreachable, &story::context(), 8);
    assert_eq!(find(&spans, "connect").status, Status::error("connection refused"));
    assert_eq!(attribute(find(&spans, "connect"), names::ERROR_TYPE).as_deref(), Some("connect"));
    assert_eq!(attribute(find(&spans, "connect"), names::DB_SYSTEM_NAME).as_deref(), Some("mysql"));
    assert_eq!(spans.len(), 2);
}

#[test]
fn an_exit_code_alone_makes_the_root_an_error() {
    let spans = spans_of(Course::Fine, &story::context(), 130);
    let root = find(&spans, "migrascope up");
    assert_eq!(root.status, Status::error(""));
    assert_eq!(attribute(root, names::ERROR_TYPE).as_deref(), Some("_OTHER"));
}

#[test]
fn an_embedders_span_is_the_parent() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    crate::support::listen();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let startup = tracing::info_span!("startup");
        let spans = startup.in_scope(|| Spans::new(Command::Up, &story::context(), SpanPolicy::default()));
        spans.close(0);
    });
    let spans = exporter.get_finished_spans().expect("an exporter that is alive");
    assert_eq!(tree(&spans)[1], "startup > migrascope up Internal");
}

#[test]
fn kinds_are_written_as_the_mapping_expects_them() {
    let spans = spans_of(Course::Fine, &story::context(), 0);
    assert_eq!(find(&spans, "connect").span_kind, SpanKind::Client);
    assert!(spans.iter().all(|span| attribute(span, names::OTEL_KIND).is_none()));
}
