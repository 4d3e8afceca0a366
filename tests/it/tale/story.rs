//! Simulated runs, emitted event by event.

use std::path::PathBuf;
use std::time::Duration;

use migrascope::database::{DatabaseError, ErrorKind, Holder, ServerInfo};
use migrascope::error::Error;
use migrascope::event::{Command, Event, Observer, RunContext};
use migrascope::history::{Direction, History};
use migrascope::migration::{Dialect, Migration, MigrationSet, Script, Version};
use migrascope::plan::{self, Missing, Objection, Order, Plan, Rules, Schema, Step, Target};
use migrascope::report::{
    CheckReport, CheckStatus, Failure, HealthReport, Outcome, PartialEffect, Report, RetryReason, Stage,
    StatementReport, StepReport, Unit,
};

pub(super) const RUN_ID: &str = "0190e4ae-7f00-7000-8000-000000000001";
pub(super) const SECRET_SQL: &str = "CREATE TABEL users (password text DEFAULT 'hunter2')";

/// Two migrations with two and one statements.
pub(super) fn set() -> MigrationSet {
    let first = migration("1", "create_users", &["CREATE TABLE users", "CREATE INDEX users_email"]);
    let second = migration("2", "add_orders", &["CREATE TABLE orders"]);
    MigrationSet::new(vec![first, second]).expect("two versions")
}

pub(super) fn migration(version: &str, name: &str, summaries: &[&str]) -> Migration {
    let path = PathBuf::from(format!("migrations/{version}_{name}.sql"));
    let text: String = summaries.iter().map(|summary| format!("{summary} (id int);\n")).collect();
    let up = Script::new(path, &text, Dialect::Mysql);
    Migration { key: Version::from_digits(version).expect("digits").into(), name: name.to_owned(), up, down: None }
}

pub(super) fn context() -> RunContext {
    RunContext { run_id: RUN_ID.to_owned(), target: Some("shop".to_owned()), ..RunContext::new() }
}

/// As given in the URL: a MySQL database, which will turn out to be MariaDB.
pub(super) fn expected() -> ServerInfo {
    ServerInfo {
        system: "mysql",
        version: String::new(),
        database: "shop".to_owned(),
        schema: None,
        user: None,
        address: Some("db.internal".to_owned()),
        port: Some(3307),
        file: None,
        process: None,
        read_only: None,
    }
}

pub(super) fn answered() -> ServerInfo {
    ServerInfo { system: "mariadb", version: "11.4".to_owned(), process: Some(7), ..expected() }
}

pub(super) fn syntax_error() -> DatabaseError {
    let message = format!("You have an error in your SQL syntax near '{SECRET_SQL}' at line 1");
    DatabaseError { code: Some("1064".to_owned()), ..DatabaseError::new(ErrorKind::Syntax, message) }
}

/// The outcome of the simulated run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// Both migrations are applied, after waiting for the lock.
    Fine,
    /// The second statement of the first migration fails.
    Failing,
    /// The second statement of the first migration fails with a deadlock, and the whole migration is retried.
    Retried,
    /// The server does not answer.
    Unreachable,
    /// The connection is lost at the second statement of the first migration.
    Lost,
    /// One file was changed, two are missing: the plan is refused.
    Refused,
}

impl Course {
    fn is_good(self) -> bool {
        matches!(self, Self::Fine | Self::Retried)
    }
}

/// Emits a run of [`set`].
pub(super) fn tell(course: Course, observer: &mut dyn Observer, context: &RunContext) {
    let expected = expected();
    observer.observe(&Event::RunStarted {
        command: Command::Up,
        run: context,
        expected: &expected,
        target: context.target(&expected),
    });
    observer.observe(&Event::ConnectStarted);
    if course == Course::Unreachable {
        return tell_unreachable(observer, expected);
    }
    let identity = answered();
    observer.observe(&Event::ConnectFinished { result: Ok(&identity), elapsed: Duration::from_millis(20) });
    tell_lock(observer);
    let set = set();
    let plan = planned(&set);
    let before = plan::survey(&set, &History::default());
    observer.observe(&Event::PlanStarted);
    let elapsed = Duration::from_millis(5);
    if course == Course::Refused {
        return tell_refusal(observer);
    }
    observer.observe(&Event::PlanFinished { result: Ok(&plan), elapsed, schema: &before });
    let mut steps = Vec::new();
    for (index, step) in plan.steps.iter().enumerate() {
        observer.observe(&Event::MigrationStarted { step, index: index + 1, of: plan.steps.len() });
        let report = tell_step(course, observer, step);
        observer.observe(&Event::MigrationFinished { step, report: &report, schema: None });
        steps.push(report);
        if matches!(course, Course::Failing | Course::Lost) {
            break;
        }
    }
    let health = (course.is_good()).then(|| tell_health(observer));
    observer.observe(&Event::LockReleased { held: Duration::from_secs(1), error: None });
    tell_end(course, observer, steps, health);
}

pub(super) fn planned(set: &MigrationSet) -> Plan<'_> {
    let rules = Rules {
        target: Target::Latest,
        order: Order::Strict,
        missing: Missing::Refuse,
        changed: plan::Changed::Refuse,
        unmanaged: plan::Unmanaged::Refuse,
        transactional_ddl: true,
        foreign_keys: None,
        product: "MariaDB",
    };
    plan::up(set, &History::default(), &rules).expect("a plan")
}

fn tell_lock(observer: &mut dyn Observer) {
    observer.observe(&Event::LockStarted { ledger: "`_migrascope_migrations`" });
    let holder = Holder { process: Some(12), user: Some("deploy".to_owned()), ..Holder::default() };
    observer.observe(&Event::LockWaited { holder: Some(&holder), waited: Duration::ZERO });
    observer.observe(&Event::LockWaited { holder: None, waited: Duration::from_secs(1) });
    observer.observe(&Event::LockFinished {
        error: None,
        acquired: true,
        waited: Duration::from_millis(1500),
        retries: 2,
    });
}

fn tell_step(course: Course, observer: &mut dyn Observer, step: &Step<'_>) -> StepReport {
    // The server reports that they took no time at all.
    let elapsed = Duration::ZERO;
    let retries = u32::from(course == Course::Retried && step.migration.key.as_str() == "1");
    if retries > 0 {
        tell_deadlock(observer, step);
    }
    let mut statements = Vec::new();
    for (index, statement) in step.statements().iter().enumerate() {
        observer.observe(&Event::StatementStarted { step, index });
        observer.observe(&Event::StatementRunning { step, index, elapsed });
        if matches!(course, Course::Failing | Course::Lost) && index == 1 {
            let error = match course {
                Course::Lost => DatabaseError::new(ErrorKind::Lost, "unexpected end of file"),
                _ => syntax_error(),
            };
            observer.observe(&Event::StatementFinished { step, index, elapsed, result: Err(&error) });
            return report(step, statements, Some(failure(step, &error)));
        }
        observer.observe(&Event::StatementFinished { step, index, elapsed, result: Ok(3) });
        let summary = statement.summary.clone();
        statements.push(StatementReport { summary, line: statement.line, elapsed, rows: 3 });
    }
    observer.observe(&Event::RecordStarted { step });
    observer.observe(&Event::RecordFinished { step, elapsed: Duration::from_millis(2), error: None });
    StepReport { retries, ..report(step, statements, None) }
}

pub(super) fn tell_deadlock(observer: &mut dyn Observer, step: &Step<'_>) {
    let (index, elapsed) = (1, Duration::ZERO);
    observer.observe(&Event::StatementStarted { step, index: 0 });
    observer.observe(&Event::StatementFinished { step, index: 0, elapsed, result: Ok(0) });
    observer.observe(&Event::StatementStarted { step, index });
    let blocker = Holder { process: Some(12), doing: Some(SECRET_SQL.to_owned()), ..Holder::default() };
    observer.observe(&Event::StatementBlocked { step, index, blocker: &blocker, elapsed });
    let mut error = DatabaseError::new(ErrorKind::Deadlock, format!("deadlock found at '{SECRET_SQL}'"));
    error.code = Some("1213".to_owned());
    observer.observe(&Event::StatementFinished { step, index, elapsed, result: Err(&error) });
    let pause = Duration::from_millis(300);
    let (reason, attempt, of) = (RetryReason::Deadlock, 1, 11);
    let holder = Holder { process: Some(12), since: Some("2026-01-01T00:00:00Z".to_owned()), ..Holder::default() };
    let blocker = Some(&holder);
    observer.observe(&Event::Retrying { step, index, reason, error: &error, attempt, of, pause, blocker });
    observer.observe(&Event::AttemptStarted { step, attempt: 2 });
}

pub(super) fn report(step: &Step<'_>, statements: Vec<StatementReport>, failure: Option<Failure>) -> StepReport {
    StepReport {
        version: step.migration.key.to_string(),
        name: step.migration.name.clone(),
        direction: Direction::Up,
        atomic: step.atomic.is_yes(),
        outcome: if failure.is_some() { Outcome::Failure } else { Outcome::Success },
        statements,
        total: u32::try_from(step.statements().len()).expect("few"),
        retries: 0,
        elapsed: Duration::from_millis(250),
        failure,
    }
}

pub(super) fn failure(step: &Step<'_>, error: &DatabaseError) -> Failure {
    Failure {
        path: step.script.path().to_owned(),
        line: 2,
        column: 1,
        offset: 0,
        exact: false,
        statement: Some(2),
        stage: Stage::Statement,
        summary: "CREATE INDEX users_email".to_owned(),
        code: error.code.clone(),
        message: error.message.clone(),
        lost: error.lost(),
        detail: None,
        hint: None,
        invalid_index: None,
        blocker: None,
        remains: PartialEffect::Nothing,
    }
}

/// Two checks: a healthy one and a failed one.
fn tell_health(observer: &mut dyn Observer) -> HealthReport {
    observer.observe(&Event::HealthStarted);
    let mut checks = Vec::new();
    for (name, status, value) in [("ping", CheckStatus::Ok, 0.001), ("replica_lag", CheckStatus::Warn, 12.5)] {
        observer.observe(&Event::CheckStarted { name });
        let check = CheckReport {
            name: name.to_owned(),
            status,
            value: Some(value),
            threshold: Some(10.0),
            unit: Some(Unit::Seconds),
            message: SECRET_SQL.to_owned(),
            help: None,
            elapsed: Duration::from_millis(4),
        };
        observer.observe(&Event::CheckFinished { check: &check });
        checks.push(check);
    }
    let report = HealthReport { checks, elapsed: Duration::from_millis(30) };
    observer.observe(&Event::HealthFinished { report: &report });
    report
}

fn tell_end(course: Course, observer: &mut dyn Observer, steps: Vec<StepReport>, health: Option<HealthReport>) {
    let error = steps.iter().find_map(|step| {
        let failure = step.failure.clone()?;
        Some(Error::Migration { version: step.version.clone(), name: step.name.clone(), failure: Box::new(failure) })
    });
    let applied = if course.is_good() { 2 } else { 0 };
    let version = (course.is_good()).then(|| Version::from_digits("2").expect("digits"));
    let schema = Schema { version, applied, pending: 2 - applied, changed: 0, missing: 0, dirty: false };
    let report = Report { steps, health, applied, pending: 2 - applied, ..ended(error.as_ref()) };
    observer.observe(&Event::RunFinished { report: &report, error: error.as_ref(), schema: Some(&schema) });
}

fn tell_refusal(observer: &mut dyn Observer) {
    let version = |digits: &str| Version::from_digits(digits).expect("digits");
    let missing = |digits: &str| Objection::Missing { key: version(digits).into(), name: "gone".to_owned() };
    let (name, applied, found) = ("orders".to_owned(), "a".to_owned(), "b".to_owned());
    let changed = Objection::Changed { key: version("2").into(), name, applied, found };
    let error = Error::Refused(vec![missing("1"), changed, missing("3")]);
    let schema = Schema { applied: 3, changed: 1, missing: 2, ..Schema::default() };
    let elapsed = Duration::from_millis(5);
    observer.observe(&Event::PlanFinished { result: Err(&error), elapsed, schema: &schema });
    observer.observe(&Event::RunFinished { report: &ended(Some(&error)), error: Some(&error), schema: Some(&schema) });
}

fn tell_unreachable(observer: &mut dyn Observer, expected: ServerInfo) {
    let mut refused = DatabaseError::new(ErrorKind::Connect, "nobody answers");
    refused.disclosable = Some("connection refused".to_owned());
    observer.observe(&Event::ConnectFinished { result: Err(&refused), elapsed: Duration::from_millis(1) });
    let error = Error::Connect { expected: Box::new(expected), source: Box::new(refused) };
    let report = ended(Some(&error));
    observer.observe(&Event::RunFinished { report: &report, error: Some(&error), schema: None });
}

pub(super) fn ended(error: Option<&Error>) -> Report {
    Report {
        run_id: RUN_ID.to_owned(),
        trace_id: None,
        command: "up",
        policy: None,
        outcome: error.map_or(Outcome::Success, Error::outcome),
        from: None,
        to: None,
        applied: 0,
        pending: 0,
        steps: Vec::new(),
        lock_waited: Duration::ZERO,
        health: None,
        elapsed: Duration::from_secs(2),
        end_not_recorded: false,
    }
}
