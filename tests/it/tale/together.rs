//! Two concurrent runs that report on one database: their counters never decrease.

use std::fs;

use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;

use super::receiver::{Manner, Receiver};
use crate::contract::locking::SlowRunner;
use crate::support::{Backend, TestDatabase, eventually, on};

/// The number of successful runs on a page.
fn succeeded(page: &str) -> Option<f64> {
    let line = page.lines().find(|line| line.starts_with("migrascope_runs_total{") && line.contains("=\"success\""))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// The same in OTLP requests, one by one.
fn sent(receiver: &Receiver) -> Vec<f64> {
    let metrics = receiver.metrics().into_iter().flat_map(|request| request.resource_metrics);
    let metrics = metrics.flat_map(|resource| resource.scope_metrics).flat_map(|scope| scope.metrics);
    let runs = metrics.filter(|metric| metric.name == "migrascope.runs").filter_map(|metric| match metric.data {
        Some(Data::Sum(sum)) => sum.data_points.into_iter().find(|point| {
            super::receiver::attribute(&point.attributes, "migrascope.outcome").as_deref() == Some("success")
        }),
        _ => None,
    });
    runs.filter_map(|point| match point.value? {
        Value::AsInt(count) => Some(count as f64),
        Value::AsDouble(count) => Some(count),
    })
    .collect()
}

/// Whether it was sent during a run.
fn is_alive(page: &str) -> bool {
    page.lines().any(|line| line.starts_with("migrascope_run_in_progress{") && line.ends_with(" 1"))
}

fn is_monotone(counts: &[f64]) -> bool {
    counts.is_sorted() && !counts.is_empty()
}

#[test]
fn what_another_run_has_counted_is_not_taken_back_by_one_that_goes_on() {
    on(Backend::Postgres, |database: &TestDatabase| {
        let first = ("1_a.sql", "CREATE TABLE a (i INTEGER)");
        let (older, newer) =
            (database.migrations(&[first]), database.migrations(&[first, ("2_slow.sql", database.slow())]));
        let (gateway, otlp) = (Receiver::start(Manner::Polite), Receiver::start(Manner::Polite));
        let file = older.join("../runs.prom");
        let reporting = |directory: &std::path::Path| {
            let mut command = database.binary(directory);
            command.args(["up", "--target", "shop", "--push-url", &gateway.url, "--metrics-file"]).arg(&file);
            command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &otlp.url).env("OTEL_TRACES_EXPORTER", "none");
            command.env("OTEL_LOGS_EXPORTER", "none").env("OTEL_METRIC_EXPORT_INTERVAL", "1000");
            command
        };
        let up = || assert!(reporting(&older).output().unwrap().status.success());
        up();
        let runner = SlowRunner::of(reporting(&newer), 1);
        // It finds nothing to do, and is counted.
        up();
        let page = || fs::read_to_string(&file).unwrap();
        assert_eq!(succeeded(&page()), Some(2.0));
        let puts = || gateway.texts().iter().filter(|(method, text)| method == "PUT" && is_alive(text)).count();
        let (before, mut counts) = (puts(), Vec::new());
        eventually("the slow run reports what it has read since", || {
            counts.extend(succeeded(&page()));
            (puts() > before).then_some(())
        });
        drop(runner);
        assert!(is_monotone(&counts), "{counts:?}");
        let pushed: Vec<f64> = gateway.texts().iter().filter_map(|(_, text)| succeeded(text)).collect();
        assert!(is_monotone(&pushed), "{pushed:?}");
        let sent = sent(&otlp);
        assert!(is_monotone(&sent) && sent.len() < otlp.metrics().len(), "{sent:?}");
    });
}

#[test]
fn a_sign_of_life_is_about_the_run_and_leaves_what_is_counted() {
    on(Backend::Sqlite, |database: &TestDatabase| {
        let first = ("1_a.sql", "CREATE TABLE a (i INTEGER)");
        let directory = database.migrations(&[first, ("2_slow.sql", database.slow())]);
        let gateway = Receiver::start(Manner::Polite);
        let mut command = database.binary(&directory);
        let file = directory.join("../run.prom");
        command.args(["up", "--push-url", &gateway.url, "--metrics-file"]).arg(&file);
        let _runner = SlowRunner::of(command, 2);
        let sign = eventually("a sign of life", || {
            gateway.texts().into_iter().find_map(|(method, text)| (method == "POST").then_some(text))
        });
        assert!(is_alive(&sign) && sign.contains("migrascope_run_heartbeat_timestamp_seconds{"), "{sign}");
        assert!(!sign.contains("_total") && !sign.contains("_bucket") && !sign.contains("last_"), "{sign}");
        let kept = eventually("the file has both", || {
            Some(fs::read_to_string(&file).unwrap())
                .filter(|page| is_alive(page) && page.matches("migrascope_run_in_progress{").count() == 1)
        });
        assert_eq!(succeeded(&kept), Some(0.0), "what was counted at the beginning");
    });
}
