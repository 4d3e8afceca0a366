//! The library embedded in another program: how it is built and run, and what it reports there.

mod examples;

use std::time::Duration;

use migrascope::database::Pool;
use migrascope::event::RunContext;
use migrascope::history::Direction;
use migrascope::migration::Version;
use migrascope::observe::names;
use migrascope::plan::{Change, Target};
use migrascope::policy::{Decision, Environment, Policy};
use migrascope::run::{Repair, Stop, WaitCondition};
use migrascope::{Builder, Error, Event, Migrator, Observer, Report};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use prometheus::{Registry, TextEncoder};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::{Backend, TestDatabase, block_on, eventually, on, on_each};

const FILES: [(&str, &str); 3] = [
    ("1_users.sql", "CREATE TABLE users (id INTEGER);"),
    ("1_users.down.sql", "DROP TABLE users;"),
    ("2_orders.sql", "CREATE TABLE orders (id INTEGER);\nINSERT INTO orders VALUES (1), (2);"),
];

fn embedded() -> Vec<(&'static str, &'static str)> {
    FILES.to_vec()
}

fn built(database: &TestDatabase) -> Migrator {
    Migrator::builder().url(&database.url).embedded(embedded()).build().unwrap()
}

#[test]
fn embedded_files_are_migrations_as_a_directory_is() {
    on_each(|database| {
        let migrator = built(database);
        let (_, plan) = block_on(migrator.plan(Direction::Up)).unwrap();
        assert_eq!(plan.steps.len(), 2);
        let report = block_on(migrator.up()).unwrap();
        assert_eq!((report.applied, report.pending, report.to.as_deref()), (2, 0, Some("2")));
        // The same files on disk are the same migrations.
        let on_disk = database.migrations(&FILES);
        assert!(database.up(&on_disk).unwrap().steps.is_empty());
        assert_eq!(block_on(migrator.status()).unwrap().rows.len(), 2);
        assert_eq!(block_on(migrator.health()).unwrap().command, "health");
    });
}

#[test]
fn a_run_goes_as_far_as_it_is_told() {
    on_each(|database| {
        let migrator = built(database);
        assert_eq!(block_on(migrator.up_to(Target::Steps(1))).unwrap().applied, 1);
        assert_eq!(block_on(migrator.down()).unwrap().applied, 0);
        assert_eq!(block_on(migrator.up()).unwrap().applied, 2, "the next one has the migrator's own target");
    });
}

#[test]
fn faults_of_embedded_files_have_their_paths() {
    let files = vec![("1_a.sql", "SELECT 'open"), ("nothing.sql", "SELECT 1"), ("README.md", "")];
    let error = Migrator::builder().url("sqlite::memory:").embedded(files).build().err().unwrap();
    let Error::Layout(migrascope::layout::LayoutError::Files(problems)) = error else { panic!("{error:?}") };
    let told: Vec<_> = problems.iter().map(|problem| problem.path.display().to_string()).collect();
    assert_eq!(told, ["nothing.sql", "1_a.sql"]);
    assert!(problems[1].place.is_some());
}

#[test]
fn too_little_is_an_error_that_says_what_is_missing() {
    let said = |builder: Builder| builder.build().err().unwrap().to_string();
    assert_eq!(said(Migrator::builder()), "a migrator needs a database: url, pool or connector");
    let unread = Migrator::builder().url("sqlite::memory:");
    assert_eq!(said(unread), "a migrator needs migrations: directory, embedded or migrations");
    let unknown = Migrator::builder().url("oracle://somewhere").embedded(embedded());
    assert!(said(unknown).starts_with("unknown database \"oracle\""));
}

#[test]
fn embedded_checks_belong_to_the_health_checks() {
    on_each(|database| {
        let mut files = embedded();
        files.push(("checks/no_orders.sql", "SELECT 'there are orders' FROM orders"));
        let migrator = Migrator::builder().url(&database.url).embedded(files).health_checks().build().unwrap();
        let error = block_on(migrator.up()).unwrap_err();
        let Error::Unhealthy { failed } = &error.cause else { panic!("{error:?}") };
        assert_eq!(failed[0].name, "no_orders");
        assert_eq!(database.applied(), ["1", "2"]);
    });
}

fn over(pool: &(impl Pool + Clone + 'static)) -> Report {
    let migrator = Migrator::builder().pool(pool).embedded(embedded()).build().unwrap();
    block_on(migrator.up()).unwrap()
}

#[test]
fn a_pool_lends_its_settings() {
    on_each(|database| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _inside = runtime.enter();
        let report = match database.backend {
            Backend::Sqlite => {
                let options = database.url.parse::<sqlx::sqlite::SqliteConnectOptions>().unwrap();
                over(&sqlx::SqlitePool::connect_lazy_with(options.create_if_missing(true)))
            }
            Backend::Postgres => over(&sqlx::PgPool::connect_lazy(&database.url).unwrap()),
            Backend::Mysql => over(&sqlx::MySqlPool::connect_lazy(&database.url).unwrap()),
        };
        assert_eq!(report.applied, 2);
        assert_eq!(database.applied(), ["1", "2"]);
    });
}

#[test]
fn a_pool_of_a_database_in_memory_is_served() {
    block_on(async {
        let pool = sqlx::SqlitePool::connect("sqlite::memory:").await.unwrap();
        let migrator = Migrator::builder().pool(&pool).embedded(embedded()).build().unwrap();
        migrator.up().await.unwrap();
        let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(&pool).await.unwrap();
        assert_eq!(rows, 2, "the pool's own connections see the tables");
    });
}

#[test]
fn a_run_does_what_it_was_made_for_and_reports_its_command() {
    on_each(|database| {
        let migrator = built(database);
        block_on(migrator.up_to(Target::Steps(1))).unwrap();
        let nothing = || assert_eq!(database.applied(), ["1"]);
        let identity = RunContext::new;
        let condition = WaitCondition { version: None, timeout: Duration::ZERO };
        let error = block_on(migrator.wait(condition).context(identity())).unwrap_err();
        assert!(matches!(error.cause, Error::Awaited { .. }) && error.report.command == "wait", "{error:?}");
        nothing();
        let change = Change::MarkReverted(Version::from_digits("2").unwrap().into());
        let error = block_on(migrator.repair(Repair { change, reason: None }).context(identity())).unwrap_err();
        assert!(matches!(error.cause, Error::Refused(_)) && error.report.command == "repair", "{error:?}");
        nothing();
        let policy = Policy { environment: Environment::Production, named_by: None, auto_migrate: Some(false) };
        assert_eq!(block_on(migrator.auto(policy).context(identity())).unwrap().command, "exec");
        nothing();
        let report = block_on(migrator.up().context(RunContext::new())).unwrap();
        assert_eq!((report.command, report.applied), ("up", 2));
    });
}

#[test]
fn a_policy_decides_at_the_start_of_an_application() {
    on_each(|database| {
        let migrator = built(database);
        let auto = |environment, auto_migrate| {
            let policy = Policy { environment, named_by: None, auto_migrate };
            let report = block_on(migrator.auto(policy)).unwrap();
            (report.policy.unwrap().decision, report.steps.len(), report.pending)
        };
        assert_eq!(auto(Environment::Test, Some(true)), (Decision::Leave, 0, 0));
        assert_eq!(auto(Environment::Production, None), (Decision::Look, 0, 2));
        assert_eq!(auto(Environment::Production, Some(true)), (Decision::Migrate, 2, 0));
        assert_eq!(auto(Environment::Development, None), (Decision::Migrate, 0, 0));
        let looks = database.value("SELECT count(*) FROM _migrascope_journal WHERE kind = 'run'");
        assert_eq!(looks, "2", "who only looks leaves no row");
    });
}

#[test]
fn spans_go_to_the_callers_subscriber_below_the_current_span() {
    on(Backend::Sqlite, |database| {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("an application"));
        crate::support::listen();
        let report = tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let start = tracing::info_span!("application start");
            let report = start.in_scope(|| block_on(built(database).up()).unwrap());
            drop(start);
            report
        });
        // The driver's own thread may hold the current span a moment longer.
        let ended = || exporter.get_finished_spans().unwrap();
        let spans = eventually("the start has ended", || {
            ended().iter().any(|span| span.name == "application start").then(ended)
        });
        let find =
            |name: &str| spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name} is missing"));
        let (start, root) = (find("application start"), find(names::SPAN_UP));
        assert_eq!(root.parent_span_id, start.span_context.span_id());
        assert_eq!(find(names::SPAN_MIGRATE).parent_span_id, root.span_context.span_id());
        assert_eq!(report.trace_id, Some(start.span_context.trace_id().to_string()));
        let journaled = database.value("SELECT trace_id FROM _migrascope_journal WHERE kind = 'run'");
        assert_eq!(Some(journaled), report.trace_id, "the journal leads to the trace");
    });
}

#[test]
fn metrics_go_through_the_callers_meter_and_count_on_from_the_journal() {
    use opentelemetry::metrics::MeterProvider as _;

    on_each(|database| {
        built_and_run(database);
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build().unwrap();
        let provider = SdkMeterProvider::builder().with_reader(exporter).build();
        let builder = Migrator::builder().url(&database.url).embedded(embedded());
        let migrator = builder.meter(&provider.meter("migrascope")).build().unwrap();
        block_on(migrator.up().target_name("orders")).unwrap();
        let text = TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        let line = |start: &str, part: &str| {
            let found = text.lines().find(|line| line.starts_with(start) && line.contains(part));
            found.unwrap_or_else(|| panic!("{start} {part}: {text}")).to_owned()
        };
        let runs = line("migrascope_runs_total", "migrascope_outcome=\"success\"");
        assert!(runs.contains("migrascope_target=\"orders\"") && runs.ends_with(" 2"), "{runs}");
        assert!(line("migrascope_migrations_applied", "orders").ends_with(" 2"), "{text}");
    });
}

fn built_and_run(database: &TestDatabase) {
    block_on(built(database).up()).unwrap();
}

struct Asks(Stop);

impl Observer for Asks {
    fn observe(&mut self, event: &Event<'_>) {
        if matches!(event, Event::StatementRunning { .. }) {
            self.0.request();
        }
    }
}

#[test]
fn a_run_ends_in_good_order_when_it_is_asked_to() {
    on_each(|database| {
        let files = vec![("1_slow.sql", database.slow())];
        let migrator = Migrator::builder().url(&database.url).embedded(files).build().unwrap();
        let stop = Stop::default();
        let by_token = block_on(migrator.up().observe(&mut Asks(stop.clone())).stop(&stop)).unwrap_err();
        assert!(matches!(by_token.cause, Error::Interrupted { failure: Some(_) }), "{by_token:?}");
    });
}

#[test]
fn any_future_can_ask_for_it() {
    on_each(|database| {
        let files = vec![("1_slow.sql", database.slow())];
        let migrator = Migrator::builder().url(&database.url).embedded(files).build().unwrap();
        // At any time, before the statement has started or while it runs: it never ends by itself.
        let asked = async { tokio::time::sleep(Duration::from_millis(300)).await };
        let error = block_on(migrator.up().stop_when(asked)).unwrap_err();
        assert!(matches!(error.cause, Error::Interrupted { .. }), "{error:?}");
    });
}

#[test]
fn a_run_can_be_made_by_any_thread_of_a_runtime() {
    fn can_move<T: Send>(_: &T) {}
    let migrator = Migrator::builder().url("sqlite::memory:").embedded(embedded()).build().unwrap();
    let run = migrator.up().into_future();
    can_move(&run);
    can_move(&migrator);
    let seen = block_on(async { tokio::time::timeout(Duration::from_secs(60), run).await });
    assert_eq!(seen.unwrap().unwrap().applied, 2);
}

#[test]
fn an_error_has_its_causes() {
    let files = vec![("1_bad.sql", "SELECT 1;\nSELECT nonsense;")];
    let migrator = Migrator::builder().url("sqlite::memory:").embedded(files).build().unwrap();
    let error = block_on(migrator.up()).unwrap_err();
    assert_eq!(error.to_string(), "migration 1 (bad) failed and was rolled back");
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(cause.to_string(), "1_bad.sql:2:8: no such column: nonsense (1)");
}
