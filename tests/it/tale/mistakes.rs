//! Mistakes in telemetry settings: each is reported with its variable, before the database is accessed.

use std::fs;

use super::exporting::{Project, warnings};
use super::receiver::{Manner, Receiver};

/// The variable, its value, and what the error contains besides its name.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost", "not a valid URL"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://localhost", "http:// or https://"),
    ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://", "not a valid URL"),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon", "unknown protocol"),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "not supported"),
    ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/protobuff", "did you mean"),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "not a number"),
    ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "-1", "not a number"),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip", "not supported"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "authorization", "name=value"),
    ("OTEL_EXPORTER_OTLP_CERTIFICATE", "missing.pem", "missing.pem"),
    ("OTEL_EXPORTER_OTLP_CERTIFICATE", "garbage.pem", "garbage.pem"),
    ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "garbage.pem", "CLIENT_CERTIFICATE"),
    ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "garbage.pem", "CLIENT_KEY"),
    ("OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY", "missing.pem", "missing.pem"),
    ("OTEL_TRACES_EXPORTER", "zipkin", "unknown exporter"),
    ("OTEL_METRICS_EXPORTER", "oltp", "did you mean"),
    ("OTEL_LOGS_EXPORTER", "console", "--log-format"),
    ("OTEL_RESOURCE_ATTRIBUTES", "team", ""),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "many", "not a number"),
    ("OTEL_CONFIG_FILE", "otel.yaml", "not supported"),
];

#[test]
fn a_mistake_is_a_warning_unless_telemetry_is_required() {
    for (name, value, complaint) in MISTAKES {
        let receiver = Receiver::start(Manner::Polite);
        let environment: Vec<(&str, &str)> =
            [("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str()), (*name, *value)].to_vec();
        let project = Project::new();
        fs::write(project.path("garbage.pem"), "-----BEGIN NOTHING-----\n").expect("a file");
        let required = project.up(&environment, &["--telemetry", "required"]);
        assert_eq!(required.status.code(), Some(2), "{name}={value}: {required:?}");
        let said = String::from_utf8_lossy(&required.stderr).into_owned();
        assert!(said.contains(name) && said.contains(complaint), "{name}={value}: {said}");
        assert!(!project.path("test.db").exists(), "{name}={value}: the database was touched");
        let output = project.up(&environment, &[]);
        assert_eq!(output.status.code(), Some(0), "{name}={value}: {output:?}");
        assert!(matches!(warnings(&output).as_slice(), [line] if line.contains(name)), "{name}={value}: {output:?}");
    }
}

#[test]
fn required_telemetry_that_is_set_up_well_is_no_mistake() {
    let receiver = Receiver::start(Manner::Polite);
    let output = Project::new().up(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url)], &["--telemetry", "required"]);
    assert_eq!((output.status.code(), warnings(&output)), (Some(0), vec![]));
}

#[test]
fn a_secret_header_that_cannot_be_read_is_not_shown() {
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=s3cret%zz"),
    ];
    let output = Project::new().up(&environment, &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(matches!(warnings(&output).as_slice(), [line] if line.contains("OTLP_HEADERS")), "{output:?}");
    assert!(!format!("{output:?}").contains("s3cret"), "{output:?}");
}

#[test]
fn what_is_said_of_the_sender_matters_only_where_something_is_sent() {
    let output = Project::new().up(&[("OTEL_RESOURCE_ATTRIBUTES", "bad")], &["--telemetry", "required"]);
    assert_eq!((output.status.code(), warnings(&output)), (Some(0), vec![]), "{output:?}");
}
