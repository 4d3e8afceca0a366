//! How spans end: within their parents, and with a status even if the run was abandoned.

use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use migrascope::error::Error;
use migrascope::event::{Command, Event, Observer};
use migrascope::observe::logs::Logs;
use migrascope::observe::names;
use migrascope::observe::spans::{SpanPolicy, Spans};
use migrascope::report::{Outcome, Report};
use opentelemetry::trace::Status;
use opentelemetry_sdk::trace::SpanData;

use super::exporting::Project;
use super::receiver::{Manner, Receiver, attribute as received};
use super::spans::{attribute, exported};
use super::story::{self, Course};
use crate::support::eventually;

/// Delays each event.
struct Slowly<O>(O);

impl<O: Observer> Observer for Slowly<O> {
    fn observe(&mut self, event: &Event<'_>) {
        sleep(Duration::from_millis(2));
        self.0.observe(event);
    }
}

fn assert_nested(spans: &[SpanData]) {
    for span in spans {
        let parent = spans.iter().find(|other| other.span_context.span_id() == span.parent_span_id);
        if let Some(parent) = parent {
            assert!(parent.start_time <= span.start_time, "{} begins before {}", span.name, parent.name);
            let (end, latest) = (span.end_time, parent.end_time);
            assert!(end <= latest, "{} ends at {end:?} and {} at {latest:?}", span.name, parent.name);
        }
    }
}

#[test]
fn every_span_lies_inside_of_its_parent_also_with_records_in_them() {
    for (course, limit) in [Course::Fine, Course::Retried, Course::Failing].into_iter().flat_map(|c| [(c, 200), (c, 1)])
    {
        let spans = exported(|| {
            let context = story::context();
            let policy = SpanPolicy { detail_limit: limit, ..SpanPolicy::default() };
            let mut logs = Slowly(Logs::new(&context, Spans::new(Command::Up, &context, policy)));
            story::tell(course, &mut logs, &context);
            logs.0.close(0);
        });
        assert_nested(&spans);
        let attempts = spans.iter().filter(|span| span.name == "attempt").count();
        assert_eq!(attempts, usize::from(course == Course::Retried));
    }
}

/// A run up to its first statement, which emits no further events except this one.
fn cut_off(end: impl FnOnce(&mut Spans)) -> Vec<SpanData> {
    exported(|| {
        let (context, set) = (story::context(), story::set());
        let plan = story::planned(&set);
        let step = &plan.steps[0];
        let mut spans = Spans::new(Command::Up, &context, SpanPolicy::default());
        spans.observe(&Event::RunStarted {
            command: Command::Up,
            run: &context,
            expected: &story::expected(),
            target: "shop",
        });
        spans.observe(&Event::MigrationStarted { step, index: 1, of: 2 });
        spans.observe(&Event::StatementStarted { step, index: 0 });
        end(&mut spans);
        drop(spans);
    })
}

#[test]
fn what_is_open_at_the_end_has_failed_for_the_reason_of_the_run() {
    let error = Error::Abandoned { migration: Some("1 (create_users)".to_owned()) };
    let told =
        "interrupted, and ended before the database answered: the outcome of migration 1 (create_users) is unknown";
    let spans = cut_off(|spans| {
        let report = Report { outcome: Outcome::Cancellation, ..story::ended(Some(&error)) };
        spans.observe(&Event::RunFinished { report: &report, error: Some(&error), schema: None });
    });
    assert_eq!(spans.len(), 3);
    for span in &spans {
        assert_eq!(span.status, Status::error(told), "{}", span.name);
        assert_eq!(attribute(span, names::ERROR_TYPE).as_deref(), Some("abandoned"), "{}", span.name);
        assert_eq!(attribute(span, names::OUTCOME).as_deref(), Some("cancellation"), "{}", span.name);
    }
    assert_nested(&spans);
}

#[test]
fn what_is_open_when_a_run_ends_without_a_word_has_failed_too() {
    let spans = cut_off(|_| {});
    for span in spans.iter().filter(|span| span.name != "migrascope up") {
        assert_eq!(span.status, Status::error("the run ended without its report"), "{}", span.name);
        assert_eq!(attribute(span, names::OUTCOME).as_deref(), Some("error"), "{}", span.name);
    }
}

/// The batch would be sent an hour later, and the process is killed before its statement ends.
#[test]
fn what_was_running_is_known_of_a_process_that_is_killed() {
    let (project, receiver) = (Project::new(), Receiver::start(Manner::Polite));
    project.write(
        "3_slow.sql",
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000000) SELECT max(i) FROM n;\n",
    );
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str()),
        ("OTEL_BLRP_SCHEDULE_DELAY", "3600000"),
        ("OTEL_METRICS_EXPORTER", "none"),
    ];
    let mut command = project.up_command(&environment, &[]);
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program");
    let version = |record: &opentelemetry_proto::tonic::logs::v1::LogRecord| {
        received(&record.attributes, names::MIGRATION_VERSION)
    };
    let records = eventually("the third migration has announced itself", || {
        let records = receiver.records();
        records.iter().any(|record| version(record).as_deref() == Some("3")).then_some(records)
    });
    process.kill().expect("a process of ours");
    process.wait().expect("its end");
    for name in [names::LOG_RUN_STARTED, names::LOG_MIGRATION_STARTED] {
        let record = records.iter().rfind(|record| record.event_name == name).expect(name);
        assert!(record.trace_id.len() == 16 && record.span_id.len() == 8, "{record:?}");
    }
}
