//! Events → log events: which ones, their severity and attributes, and `--log-format`.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use migrascope::error::{Error, HookFault};
use migrascope::event::{Command, Event, Hook, Observer};
use migrascope::history::Direction;
use migrascope::observe::logs::{Logs, Remarks};
use migrascope::observe::names::{self, LOG_EVENTS};
use migrascope::observe::spans::{SpanPolicy, Spans};
use migrascope::plan::{Change, Schema};
use migrascope::policy::{Environment, Policy as AtStart};
use migrascope::report::{CheckReport, CheckStatus, Outcome, StepReport};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::exporting::Project;
use super::story::{self, Course, RUN_ID};

/// A log event as a subscriber receives it.
#[derive(Debug, Clone, Default)]
struct Told {
    name: &'static str,
    severity: String,
    fields: BTreeMap<&'static str, String>,
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }
}

#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<Told>>>);

impl<S: tracing::Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        assert_eq!(metadata.target(), names::SCOPE);
        let mut told = Told { name: metadata.name(), severity: metadata.level().to_string(), ..Told::default() };
        event.record(&mut told);
        self.0.lock().expect("no panic").push(told);
    }
}

/// The events of a run.
fn told(tell: impl FnOnce(&mut Logs)) -> Vec<Told> {
    let ear = Ear::default();
    crate::support::listen();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(ear.clone()), || {
        let context = story::context();
        let mut logs = Logs::new(&context, Spans::new(Command::Up, &context, SpanPolicy::default()));
        tell(&mut logs);
        logs.close(0);
    });
    let told = ear.0.lock().expect("no panic");
    told.clone()
}

fn told_of(course: Course) -> Vec<Told> {
    told(|logs| story::tell(course, logs, &story::context()))
}

/// `NAME SEVERITY` of each.
fn headlines(told: &[Told]) -> Vec<String> {
    let short = |name: &str| name.trim_start_matches("migrascope.").to_owned();
    told.iter().map(|told| format!("{} {}", short(told.name), told.severity)).collect()
}

fn hook_failure() -> Error {
    Error::Hook { hook: Hook::Backup, migration: None, fault: HookFault::Exited(3) }
}

/// Rare events.
fn mishaps(logs: &mut Logs) {
    let set = story::set();
    let plan = story::planned(&set);
    let step = &plan.steps[0];
    let policy = AtStart { environment: Environment::Test, named_by: None, auto_migrate: None };
    logs.observe(&Event::PolicyDecided { decided: &policy.decided() });
    let schema = Schema { version: None, applied: 0, pending: 2, changed: 0, missing: 0, dirty: false };
    for _ in 0..2 {
        logs.observe(&Event::SchemaAwaited { schema: Some(&schema), error: None, waited: Duration::ZERO });
    }
    logs.observe(&Event::LockStarted { ledger: "`_migrascope_migrations`" });
    let error = Error::Lock { waited: Duration::from_secs(5), holder: None };
    logs.observe(&Event::LockFinished {
        error: Some(&error),
        acquired: false,
        waited: Duration::from_secs(5),
        retries: 0,
    });
    logs.observe(&Event::PlanStarted);
    let schema = Schema { version: None, applied: 2, pending: 0, changed: 1, missing: 2, dirty: true };
    logs.observe(&Event::PlanFinished { result: Ok(&plan), elapsed: Duration::ZERO, schema: &schema });
    logs.observe(&Event::MigrationStarted { step, index: 1, of: 2 });
    logs.observe(&Event::StatementStarted { step, index: 0 });
    let elapsed = Duration::from_millis(1001);
    logs.observe(&Event::StatementFinished { step, index: 0, elapsed, result: Ok(0) });
    logs.observe(&Event::InvalidIndexDropped { step, index: 0, name: "public.i" });
    let change = Change::MarkApplied(step.migration.key.clone());
    logs.observe(&Event::HistoryChanged { change: &change, migrations: 1 });
    let reverted = StepReport { direction: Direction::Down, ..story::report(step, Vec::new(), None) };
    logs.observe(&Event::MigrationFinished { step, report: &reverted, schema: None });
    for error in [None, Some(&hook_failure())] {
        let (hook, elapsed) = (Hook::Backup, Duration::from_millis(5));
        logs.observe(&Event::HookStarted { hook, step: None });
        logs.observe(&Event::HookFinished { hook, step: None, elapsed, error });
    }
    logs.observe(&Event::HealthStarted);
    logs.observe(&Event::CheckStarted { name: "ledger" });
    let check = CheckReport {
        name: "ledger".to_owned(),
        status: CheckStatus::Fail,
        value: None,
        threshold: None,
        unit: None,
        message: story::SECRET_SQL.to_owned(),
        help: None,
        elapsed: Duration::from_millis(4),
    };
    logs.observe(&Event::CheckFinished { check: &check });
    remark(&logs.remarks());
}

fn remark(remarks: &Remarks) {
    remarks.signal_received("SIGTERM");
    remarks.telemetry_degraded("traces", "connection refused", 7);
    remarks.telemetry_flushed("traces", Outcome::Failure, Duration::from_millis(3));
}

#[test]
fn a_run_is_told_from_beginning_to_end() {
    assert_eq!(
        headlines(&told_of(Course::Fine)),
        [
            "run.started INFO",
            "lock.waiting WARN",
            "lock.acquired INFO",
            "migration.started INFO",
            "migration.applied INFO",
            "migration.started INFO",
            "migration.applied INFO",
            "run.finished INFO",
        ]
    );
    assert_eq!(
        headlines(&told_of(Course::Failing)).split_off(3),
        ["migration.started INFO", "migration.failed ERROR", "run.finished ERROR"]
    );
    assert_eq!(headlines(&told_of(Course::Unreachable)), ["run.started INFO", "run.finished ERROR"]);
}

#[test]
fn what_is_tried_again_is_told_with_its_reason() {
    let told = told_of(Course::Retried);
    assert_eq!(headlines(&told)[3..6], ["migration.started INFO", "statement.retrying WARN", "migration.applied INFO"]);
    assert_eq!(told[4].fields[names::BLOCKER], "process 12, transaction since 2026-01-01T00:00:00Z");
    let fields = |keys: &[&'static str]| keys.iter().map(|key| told[4].fields[key].as_str()).collect::<Vec<_>>();
    assert_eq!(
        fields(&[names::MIGRATION_VERSION, names::STATEMENT_INDEX, names::DB_QUERY_SUMMARY, names::RETRY_REASON]),
        ["1", "2", "CREATE INDEX users_email", "deadlock"]
    );
    assert_eq!(
        fields(&[names::ERROR_TYPE, names::ATTEMPT, names::ATTEMPTS, names::RETRY_PAUSE, "message"]),
        ["1213", "1", "11", "0.3", "CREATE INDEX users_email failed (deadlock), retrying in 0.3 s"]
    );
}

#[test]
fn what_seldom_happens_is_told_too() {
    assert_eq!(
        headlines(&told(mishaps)),
        [
            "policy.decided INFO",
            "schema.awaited INFO",
            "lock.timeout ERROR",
            "checksum.mismatch WARN",
            "migrations.missing WARN",
            "schema.dirty WARN",
            "migration.started INFO",
            "statement.slow WARN",
            "index.dropped WARN",
            "history.changed WARN",
            "migration.reverted INFO",
            "hook.started INFO",
            "hook.finished INFO",
            "hook.started INFO",
            "hook.finished ERROR",
            "health_check.failed ERROR",
            "signal.received WARN",
            "telemetry.degraded WARN",
            "telemetry.flushed INFO",
        ]
    );
}

#[test]
fn a_lost_connection_has_one_error_type() {
    let told = told_of(Course::Lost);
    for name in [names::LOG_MIGRATION_FAILED, names::LOG_RUN_FINISHED] {
        let end = told.iter().find(|told| told.name == name).expect(name);
        assert_eq!(end.fields.get(names::ERROR_TYPE).map(String::as_str), Some("connection_lost"), "{name}");
    }
}

#[test]
fn the_end_of_a_refused_run_says_why() {
    let told = told_of(Course::Refused);
    let end = told.iter().find(|told| told.name == names::LOG_RUN_FINISHED).expect("an end");
    assert_eq!(end.fields.get(names::REFUSAL_REASONS).map(String::as_str), Some("changed,missing"));
    let told = told_of(Course::Failing);
    let end = told.iter().find(|told| told.name == names::LOG_RUN_FINISHED).expect("an end");
    assert_eq!(end.fields.get(names::REFUSAL_REASONS), None, "it was not refused");
}

#[test]
fn the_catalogue_is_what_is_told() {
    let all = [told_of(Course::Fine), told_of(Course::Retried), told_of(Course::Failing), told(mishaps)].concat();
    let mut heard: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for told in &all {
        let severities = heard.entry(told.name).or_default();
        if !severities.contains(&told.severity.as_str()) {
            severities.push(&told.severity);
        }
    }
    assert_eq!(heard, catalogue());
}

fn catalogue() -> BTreeMap<&'static str, Vec<&'static str>> {
    let severities = |event: &names::LogEvent| event.severities.iter().map(|severity| severity.word()).collect();
    LOG_EVENTS.iter().map(|event| (event.name, severities(event))).collect()
}

#[test]
fn the_documentation_has_the_log_events() {
    let text = include_str!("../../../docs/telemetry.md");
    let section = text.split("\n## Logs\n").nth(1).expect("a section about logs");
    let section = section.split("\n## ").next().expect("its text");
    let documented: BTreeMap<&str, Vec<&str>> = section
        .lines()
        .filter(|line| line.starts_with("| `migrascope."))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            (cells[0].trim_matches('`'), cells[1].split(" or ").collect())
        })
        .collect();
    assert_eq!(documented, catalogue());
}

#[test]
fn every_record_names_its_run_and_its_target() {
    for told in [told_of(Course::Retried), told_of(Course::Failing), told(mishaps)].concat() {
        assert_eq!(told.fields.get(names::RUN_ID).map(String::as_str), Some(RUN_ID), "{told:?}");
        assert_eq!(told.fields.get(names::TARGET).map(String::as_str), Some("shop"), "{told:?}");
    }
}

#[test]
fn a_failure_says_where_and_never_quotes() {
    let all = told_of(Course::Failing);
    let failed = all.iter().find(|told| told.name == names::LOG_MIGRATION_FAILED).expect("a failure");
    let table = [
        (names::MIGRATION_VERSION, "1"),
        (names::OUTCOME, "failure"),
        (names::ERROR_TYPE, "1064"),
        (names::STATEMENT_INDEX, "2"),
        (names::SCRIPT_FILE, "migrations/1_create_users.sql"),
        (names::SCRIPT_LINE, "2"),
    ];
    for (field, value) in table {
        assert_eq!(failed.fields.get(field).map(String::as_str), Some(value), "{field}: {failed:?}");
    }
    assert_eq!(failed.fields["message"], "migration 1 (create_users) has failed: syntax error", "{failed:?}");
    for told in [all, told(mishaps)].concat() {
        let text = format!("{told:?}");
        assert!(!text.contains("hunter2") && !text.contains("TABEL"), "{text}");
    }
}

/// The JSON lines on standard error.
fn lines(project: &Project, variables: &[(&str, &str)], options: &[&str]) -> Vec<Value> {
    let output = project.up(variables, options);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

#[test]
fn lines_are_json_with_the_ids_of_run_and_trace() {
    for options in [&["--log-format", "json"][..], &["--log-format", "json", "--quiet"]] {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = format!("00-{trace}-00f067aa0ba902b7-01");
        let lines = lines(&Project::new(), &[("TRACEPARENT", &parent)], options);
        let events: Vec<_> = lines.iter().filter_map(|line| line["event"].as_str()).collect();
        assert_eq!(events.first(), Some(&"migrascope.run.started"), "{events:?}");
        assert_eq!(events.last(), Some(&"migrascope.run.finished"), "{events:?}");
        for line in &lines {
            assert_eq!(line["trace_id"].as_str(), Some(trace), "{line}");
            assert_eq!(line["migrascope.run.id"], lines[0]["migrascope.run.id"], "{line}");
            assert!(line["time"].is_string() && line["severity"].is_string() && line["message"].is_string(), "{line}");
        }
    }
}

#[test]
fn lines_are_not_written_unless_asked_for() {
    let output = Project::new().up(&[], &[]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("migrascope.run.started"), "{output:?}");
    let output = Project::new().up(&[("MIGRASCOPE_LOG_FORMAT", "text")], &[]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.lines().any(|line| line.contains("INFO") && line.contains("migrascope.run.started: up has started")));
}
