//! Events → Prometheus text: exact names, types, labels and values.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, UNIX_EPOCH};

use migrascope::database::ServerInfo;
use migrascope::event::{Command, Event, Observer};
use migrascope::history::Direction;
use migrascope::observe::metrics::{Counters, Meter, Metrics};
use migrascope::observe::names;
use migrascope::plan::Schema;
use migrascope::report::{CheckStatus, Outcome, RetryReason};
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};

use super::story::{self, Course};

/// A meter whose metrics are written as Prometheus text, like the binary's textfile.
pub(crate) struct MetricsPage {
    pub(super) registry: Registry,
    pub(crate) metrics: Metrics,
    _provider: SdkMeterProvider,
}

impl MetricsPage {
    pub(crate) fn new(totals: Counters) -> Self {
        Self::of(|meter| Metrics::new(meter, totals))
    }

    /// The same with the journal's counters.
    pub(crate) fn journaled() -> Self {
        Self::of(Metrics::journaled)
    }

    fn of(metrics: impl FnOnce(&Meter) -> Metrics) -> Self {
        let registry = Registry::new();
        let reader = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .without_target_info()
            .scope_info_enabled(false)
            .build()
            .expect("a reader");
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        let meter = provider.meter(names::SCOPE);
        let metrics = metrics(&meter).with_run_info(&meter);
        Self { registry, metrics, _provider: provider }
    }

    pub(super) fn after(course: Course) -> Self {
        let mut page = Self::new(Counters::default());
        story::tell(course, &mut page.metrics, &story::context());
        page
    }

    pub(crate) fn text(&self) -> String {
        TextEncoder::new().encode_to_string(&self.registry.gather()).expect("text")
    }

    /// The value of a series, by its name and the labels it has besides the common ones.
    pub(crate) fn value(&self, name: &str, labels: &str) -> Option<f64> {
        let text = self.text();
        let mut values = text.lines().filter_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            (bare(series) == format!("{name}{{{labels}}}")).then(|| value.parse().expect("a number"))
        });
        let value = values.next();
        assert!(values.next().is_none(), "{name}{{{labels}}} is there twice");
        value
    }
}

/// A series without its common labels; panics if one of them is missing.
fn bare(series: &str) -> String {
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let (common, own): (Vec<&str>, Vec<&str>) =
        labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty()).partition(|label| {
            names::COMMON_LABELS.iter().any(|key| label.starts_with(&format!("{}=", names::prometheus_label(key))))
        });
    assert!(name.starts_with('#') || common.len() == names::COMMON_LABELS.len(), "{series}");
    format!("{name}{{{}}}", own.join(","))
}

#[test]
fn a_successful_run_is_counted() {
    let page = MetricsPage::after(Course::Fine);
    let table = [
        ("migrascope_last_run_success", "", 1.0),
        ("migrascope_last_run_duration_seconds", "", 2.0),
        ("migrascope_last_run_stage_duration_seconds", "migrascope_stage=\"connect\"", 0.02),
        ("migrascope_last_run_stage_duration_seconds", "migrascope_stage=\"lock\"", 1.5),
        ("migrascope_last_run_stage_duration_seconds", "migrascope_stage=\"plan\"", 0.005),
        ("migrascope_last_run_stage_duration_seconds", "migrascope_stage=\"apply\"", 0.5),
        ("migrascope_last_run_stage_duration_seconds", "migrascope_stage=\"health\"", 0.03),
        ("migrascope_health_check_success", "migrascope_check=\"ping\"", 1.0),
        ("migrascope_health_check_success", "migrascope_check=\"replica_lag\"", 1.0),
        ("migrascope_health_check_duration_seconds_sum", "migrascope_check=\"ping\"", 0.004),
        ("migrascope_last_run_migrations", "migrascope_outcome=\"success\"", 2.0),
        ("migrascope_last_run_migrations", "migrascope_outcome=\"failure\"", 0.0),
        ("migrascope_last_failure_timestamp_seconds", "", 0.0),
        ("migrascope_run_in_progress", "", 0.0),
        ("migrascope_schema_version", "", 2.0),
        ("migrascope_schema_info", "migrascope_version=\"2\"", 1.0),
        ("migrascope_schema_dirty", "", 0.0),
        ("migrascope_migrations_applied", "", 2.0),
        ("migrascope_migrations_pending", "", 0.0),
        ("migrascope_checksum_mismatches", "", 0.0),
        ("migrascope_migrations_missing", "", 0.0),
        ("migrascope_runs_total", "migrascope_outcome=\"success\"", 1.0),
        ("migrascope_migrations_total", "migrascope_direction=\"up\",migrascope_outcome=\"success\"", 2.0),
        ("migrascope_lock_wait_duration_seconds_sum", "migrascope_lock=\"advisory\"", 1.5),
        (
            "migrascope_migration_duration_seconds_bucket",
            "migrascope_direction=\"up\",migrascope_outcome=\"success\",le=\"0.5\"",
            2.0,
        ),
        ("migrascope_run_duration_seconds_count", "migrascope_direction=\"up\",migrascope_outcome=\"success\"", 1.0),
    ];
    for (name, labels, value) in table {
        assert_eq!(page.value(name, labels), Some(value), "{name}{{{labels}}}\n{}", page.text());
    }
    for name in ["last_run_timestamp", "last_success_timestamp", "run_start_timestamp", "run_heartbeat_timestamp"] {
        let value = page.value(&format!("migrascope_{name}_seconds"), "").expect(name);
        assert!(value > 1.7e9, "{name} is {value}");
    }
}

#[test]
fn a_failed_run_is_counted() {
    let page = MetricsPage::after(Course::Failing);
    assert_eq!(page.value("migrascope_last_run_success", ""), Some(0.0));
    assert_eq!(page.value("migrascope_last_success_timestamp_seconds", ""), Some(0.0), "exported though never");
    assert!(page.value("migrascope_last_failure_timestamp_seconds", "") > Some(1.7e9));
    assert_eq!(page.value("migrascope_runs_total", "migrascope_outcome=\"failure\""), Some(1.0));
    assert_eq!(page.value("migrascope_runs_total", "migrascope_outcome=\"success\""), Some(0.0));
    assert_eq!(page.value("migrascope_migrations_pending", ""), Some(2.0));
    assert_eq!(page.value("migrascope_schema_version", ""), Some(0.0), "nothing is applied");
    assert!(!page.text().contains("migrascope_schema_info"), "there is no version");
}

#[test]
fn what_was_tried_again_and_what_it_changed_is_counted() {
    let page = MetricsPage::after(Course::Retried);
    let table = [
        ("migrascope_lock_retries_total", "migrascope_retry_reason=\"lock_timeout\"", 2.0),
        ("migrascope_statement_retries_total", "migrascope_retry_reason=\"deadlock\"", 1.0),
        ("migrascope_statement_retries_total", "migrascope_retry_reason=\"lock_timeout\"", 0.0),
        ("migrascope_statement_retries_total", "migrascope_retry_reason=\"serialization\"", 0.0),
        ("migrascope_rows_affected", "db_operation_name=\"INSERT\"", 0.0),
        ("migrascope_rows_affected", "db_operation_name=\"_OTHER\"", 9.0),
        ("migrascope_last_run_migration_duration_seconds", "migrascope_version=\"1\"", 0.25),
        ("migrascope_migrations_total", "migrascope_direction=\"up\",migrascope_outcome=\"success\"", 2.0),
    ];
    for (name, labels, value) in table {
        assert_eq!(page.value(name, labels), Some(value), "{name}{{{labels}}}\n{}", page.text());
    }
}

#[test]
fn a_run_without_connection_is_counted_under_the_name_that_was_meant() {
    let page = MetricsPage::after(Course::Unreachable);
    assert_eq!(page.value("migrascope_runs_total", "migrascope_outcome=\"error\""), Some(1.0));
    assert_eq!(page.value("migrascope_migrations_pending", ""), None, "unknown is not 0");
    assert!(page.text().contains("db_system_name=\"mysql\""));
    assert!(!page.text().contains("mariadb"));
}

#[test]
fn whoever_answers_gives_the_labels_of_every_series() {
    let text = MetricsPage::after(Course::Fine).text();
    assert!(text.contains("migrascope_target=\"shop\""));
    assert!(!text.contains("\"mysql\""), "{text}");
}

#[test]
fn every_label_value_of_a_counter_is_there_from_the_start() {
    let page = MetricsPage::after(Course::Unreachable);
    for outcome in Outcome::ALL.map(Outcome::word) {
        let outcome = format!("migrascope_outcome=\"{outcome}\"");
        assert!(page.value("migrascope_runs_total", &outcome).is_some(), "{outcome}");
        for direction in ["up", "down"] {
            let labels = format!("migrascope_direction=\"{direction}\",{outcome}");
            assert_eq!(page.value("migrascope_migrations_total", &labels), Some(0.0), "{labels}");
        }
    }
}

#[test]
fn totals_of_earlier_runs_count_on() {
    let totals = Counters {
        runs: HashMap::from([(Outcome::Success, 41), (Outcome::Failure, 3)]),
        migrations: HashMap::from([((Direction::Up, Outcome::Success), 100)]),
        last_failure: Some(UNIX_EPOCH + Duration::from_secs(1000)),
        ..Counters::default()
    };
    let mut page = MetricsPage::new(totals);
    story::tell(Course::Fine, &mut page.metrics, &story::context());
    assert_eq!(page.value("migrascope_runs_total", "migrascope_outcome=\"success\""), Some(42.0));
    assert_eq!(page.value("migrascope_runs_total", "migrascope_outcome=\"failure\""), Some(3.0));
    let up = "migrascope_direction=\"up\",migrascope_outcome=\"success\"";
    assert_eq!(page.value("migrascope_migrations_total", up), Some(102.0));
    assert_eq!(page.value("migrascope_last_failure_timestamp_seconds", ""), Some(1000.0));
}

#[test]
fn a_retry_is_shown_at_once_and_counted_when_the_journal_has_it() {
    let mut page = MetricsPage::journaled();
    let (run, expected, set) = (story::context(), story::expected(), story::set());
    let (plan, deadlock) = (story::planned(&set), "migrascope_retry_reason=\"deadlock\"");
    let read = |page: &mut MetricsPage, all: u64| {
        let totals =
            Counters { statement_retries: HashMap::from([(RetryReason::Deadlock, all)]), ..Counters::default() };
        page.metrics.observe(&Event::JournalRead { counters: &totals });
    };
    let seen = |page: &MetricsPage| {
        let value = |name| page.value(name, deadlock).expect("a value");
        (value("migrascope_run_retries"), value("migrascope_statement_retries_total"))
    };
    page.metrics.observe(&Event::RunStarted { command: Command::Up, run: &run, expected: &expected, target: "shop" });
    read(&mut page, 7);
    let mut shown = vec![seen(&page)];
    story::tell_deadlock(&mut page.metrics, &plan.steps[0]);
    shown.push(seen(&page));
    read(&mut page, 8);
    shown.push(seen(&page));
    story::tell_deadlock(&mut page.metrics, &plan.steps[0]);
    // Its end could not be recorded, so the next run cannot count its second retry. The counter must not include it either, or it would
    // decrease.
    let report = story::ended(None);
    page.metrics.observe(&Event::RunFinished { report: &report, error: None, schema: None });
    shown.push(seen(&page));
    page.metrics.observe(&Event::RunStarted { command: Command::Up, run: &run, expected: &expected, target: "shop" });
    read(&mut page, 8);
    shown.push(seen(&page));
    assert_eq!(shown, [(0.0, 7.0), (1.0, 7.0), (1.0, 8.0), (2.0, 8.0), (0.0, 8.0)]);
}

#[test]
fn why_a_run_did_not_succeed_is_a_series_for_each_reason() {
    let mut page = MetricsPage::after(Course::Refused);
    let series = |page: &MetricsPage| page.text().matches("migrascope_last_run_error{").count();
    for reason in ["changed", "missing"] {
        let labels = format!("error_type=\"refused\",migrascope_refusal_reason=\"{reason}\"");
        assert_eq!(page.value("migrascope_last_run_error", &labels), Some(1.0), "{}", page.text());
    }
    assert_eq!(series(&page), 2, "each reason once");
    assert_eq!(page.value("migrascope_migrations_missing", ""), Some(2.0));

    story::tell(Course::Failing, &mut page.metrics, &story::context());
    assert_eq!(page.value("migrascope_last_run_error", "error_type=\"1064\""), Some(1.0));
    assert_eq!(series(&page), 1, "those of the run before are gone");

    story::tell(Course::Lost, &mut page.metrics, &story::context());
    assert_eq!(page.value("migrascope_last_run_error", "error_type=\"connection_lost\""), Some(1.0));

    story::tell(Course::Fine, &mut page.metrics, &story::context());
    assert_eq!(series(&page), 0, "there is nothing to be explained");
}

#[test]
fn a_label_is_a_word_whatever_stands_in_the_journal() {
    let long = "x".repeat(33);
    for kind in ["", "<script>", "a b", "größer", &long] {
        assert_eq!(names::error_type(kind), "_OTHER", "{kind}");
    }
    for kind in ["42P01", "1064", "lock_timeout", "_OTHER"] {
        assert_eq!(names::error_type(kind), kind);
    }
}

#[test]
fn nothing_is_told_before_a_run() {
    assert_eq!(MetricsPage::new(Counters::default()).text(), "");
}

#[test]
fn a_run_under_way_is_in_progress() {
    let mut page = MetricsPage::new(Counters::default());
    let (run, expected) = (story::context(), story::expected());
    page.metrics.observe(&Event::RunStarted { command: Command::Up, run: &run, expected: &expected, target: "shop" });
    assert_eq!(page.value("migrascope_run_in_progress", ""), Some(1.0));
    assert_eq!(page.value("migrascope_last_run_success", ""), None, "unknown is not failed");
}

const CONNECT: &str = "migrascope_check=\"connect\"";

#[test]
fn a_look_from_outside_says_whether_there_was_an_answer() {
    let mut page = MetricsPage::new(Counters::default());
    let schema = Schema { applied: 3, pending: 1, ..Schema::default() };
    page.metrics.looked(Some("shop"), &story::answered(), &schema, &Counters::default());
    assert_eq!(page.value("migrascope_health_check_success", CONNECT), Some(1.0));

    page.metrics.unreachable(Some("shop"), &story::expected());
    assert_eq!(page.value("migrascope_health_check_success", CONNECT), Some(0.0));
    assert_eq!(page.value("migrascope_migrations_applied", ""), Some(3.0), "what was seen stands");
    assert!(!page.text().contains("\"mysql\""), "the series go on under the labels that they had");

    page.metrics.looked(Some("shop"), &story::answered(), &schema, &Counters::default());
    assert_eq!(page.value("migrascope_health_check_success", CONNECT), Some(1.0));
}

const WRITABLE: &str = "migrascope_check=\"writable\"";

#[test]
fn a_look_at_a_server_that_takes_no_writes_says_so() {
    let mut page = MetricsPage::journaled();
    let checks = BTreeMap::from([("writable".to_owned(), CheckStatus::Ok)]);
    let (schema, totals) = (Schema::default(), Counters { checks, ..Counters::default() });
    let standby = ServerInfo { read_only: Some("a standby in recovery"), ..story::answered() };
    page.metrics.looked(Some("shop"), &standby, &schema, &totals);
    assert_eq!(page.value("migrascope_health_check_success", WRITABLE), Some(0.0));
    assert_eq!(page.value("migrascope_health_check_success", CONNECT), Some(1.0), "it answers");

    page.metrics.looked(Some("shop"), &story::answered(), &schema, &totals);
    assert_eq!(page.value("migrascope_health_check_success", WRITABLE), Some(1.0), "what the journal says stands");
}

#[test]
fn a_database_that_never_answered_is_unreachable_under_the_name_that_was_meant() {
    let mut page = MetricsPage::new(Counters::default());
    page.metrics.unreachable(Some("shop"), &story::expected());
    assert_eq!(page.value("migrascope_health_check_success", CONNECT), Some(0.0));
    assert!(page.text().contains("db_system_name=\"mysql\""));
    assert_eq!(page.value("migrascope_migrations_applied", ""), None, "unknown is not 0");
}

#[test]
fn a_look_keeps_what_the_checks_of_a_run_have_found() {
    let mut page = MetricsPage::after(Course::Fine);
    page.metrics.unreachable(None, &story::expected());
    assert_eq!(page.value("migrascope_health_check_success", CONNECT), Some(0.0));
    assert_eq!(page.value("migrascope_health_check_success", "migrascope_check=\"ping\""), Some(1.0));
    assert_eq!(page.value("migrascope_last_run_success", ""), Some(1.0));
}
