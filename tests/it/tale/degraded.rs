//! A run whose telemetry cannot be delivered: it succeeds in bounded time, with one warning for each exporter.

use std::net::TcpListener;
use std::process::Output;
use std::time::{Duration, Instant};

use super::exporting::{Project, warnings};
use super::receiver::{Manner, Receiver, attribute};

/// Enough for a debug build on a busy machine, and still less than the SDK's default of 5 s.
const MARGIN: Duration = Duration::from_secs(4);

const BUDGET: Duration = Duration::from_millis(700);

const SIGNALS: [&str; 3] = ["traces", "metrics", "logs"];

/// An address that refuses connections.
fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

/// A run that succeeds in time, whatever these variables do to its telemetry.
fn run(variables: &[(&str, &str)]) -> Output {
    let begun = Instant::now();
    let output = Project::new().up(variables, &["--telemetry-flush-timeout", "700ms"]);
    assert_eq!(output.status.code(), Some(0), "{variables:?}: {output:?}");
    assert!(begun.elapsed() < BUDGET + MARGIN, "{variables:?}: took {:?}", begun.elapsed());
    output
}

/// Each exporter emits one warning, with this address and reason.
fn check(url: &str, variables: &[(&str, &str)], reason: &str) {
    let warnings = warnings(&run(&[&[("OTEL_EXPORTER_OTLP_ENDPOINT", url)], variables].concat()));
    assert_eq!(warnings.len(), SIGNALS.len(), "{reason}: {warnings:?}");
    for signal in SIGNALS {
        let begins = format!("telemetry: {signal} were not delivered to {url}");
        let said = |warning: &&String| warning.contains(&begins) && warning.contains(reason);
        assert_eq!(warnings.iter().filter(said).count(), 1, "{signal}, {reason}: {warnings:?}");
    }
}

#[test]
fn a_dead_receiver_costs_its_budget_and_one_warning_an_exporter() {
    for protocol in ["http/protobuf", "grpc"] {
        let over = ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
        let patience = |milliseconds| ("OTEL_EXPORTER_OTLP_TIMEOUT", milliseconds);
        check(&refusing(), &[over], if protocol == "grpc" { "Connection refused" } else { ": connection refused" });
        check(&Receiver::start(Manner::Mute).url, &[over, patience("60000")], ": not finished within 700ms");
        check(&Receiver::start(Manner::Mute).url, &[over, patience("200")], ": no answer within 200ms");
    }
}

#[test]
fn a_receiver_that_asks_for_patience_is_not_asked_twice() {
    let receiver = Receiver::start(Manner::Busy);
    check(&receiver.url, &[], ": HTTP status 503");
    for signal in SIGNALS {
        let path = format!("POST /v1/{signal} ");
        let times = receiver.heads().iter().filter(|head| head.starts_with(&path)).count();
        // Metrics may have been due once before the end.
        assert!((1..=2).contains(&times), "{signal}: asked {times} times");
    }
}

#[test]
fn a_receiver_that_is_busy_for_a_moment_is_asked_again() {
    let receiver = Receiver::start(Manner::BusyAtFirst);
    let traces = format!("{}/v1/traces", receiver.url);
    assert_eq!(warnings(&run(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &traces)])), Vec::<String>::new());
    assert_eq!(receiver.heads().len(), 2, "once in vain, once again");
}

#[test]
fn what_a_receiver_does_not_want_is_counted() {
    let receiver = Receiver::start(Manner::Picky);
    let warnings = warnings(&run(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url), ("OTEL_METRICS_EXPORTER", "none")]));
    let spans = receiver.spans().len();
    let expected = format!("2 of {spans} spans were not delivered to {}/v1/traces", receiver.url);
    assert!(warnings.iter().any(|warning| warning.contains(&expected)), "{expected}: {warnings:?}");
    assert!(warnings.iter().any(|warning| warning.contains("log records were not delivered")), "{warnings:?}");
    assert_eq!(warnings.len(), 2, "{warnings:?}");
}

#[test]
fn what_is_lost_is_a_record_of_the_signal_that_is_well() {
    let receiver = Receiver::start(Manner::Polite);
    let logs = format!("{}/v1/logs", receiver.url);
    let traces = format!("{}/v1/traces", refusing());
    run(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &traces), ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", &logs)]);
    let records = receiver.records();
    let told = records.iter().find(|record| record.event_name == "migrascope.telemetry.degraded").expect("a record");
    assert_eq!(attribute(&told.attributes, "migrascope.telemetry.signal").as_deref(), Some("traces"));
    let lost = attribute(&told.attributes, "migrascope.telemetry.lost").and_then(|lost| lost.parse().ok());
    assert!(lost.is_some_and(|lost: usize| lost > 5), "{told:?}");
}

#[test]
fn without_a_budget_nobody_waits_and_nobody_complains() {
    let url = Receiver::start(Manner::Mute).url;
    let begun = Instant::now();
    let output = Project::new().up(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &url)], &["--telemetry-flush-timeout", "0s"]);
    assert_eq!((output.status.code(), warnings(&output)), (Some(0), vec![]));
    assert!(begun.elapsed() < MARGIN, "took {:?}", begun.elapsed());
}
