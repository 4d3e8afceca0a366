//! The three signals as received: the contents of metrics and log records, and that an independent receiver can decode them.

use std::collections::BTreeMap;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use migrascope::observe::names;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, Metric};

use super::exporting::{Project, warnings};
use super::receiver::{Manner, Receiver, attribute};
use crate::support::{eventually, service};

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock that is right");
    u64::try_from(since.as_nanos()).expect("this century")
}

/// A successful run, and what was received from it.
fn received(variables: &[(&str, &str)]) -> Receiver {
    let receiver = Receiver::start(Manner::Polite);
    let output =
        Project::new().up(&[&[("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str())], variables].concat(), &[]);
    assert_eq!((output.status.code(), warnings(&output)), (Some(0), vec![]), "{output:?}");
    receiver
}

fn metrics(request: ExportMetricsServiceRequest) -> Vec<Metric> {
    let scopes = request.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
    scopes.flat_map(|scope| scope.metrics).collect()
}

fn record<'r>(records: &'r [LogRecord], name: &str) -> &'r LogRecord {
    let names: Vec<_> = records.iter().map(|record| &record.event_name).collect();
    records.iter().find(|record| record.event_name == name).unwrap_or_else(|| panic!("no {name} among {names:?}"))
}

#[test]
fn totals_are_cumulative_and_begin_with_the_history() {
    let before = now();
    let receiver = received(&[]);
    let last = metrics(receiver.metrics().pop().expect("metrics"));
    let mut starts = Vec::new();
    let of_the_process = [names::CLIENT_OPERATION_DURATION.name, names::EXPORT_FAILURES.name];
    for metric in last.iter().filter(|metric| !of_the_process.contains(&metric.name.as_str())) {
        let cumulative = i32::from(AggregationTemporality::Cumulative);
        match metric.data.as_ref().expect("data") {
            Data::Sum(sum) => {
                assert_eq!(sum.aggregation_temporality, cumulative, "{}", metric.name);
                starts.extend(sum.data_points.iter().map(|point| point.start_time_unix_nano));
            }
            Data::Histogram(histogram) => {
                assert_eq!(histogram.aggregation_temporality, cumulative, "{}", metric.name);
                starts.extend(histogram.data_points.iter().map(|point| point.start_time_unix_nano));
            }
            _ => {}
        }
    }
    assert!(starts.len() > 5, "{starts:?}");
    assert!(starts.iter().all(|start| *start == starts[0]), "one start for all: {starts:?}");
    assert!((before..now()).contains(&starts[0]), "the history has begun with this run: {}", starts[0]);
}

#[test]
fn the_next_process_counts_since_the_same_beginning() {
    let project = Project::new();
    let starts = || {
        let receiver = Receiver::start(Manner::Polite);
        project.up(&[("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str())], &[]);
        let last = metrics(receiver.metrics().pop().expect("metrics"));
        let start = |name: &str| {
            let metric = last.iter().find(|metric| metric.name == name).expect(name);
            match metric.data.as_ref().expect("data") {
                Data::Sum(sum) => sum.data_points[0].start_time_unix_nano,
                other => panic!("{name}: {other:?}"),
            }
        };
        (start(names::RUNS.name), start(names::EXPORT_FAILURES.name))
    };
    let (runs, exports) = starts();
    let second = now();
    let (runs_again, exports_again) = starts();
    assert_eq!(runs_again, runs, "the journal's beginning");
    assert!(exports < second && exports_again >= second, "the process's own: {exports} {second} {exports_again}");
}

#[test]
fn metrics_are_of_a_target_that_stays_while_runs_pass() {
    let instance = |receiver: &Receiver| {
        let request = receiver.metrics().pop().expect("metrics");
        let attributes = request.resource_metrics[0].resource.clone().expect("a resource").attributes;
        for transient in ["migrascope.run.id", "process.pid"] {
            assert_eq!(attribute(&attributes, transient), None, "{transient} makes new series with each run");
        }
        attribute(&attributes, "service.instance.id").expect("an instance")
    };
    let project = Project::new();
    let [first, second] = [(), ()].map(|()| {
        let receiver = Receiver::start(Manner::Polite);
        project.up(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url)], &[]);
        instance(&receiver)
    });
    assert_eq!(first, second);
    let id = uuid::Uuid::parse_str(&first).expect("a UUID");
    assert_eq!(id.get_version_num(), 5, "{id}");
}

#[test]
fn log_records_are_inside_their_spans() {
    let receiver = received(&[]);
    let (records, spans) = (receiver.records(), receiver.spans());
    let of: BTreeMap<_, _> = spans.iter().map(|span| (span.span_id.clone(), span)).collect();
    let table = [
        ("migrascope.run.started", "migrascope up"),
        ("migrascope.lock.acquired", "acquire lock"),
        ("migrascope.migration.started", "migrate"),
        ("migrascope.migration.applied", "migrate"),
        ("migrascope.run.finished", "migrascope up"),
        ("migrascope.telemetry.flushed", "migrascope up"),
    ];
    for (name, span) in table {
        let record = record(&records, name);
        let parent = of.get(&record.span_id).unwrap_or_else(|| panic!("{name} is in no span"));
        assert_eq!((parent.name.as_str(), &parent.trace_id), (span, &record.trace_id), "{name}");
    }
    let run = attribute(&record(&records, "migrascope.run.started").attributes, "migrascope.run.id");
    for record in &records {
        assert_eq!(attribute(&record.attributes, "migrascope.run.id"), run, "{}", record.event_name);
        assert!(attribute(&record.attributes, "migrascope.target").is_some(), "{}", record.event_name);
        assert!(record.time_unix_nano > 0, "{}", record.event_name);
        assert!(record.attributes.iter().all(|attribute| !attribute.key.starts_with("code.")), "{record:?}");
    }
}

#[test]
fn compressed_is_the_same() {
    let receiver = received(&[("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")]);
    for signal in ["traces", "metrics", "logs"] {
        let path = format!("POST /v1/{signal} ");
        let compressed = |head: &&String| head.starts_with(&path) && head.contains("content-encoding: gzip");
        assert!(receiver.heads().iter().any(|head| compressed(&head)), "{signal}: {:?}", receiver.heads());
    }
    assert!(!receiver.spans().is_empty() && !receiver.metrics().is_empty() && !receiver.records().is_empty());
}

#[test]
fn the_query_of_an_endpoint_stays_behind_the_path_of_each_signal() {
    let receiver = Receiver::start(Manner::Polite);
    let endpoint = format!("{}/otlp/?tenant=a", receiver.url);
    let output = Project::new().up(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)], &[]);
    assert_eq!((output.status.code(), warnings(&output)), (Some(0), vec![]), "{output:?}");
    for signal in ["traces", "metrics", "logs"] {
        let path = format!("POST /otlp/v1/{signal}?tenant=a ");
        assert!(receiver.heads().iter().any(|head| head.starts_with(&path)), "{signal}: {:?}", receiver.heads());
    }
    for (value, protocol, complaint) in [
        ("http://127.0.0.1:9/otlp#a", "http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT has a fragment"),
        ("http://127.0.0.1:9?tenant=a", "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT has a query"),
    ] {
        let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", value), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)];
        let output = Project::new().up(&variables, &["--telemetry", "required"]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(complaint), "{output:?}");
    }
}

#[test]
fn what_is_said_of_a_signal_wins_over_what_is_said_of_all() {
    let (all, own) = (Receiver::start(Manner::Polite), Receiver::start(Manner::Polite));
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", all.url.as_str()),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-of=all"),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", &format!("{}/own/path", own.url)),
        ("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "none"),
        ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x-of=logs,x-escaped=a%2Cb"),
        ("OTEL_METRICS_EXPORTER", "none"),
    ];
    let output = Project::new().up(&variables, &[]);
    assert_eq!((output.status.code(), warnings(&output)), (Some(0), vec![]), "{output:?}");
    let (all, own) = (all.heads(), own.heads());
    assert!(!all.is_empty() && !own.is_empty());
    for head in &all {
        assert!(head.starts_with("POST /v1/traces ") && head.contains("x-of: all\r\n"), "{head}");
    }
    for head in &own {
        assert!(head.starts_with("POST /own/path "), "{head}");
        assert!(head.contains("x-of: logs\r\n") && head.contains("x-escaped: a,b\r\n"), "{head}");
        assert!(!head.contains("x-of: all") && !head.contains("content-encoding"), "{head}");
    }
}

#[test]
fn an_independent_receiver_understands_all_three_signals() {
    let Some(log) = service("TEST_OTLP_LOG") else { return };
    let protocols = [("TEST_OTLP_HTTP_URL", "http/protobuf"), ("TEST_OTLP_GRPC_URL", "grpc")];
    for (variable, protocol) in protocols {
        let Some(url) = service(variable) else { return };
        for compression in ["none", "gzip"] {
            let name = format!("s{}", uuid::Uuid::now_v7().simple());
            let environment = [
                ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                ("OTEL_EXPORTER_OTLP_COMPRESSION", compression),
                ("OTEL_SERVICE_NAME", name.as_str()),
            ];
            let output = Project::new().up(&environment, &[]);
            assert_eq!((output.status.code(), warnings(&output)), (Some(0), vec![]), "{protocol}, {compression}");
            eventually(&format!("{name} is in {log} with spans, metrics and log records"), || {
                let text = String::from_utf8_lossy(&fs::read(&log).expect("the receiver's log")).into_owned();
                let wanted = [
                    ("ResourceSpans #", "migrascope up"),
                    ("ResourceMetrics #", "migrascope.migrations.applied"),
                    ("ResourceLog #", "migrascope.run.finished"),
                ];
                wanted.iter().all(|(kind, what)| has(&text, kind, &name, what)).then_some(())
            });
        }
    }
}

/// Whether a receiver's log contains a block of this kind from this service with this text.
fn has(log: &str, kind: &str, service: &str, what: &str) -> bool {
    let kinds = ["ResourceSpans #", "ResourceMetrics #", "ResourceLog #"];
    log.split(kind).skip(1).any(|from| {
        let end = kinds.iter().filter_map(|next| from.find(next)).min().unwrap_or(from.len());
        from[..end].contains(service) && from[..end].contains(what)
    })
}
