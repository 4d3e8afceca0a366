//! The health checks, after a run and alone, on healthy databases.

mod before;
mod faults;
mod own;
mod postgres;

use std::time::Duration;

use migrascope::event::Command;
use migrascope::health::{Health, Thresholds};
use migrascope::layout;
use migrascope::migration::MigrationSet;
use migrascope::report::{CheckReport, CheckStatus, Outcome};
use migrascope::{Error, Migrator, Options, Report, RunError};

use crate::support::{Backend, Log, TestDatabase, block_on, connector, on, on_each};

const TABLE: (&str, &str) = ("1_a.sql", "CREATE TABLE a (i INTEGER)");

/// Options with the checks, and these custom check files.
fn checked(database: &TestDatabase, own: &[(&str, &str)]) -> Options {
    let own = layout::Reader::directory(database.migrations(own), database.connector().dialect()).checks().unwrap();
    Options { health: Health::Check { custom: own, thresholds: Thresholds::default() }, ..Options::default() }
}

/// An `up` with the checks after it.
fn up(database: &TestDatabase, migrations: &[(&str, &str)], own: &[(&str, &str)]) -> Result<Report, RunError> {
    database.run(Command::Up, &database.migrations(migrations), checked(database, own)).0
}

/// Only the checks, which need no migrations.
fn health(database: &TestDatabase, own: &[(&str, &str)]) -> Result<Report, RunError> {
    health_at(&database.url, checked(database, own))
}

fn health_at(url: &str, options: Options) -> Result<Report, RunError> {
    let migrator = Migrator::new(connector(url), MigrationSet::default(), options);
    block_on(migrator.health().observe(&mut Log::default()))
}

fn checks(report: &Report) -> &[CheckReport] {
    &report.health.as_ref().expect("checks were made").checks
}

fn told(report: &Report) -> Vec<String> {
    checks(report).iter().map(|check| format!("{} {}", check.name, check.status.word())).collect()
}

/// The one check that failed.
#[track_caller]
fn only_failure(result: Result<Report, RunError>) -> CheckReport {
    let error = result.expect_err("it is unhealthy");
    let Error::Unhealthy { failed } = &error.cause else { panic!("{error:?}") };
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(checks(&error.report).contains(&failed[0]), "the report travels with the error");
    failed[0].clone()
}

/// The check with this name, which must have this status.
#[track_caller]
fn ended(report: &Report, name: &str, status: CheckStatus) -> CheckReport {
    let check = checks(report).iter().find(|check| check.name == name).unwrap_or_else(|| panic!("no check {name}"));
    assert_eq!(check.status, status, "{check:?}");
    check.clone()
}

/// The names of the database's checks, all of which must be healthy.
fn all_well(backend: Backend) -> Vec<String> {
    let own: &[&str] = match backend {
        Backend::Sqlite => &["quick_check", "foreign_keys"],
        Backend::Postgres => &["invalid_indexes", "unvalidated_constraints", "connections", "replica_lag"],
        Backend::Mysql => &["connections", "replica_lag"],
    };
    ["connect", "ping", "read", "write_rollback", "writable"]
        .iter()
        .chain(own)
        .map(|name| format!("{name} ok"))
        .collect()
}

#[test]
fn a_run_that_did_something_is_followed_by_every_check_under_the_lock() {
    on_each(|database| {
        let (result, events) = database.run(Command::Up, &database.migrations(&[TABLE]), checked(database, &[]));
        let report = result.unwrap();
        assert_eq!(told(&report), all_well(database.backend));
        assert!(checks(&report).iter().all(|check| check.help.is_none()), "no advice where nothing is to be done");
        let place = |text: &str| events.iter().position(|event| event == text).unwrap_or_else(|| panic!("{text}"));
        assert!(place("migration finished 1 success") < place("health started"));
        assert!(place("health started") < place("check started connect"));
        assert!(place("check started connect") < place("check connect ok"));
        assert!(place("health finished ok") < place("lock released ok"), "nobody else has changed anything meanwhile");
        assert_eq!(events.last().unwrap(), "run finished success");
    });
}

#[test]
fn the_time_of_the_checks_is_in_the_row_of_the_run() {
    on_each(|database| {
        let report = up(database, &[TABLE], &[]).unwrap();
        let measured: f64 =
            database.value("SELECT health_ms FROM _migrascope_journal WHERE kind = 'run'").parse().unwrap();
        let elapsed = report.health.unwrap().elapsed.as_secs_f64() * 1e3;
        assert!((measured - elapsed).abs() < 0.002, "{measured} ms in the journal, {elapsed} ms in the report");
        assert!(elapsed > 0.0 && report.elapsed > Duration::from_secs_f64(elapsed / 1e3));
    });
}

#[test]
fn a_row_that_is_written_for_a_check_does_not_stay() {
    on_each(|database| {
        up(database, &[TABLE], &[]).unwrap();
        ended(&health(database, &[]).unwrap(), "write_rollback", CheckStatus::Ok);
        let rows = database
            .query("SELECT kind, outcome FROM _migrascope_journal WHERE kind IN ('run', 'migration') ORDER BY kind");
        let row = |kind: &str| vec![Some(kind.to_owned()), Some("success".to_owned())];
        assert_eq!(rows, [row("migration"), row("run")]);
    });
}

#[test]
fn nothing_to_do_and_health_off_make_no_checks() {
    on_each(|database| {
        let directory = database.migrations(&[TABLE]);
        assert_eq!(database.up(&directory).unwrap().health, None, "a library does not check unless it is asked to");
        let failing = checked(database, &[("never.sql", "SELECT 1")]);
        let (result, events) = database.run(Command::Up, &directory, failing);
        assert_eq!(result.unwrap().health, None);
        assert!(!events.contains(&"health started".to_owned()), "{events:?}");
    });
}

#[test]
fn a_migration_that_fails_is_followed_by_no_checks() {
    on_each(|database| {
        let error = up(database, &[("1_a.sql", "CREATE TABEL a (i INTEGER)")], &[]).unwrap_err();
        assert!(matches!(error.cause, Error::Migration { .. }), "{error:?}");
        assert_eq!(error.report.health, None);
    });
}

#[test]
fn alone_they_change_nothing_and_need_no_tables() {
    on_each(|database| {
        // A SQLite database exists only after it was written to.
        database.query("CREATE TABLE theirs (i INTEGER)");
        let report = health(database, &[]).unwrap();
        assert_eq!((report.outcome, report.command), (Outcome::Success, "health"));
        let expected: Vec<String> = all_well(database.backend)
            .into_iter()
            .map(|line| match line.as_str() {
                "read ok" | "write_rollback ok" => line.replace(" ok", " skipped"),
                _ => line,
            })
            .collect();
        assert_eq!(told(&report), expected);
        let tables = match database.backend {
            Backend::Sqlite => "SELECT count(*) FROM sqlite_master",
            Backend::Postgres => "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()",
            Backend::Mysql => "SELECT count(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()",
        };
        assert_eq!(database.value(tables), "1", "nothing was made");
    });
}

#[test]
fn alone_they_make_no_file() {
    on(Backend::Sqlite, |database| {
        let error = health(database, &[]).unwrap_err();
        assert!(matches!(error.cause, Error::Connect { .. }), "{error:?}");
        assert_eq!(error.report.health, None);
        let path = database.url.strip_prefix("sqlite://").unwrap();
        assert!(!std::path::Path::new(path).exists());
    });
}

#[test]
fn an_unhealthy_run_is_applied_and_its_row_says_error() {
    on_each(|database| {
        let own = [("a_row.sql", "SELECT 7 AS i FROM (SELECT count(*) AS n FROM a) counted")];
        let failed = only_failure(up(database, &[TABLE], &own));
        assert_eq!((failed.name.as_str(), failed.message.as_str()), ("a_row", "1 found: 7"));
        assert_eq!(database.applied(), ["1"]);
        let rows = database
            .query("SELECT kind, outcome, error_code FROM _migrascope_journal WHERE kind IN ('run', 'migration') ORDER BY kind");
        let row = |words: [Option<&str>; 3]| words.map(|word| word.map(str::to_owned)).to_vec();
        assert_eq!(
            rows,
            [row([Some("migration"), Some("success"), None]), row([Some("run"), Some("error"), Some("unhealthy")])]
        );
        let check =
            "SELECT count(*) FROM _migrascope_journal WHERE kind = 'check' AND name = 'a_row' AND outcome = 'fail'";
        assert_eq!(database.value(check), "1");
        let (_, totals) =
            block_on(database.migrator(&database.migrations(&[TABLE]), Options::default()).look()).unwrap();
        assert_eq!(totals.runs.get(&Outcome::Error), Some(&1));
        assert_eq!(totals.checks.get("a_row"), Some(&CheckStatus::Fail));
        assert_eq!(totals.checks.get("connect"), Some(&CheckStatus::Ok));
        let last = totals.last_run.unwrap();
        assert!(last.outcome == Outcome::Error && last.stages.health > Duration::ZERO, "{last:?}");

        let again = up(database, &[TABLE], &own).unwrap();
        assert_eq!((again.outcome, again.steps.len()), (Outcome::Success, 0), "nothing has to be done again");
    });
}

#[test]
fn the_way_down_is_checked_as_well() {
    on_each(|database| {
        let directory = database.migrations(&[TABLE, ("1_a.down.sql", "DROP TABLE a")]);
        database.up(&directory).unwrap();
        let own = [("a_gone.sql", "SELECT * FROM a")];
        let failed = only_failure(database.run(Command::Down, &directory, checked(database, &own)).0);
        assert_eq!(failed.name, "a_gone");
        assert_eq!(database.applied(), Vec::<String>::new());
    });
}
