//! Hooks in a trace: each has a span, and its command continues the trace.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use super::exporting::{PARENT, Project};
use super::receiver::{Manner, Receiver, attribute};

fn find<'s>(spans: &'s [Span], name: &str) -> &'s Span {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no span {name}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_command_is_a_child_of_its_hook() {
    let (project, receiver) = (Project::new(), Receiver::start(Manner::Polite));
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str()), ("TRACEPARENT", PARENT)];
    let seen = "echo $TRACEPARENT > seen";
    let output = project.up(&environment, &["--backup-command", seen]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let spans = receiver.spans();
    let (hook, root) = (find(&spans, "migrascope hook backup"), find(&spans, "migrascope up"));
    assert_eq!(hook.parent_span_id, root.span_id);
    let told = std::fs::read_to_string(project.path("seen")).unwrap();
    assert_eq!(told.trim(), format!("00-{}-{}-01", hex(&hook.trace_id), hex(&hook.span_id)));
    let value = |key| attribute(&hook.attributes, key);
    assert_eq!(value("migrascope.hook.name").as_deref(), Some("backup"));
    assert_eq!(value("migrascope.hook.exit_code").as_deref(), Some("0"));
    let text = format!("{spans:?}");
    assert!(!text.contains("seen"), "its command may hold a password");
}

#[test]
fn sql_around_a_migration_has_a_span_beside_it() {
    let (project, receiver) = (Project::new(), Receiver::start(Manner::Polite));
    std::fs::create_dir(project.path("migrations/hooks")).unwrap();
    project.write("hooks/before_each.sql", "SELECT 'hunter2';");
    project.write("hooks/after_each.sql", "SELECT 1;\nSELECT * FROM nowhere;");
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str())];
    let output = project.up(&environment, &[]);
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    let spans = receiver.spans();
    let root = find(&spans, "migrascope up");
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).filter(|name| name.contains("hook")).collect();
    assert_eq!(
        names,
        ["migrascope hook before_each", "migrascope hook after_each"],
        "the second migration is not come to"
    );
    let (good, bad) = (find(&spans, names[0]), find(&spans, names[1]));
    for span in [good, bad] {
        assert_eq!(span.parent_span_id, root.span_id);
        assert_eq!(attribute(&span.attributes, "migrascope.migration.version").as_deref(), Some("1"));
    }
    let code = |span: &Span| span.status.as_ref().map_or(StatusCode::Unset, |status| status.code());
    assert_eq!((code(good), code(bad), code(root)), (StatusCode::Unset, StatusCode::Error, StatusCode::Error));
    assert_eq!(attribute(&bad.attributes, "error.type").as_deref(), Some("1"));
    assert!(!format!("{spans:?}").contains("hunter2"));
}
