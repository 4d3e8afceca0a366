//! Runs of many migrations: few spans, the slowest ones and every failure in full, and correct times.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use migrascope::database::DatabaseError;
use migrascope::event::{Command, Event, Observer};
use migrascope::history::History;
use migrascope::migration::MigrationSet;
use migrascope::observe::names;
use migrascope::observe::spans::{SpanPolicy, Spans, SqlText};
use migrascope::plan::{self, Step};
use opentelemetry::trace::{SpanId, Status};
use opentelemetry_sdk::trace::SpanData;

use super::spans::{attribute, exported};
use super::story;

const SUMMARIES: [&str; 3] = ["CREATE TABLE t", "CREATE INDEX i", "INSERT INTO t"];

/// When an event was emitted: the time before and after.
type Window = (SystemTime, SystemTime);

/// A run of the migrations `1`, `2`, …, each of which takes the duration that `pace` returns for its number.
struct Tale<'t> {
    migrations: usize,
    pace: &'t dyn Fn(usize) -> Duration,
    /// Where the run ends: the second statement of this migration fails.
    fails: Option<usize>,
    windows: BTreeMap<String, Window>,
}

impl<'t> Tale<'t> {
    fn of(migrations: usize, pace: &'t dyn Fn(usize) -> Duration) -> Self {
        Self { migrations, pace, fails: None, windows: BTreeMap::new() }
    }

    /// Every span of the run.
    fn spans(&mut self, policy: SpanPolicy) -> Vec<SpanData> {
        exported(|| {
            let mut spans = Spans::new(Command::Up, &story::context(), policy);
            self.tell(&mut spans);
            spans.close(0);
        })
    }

    fn tell(&mut self, observer: &mut dyn Observer) {
        let identity = story::answered();
        observer.observe(&Event::RunStarted {
            command: Command::Up,
            run: &story::context(),
            expected: &identity,
            target: "shop",
        });
        observer.observe(&Event::LockStarted { ledger: "`shop`.`_migrascope_migrations`" });
        observer.observe(&Event::LockFinished { error: None, acquired: true, waited: Duration::ZERO, retries: 0 });
        let migrations = 1..=self.migrations;
        let set = MigrationSet::new(migrations.map(|n| story::migration(&n.to_string(), "m", &SUMMARIES)).collect());
        let set = set.expect("no version twice");
        let plan = story::planned(&set);
        let schema = plan::survey(&set, &History::default());
        observer.observe(&Event::PlanStarted);
        observer.observe(&Event::PlanFinished { result: Ok(&plan), elapsed: Duration::ZERO, schema: &schema });
        for (step, number) in plan.steps.iter().zip(1..) {
            self.step(observer, step, number);
            if self.fails == Some(number) {
                break;
            }
        }
        observer.observe(&Event::LockReleased { held: Duration::from_secs(1), error: None });
        observer.observe(&Event::RunFinished { report: &story::ended(None), error: None, schema: None });
    }

    fn step(&mut self, observer: &mut dyn Observer, step: &Step<'_>, number: usize) {
        let elapsed = Duration::from_micros(1);
        let refused = story::syntax_error();
        self.note(observer, format!("{number} starts"), &Event::MigrationStarted { step, index: number, of: 1 });
        let mut failure = None;
        for (index, summary) in SUMMARIES.iter().enumerate() {
            let fails = self.fails == Some(number) && index == 1;
            let result: Result<u64, &DatabaseError> = if fails { Err(&refused) } else { Ok(3) };
            self.note(observer, format!("{number} {summary} starts"), &Event::StatementStarted { step, index });
            let event = Event::StatementFinished { step, index, elapsed, result };
            self.note(observer, format!("{number} {summary} ends"), &event);
            if fails {
                failure = Some(story::failure(step, &refused));
                break;
            }
        }
        if failure.is_none() {
            observer.observe(&Event::RecordStarted { step });
            observer.observe(&Event::RecordFinished { step, elapsed, error: None });
        }
        let mut report = story::report(step, Vec::new(), failure);
        report.elapsed = (self.pace)(number);
        self.note(
            observer,
            format!("{number} ends"),
            &Event::MigrationFinished { step, report: &report, schema: None },
        );
    }

    fn note(&mut self, observer: &mut dyn Observer, what: String, event: &Event<'_>) {
        let before = SystemTime::now();
        observer.observe(event);
        self.windows.insert(what, (before, SystemTime::now()));
    }

    #[track_caller]
    fn assert_true(&self, what: &str, time: SystemTime) {
        let (before, after) = self.windows[what];
        assert!(before <= time && time <= after, "{what}: {time:?} is not within {before:?} and {after:?}");
    }
}

/// 1 ms and a little more for each number, in an order that is unrelated to that of the run: 7 is a generator of 1601.
fn shuffled(number: usize) -> Duration {
    Duration::from_millis(1) + Duration::from_micros(u64::try_from(number * 7 % 1601).expect("a small number") * 20)
}

fn named<'s>(spans: &'s [SpanData], name: &str) -> impl Iterator<Item = &'s SpanData> {
    spans.iter().filter(move |span| span.name == name)
}

fn version(migrate: &SpanData) -> usize {
    attribute(migrate, names::MIGRATION_VERSION).expect("a version").parse().expect("a number")
}

fn children(spans: &[SpanData], parent: SpanId) -> Vec<&SpanData> {
    spans.iter().filter(|span| span.parent_span_id == parent).collect()
}

/// The migrations whose statements have spans.
fn detailed(spans: &[SpanData]) -> BTreeSet<usize> {
    let migrations = named(spans, "migrate").filter(|span| !children(spans, span.span_context.span_id()).is_empty());
    migrations.map(version).collect()
}

#[test]
fn sixteen_hundred_fast_migrations_are_few_spans() {
    let spans = Tale::of(1600, &shuffled).spans(SpanPolicy::default());
    assert_eq!(named(&spans, "migrate").count(), 1600);
    assert_eq!(spans.len(), 1600 + ["root", "lock", "plan", "unlock"].len() + 10 * (SUMMARIES.len() + 1));
    for migrate in named(&spans, "migrate") {
        let detailed = !children(&spans, migrate.span_context.span_id()).is_empty();
        assert_eq!(migrate.events.len(), if detailed { 0 } else { 4 }, "{}", version(migrate));
        assert_eq!(migrate.events.dropped_count, 0);
    }
}

#[test]
fn the_ten_slowest_keep_their_statements_with_true_times() {
    let mut tale = Tale::of(1600, &shuffled);
    let spans = tale.spans(SpanPolicy::default());
    let mut slowest: Vec<usize> = (1..=1600).collect();
    slowest.sort_by_key(|number| std::cmp::Reverse(shuffled(*number)));
    assert_eq!(detailed(&spans), slowest[..10].iter().copied().collect());
    for migrate in named(&spans, "migrate") {
        let number = version(migrate);
        tale.assert_true(&format!("{number} starts"), migrate.start_time);
        tale.assert_true(&format!("{number} ends"), migrate.end_time);
        for statement in children(&spans, migrate.span_context.span_id()) {
            assert!(migrate.start_time <= statement.start_time && statement.end_time <= migrate.end_time);
            if statement.name != "record ledger" {
                tale.assert_true(&format!("{number} {} starts", statement.name), statement.start_time);
                assert!(statement.end_time <= tale.windows[&format!("{number} {} ends", statement.name)].1);
            }
        }
    }
}

#[test]
fn an_event_says_what_its_span_would() {
    let mut tale = Tale::of(300, &shuffled);
    let spans = tale.spans(SpanPolicy::default());
    let fastest = (1..=300).min_by_key(|number| shuffled(*number)).expect("some");
    let migrate = named(&spans, "migrate").find(|span| version(span) == fastest).expect("it is there");
    let told: Vec<_> = migrate.events.iter().map(|event| event.name.as_ref()).collect();
    let statement = names::EVENT_STATEMENT;
    assert_eq!(told, [statement, statement, statement, names::EVENT_RECORD]);
    let second = &migrate.events.events[1];
    assert!(second.timestamp <= tale.windows[&format!("{fastest} CREATE INDEX i ends")].1);
    let attributes: BTreeMap<_, _> =
        second.attributes.iter().map(|attribute| (attribute.key.as_str(), attribute.value.to_string())).collect();
    let expected = [
        (names::DB_QUERY_SUMMARY, "CREATE INDEX i"),
        (names::STATEMENT_DURATION, "0.000001"),
        (names::STATEMENT_INDEX, "2"),
        (names::STATEMENT_ROWS, "3"),
    ];
    assert_eq!(attributes, expected.map(|(key, value)| (key, value.to_owned())).into());
}

#[test]
fn a_failure_is_told_in_full() {
    let mut tale = Tale { fails: Some(250), ..Tale::of(300, &shuffled) };
    let spans = tale.spans(SpanPolicy::default());
    let failed = named(&spans, "migrate").find(|span| version(span) == 250).expect("it is there");
    assert_eq!(failed.status, Status::error("failed at statement 2 of 3"));
    let mut statements = children(&spans, failed.span_context.span_id());
    statements.sort_by_key(|span| span.start_time);
    let told: Vec<_> = statements.iter().map(|span| (span.name.as_ref(), span.status == Status::Unset)).collect();
    assert_eq!(told, [("CREATE TABLE t", true), ("CREATE INDEX i", false)]);
    assert_eq!(attribute(statements[1], names::ERROR_TYPE).as_deref(), Some("1064"));
    assert!(failed.events.is_empty());
    assert_eq!(detailed(&spans).len(), 11, "the failure and the ten slowest");
}

#[test]
fn slow_migrations_keep_their_spans_however_many_they_are() {
    let pace = |number: usize| if number.is_multiple_of(20) { Duration::from_millis(100) } else { shuffled(number) };
    let spans = Tale::of(300, &pace).spans(SpanPolicy::default());
    assert_eq!(detailed(&spans), (1..=15).map(|number| number * 20).collect());
    let few = |number: usize| if number > 297 { Duration::from_secs(1) } else { shuffled(number) };
    let spans = Tale::of(300, &few).spans(SpanPolicy::default());
    assert_eq!(detailed(&spans).len(), 10, "three slow ones and the seven slowest of the others");
    assert!([298, 299, 300].iter().all(|slow| detailed(&spans).contains(slow)));
}

#[test]
fn up_to_the_limit_everything_is_a_span() {
    let spans = Tale::of(200, &shuffled).spans(SpanPolicy::default());
    assert_eq!(detailed(&spans).len(), 200);
    assert_eq!(spans.len(), 4 + 200 * 5);
    assert!(spans.iter().all(|span| span.events.is_empty()));
    let limited = Tale::of(12, &shuffled).spans(SpanPolicy { detail_limit: 11, ..SpanPolicy::default() });
    assert_eq!(detailed(&limited).len(), 10);
}

#[test]
fn a_run_that_is_dropped_tells_what_it_kept_back() {
    let spans = exported(|| {
        let mut spans =
            Spans::new(Command::Up, &story::context(), SpanPolicy { detail_limit: 0, ..SpanPolicy::default() });
        let set = story::set();
        let plan = story::planned(&set);
        let schema = plan::survey(&set, &History::default());
        let step = &plan.steps[1];
        spans.observe(&Event::PlanFinished { result: Ok(&plan), elapsed: Duration::ZERO, schema: &schema });
        spans.observe(&Event::MigrationStarted { step, index: 2, of: 2 });
        spans.observe(&Event::StatementStarted { step, index: 0 });
        spans.observe(&Event::StatementFinished { step, index: 0, elapsed: Duration::ZERO, result: Ok(0) });
    });
    assert_eq!(named(&spans, "CREATE TABLE orders").count(), 1);
}

#[test]
fn without_sql_an_event_has_no_summary() {
    let spans = Tale::of(300, &shuffled).spans(SpanPolicy { sql: SqlText::Off, ..SpanPolicy::default() });
    assert!(!format!("{spans:?}").contains("CREATE"));
    assert_eq!(named(&spans, "mariadb").count(), 30, "ten migrations with three statements");
}
