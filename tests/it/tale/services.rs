//! Independent tools: rotel decodes the trace, promtool reads the textfile.

use std::fs;
use std::process::{Command, Stdio};

use super::exporting::Project;
use crate::support::{eventually, service};

#[test]
fn an_independent_receiver_decodes_the_trace() {
    let (Some(url), Some(log)) = (service("TEST_OTLP_HTTP_URL"), service("TEST_OTLP_LOG")) else { return };
    let trace = uuid::Uuid::now_v7().simple().to_string();
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let output = Project::new().up(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &url), ("TRACEPARENT", &parent)], &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr).matches("telemetry: ").count(), 0, "{output:?}");
    eventually(&format!("trace {trace} is in {log}"), || {
        let text = String::from_utf8_lossy(&fs::read(&log).expect("the receiver's log")).into_owned();
        let names = ["migrascope up", "connect", "plan", "migrate", "CREATE TABLE users", "record ledger"];
        (text.contains(&trace) && names.iter().all(|name| text.contains(name))).then_some(())
    });
}

#[test]
fn promtool_is_content_with_the_textfile() {
    let Some(promtool) = service("TEST_PROMTOOL") else { return };
    let project = Project::new();
    project.up(&[], &["--metrics-file", "metrics.prom"]);
    let text = fs::File::open(project.path("metrics.prom")).expect("the file");
    let check = Command::new(promtool).args(["check", "metrics"]).stdin(Stdio::from(text)).output().expect("promtool");
    let complaints = [check.stdout, check.stderr].concat();
    assert!(check.status.success() && complaints.is_empty(), "{}", String::from_utf8_lossy(&complaints));
}
