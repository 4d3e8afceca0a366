//! Completed rows of the journal are added up and removed; no counter decreases, and tables of an earlier form are upgraded.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use migrascope::Options;
use migrascope::error::Error;
use migrascope::event::RunContext;
use migrascope::journal::Counters;
use migrascope::plan::Objection;
use migrascope::report::{Outcome, RetryReason};

use crate::support::{Backend, TestDatabase, block_on, on_each};

const FIRST: (&str, &str) = ("1_a.sql", "CREATE TABLE a (i INTEGER)");
const FAILING: (&str, &str) = ("2_b.sql", "SELECT * FROM nothing");

/// A time before the period whose rows are not folded, as the database writes it.
fn some_days_ago(database: &TestDatabase, days: u32) -> &'static str {
    match (database.backend, days) {
        (Backend::Sqlite, 2) => "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-2 days')",
        (Backend::Sqlite, _) => "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-500 days')",
        (Backend::Postgres, 2) => "now() - interval '2 days'",
        (Backend::Postgres, _) => "now() - interval '500 days'",
        (Backend::Mysql, 2) => "UTC_TIMESTAMP(6) - INTERVAL 2 DAY",
        (Backend::Mysql, _) => "UTC_TIMESTAMP(6) - INTERVAL 500 DAY",
    }
}

/// Adds 300 times the rows of a run with nothing to do, of one that failed at a migration after a retry, and of a check.
fn crowd(database: &TestDatabase, prefix: &str, days: u32) {
    let when = some_days_ago(database, days);
    let mut rows = String::new();
    for number in 0..300 {
        let mut row = |kind: &str, n: u32, run: &str, version: &str, outcome: &str, total: u32| {
            let comma = if rows.is_empty() { "" } else { ", " };
            let _ = write!(
                rows,
                "{comma}('{prefix}{number}-{n}', '{kind}', '{prefix}{number}-{run}', 'up', {version}, {version}, '{outcome}', FALSE, 0, {total}, \
                 {when}, {when}, 12.345, 1.5, 2, '0')"
            );
        };
        row("run", 0, "0", "NULL", "success", 0);
        row("run", 1, "1", "NULL", "failure", 1);
        row("migration", 2, "1", "'7'", "failure", 1);
        row("retry", 3, "1", "'7'", "deadlock", 1);
        row("check", 4, "1", "'ping'", "ok", 0);
    }
    database.query(&format!(
        "INSERT INTO _migrascope_journal (id, kind, run_id, direction, version, name, outcome, half_way, statements_done, \
         statements_total, started_at, finished_at, elapsed_ms, lock_ms, lock_retries, tool_version) VALUES {rows}"
    ));
}

fn totals(database: &TestDatabase, files: &[(&str, &str)]) -> Counters {
    let migrator = database.migrator(&database.migrations(files), Options::default());
    block_on(migrator.look()).unwrap().1
}

/// A run with nothing to do; one whose id ends with 0 checks whether there are rows to fold.
fn idle_run(database: &TestDatabase, last: char) {
    idle_run_with(database, last, Options::default());
}

fn idle_run_with(database: &TestDatabase, last: char, options: Options) {
    let mut run_id = uuid::Uuid::now_v7().to_string();
    run_id.pop();
    run_id.push(last);
    let migrator = database.migrator(&database.migrations(&[FIRST]), options);
    block_on(migrator.up().context(RunContext { run_id, ..RunContext::new() })).unwrap();
}

/// Everything that these counters contain, except for successful runs.
fn counted(totals: &Counters) -> String {
    let runs = totals.runs.get(&Outcome::Failure);
    let durations: Vec<_> = totals.run_durations.iter().filter(|(key, _)| key.0.1 != Outcome::Success).collect();
    let migrations: BTreeMap<_, _> = totals.migrations.iter().collect();
    let Counters { migration_durations, lock_waits, lock_retries, check_durations, since, last_failure, .. } = totals;
    let retries = totals.statement_retries.get(&RetryReason::Deadlock);
    format!(
        "{runs:?} {durations:?} {migrations:?} {migration_durations:?} {lock_waits:?} {lock_retries} {retries:?} {check_durations:?} \
         {since:?} {last_failure:?} {:?}",
        totals.checks
    )
}

fn number(database: &TestDatabase, sql: &str) -> u32 {
    database.value(&format!("SELECT count(*) FROM _migrascope_journal WHERE {sql}")).parse().unwrap()
}

#[test]
fn no_count_changes_when_rows_are_folded() {
    on_each(|database| {
        database.up(&database.migrations(&[FIRST])).unwrap();
        database.up(&database.migrations(&[FIRST, FAILING])).unwrap_err();
        for round in ["a", "b"] {
            crowd(database, round, 2);
            idle_run(database, '1');
            let before = totals(database, &[FIRST]);
            assert!(number(database, "folded IS NULL") > 1500, "{:?}", database.backend);
            idle_run(database, '0');
            let after = totals(database, &[FIRST]);
            assert!(number(database, "folded IS NULL") < 60, "{:?}", database.backend);
            assert_eq!(number(database, "folded IS NOT NULL AND statements_total = 0 AND kind = 'run'"), 0);
            assert_eq!(counted(&after), counted(&before), "{:?} {round}", database.backend);
            let success = |totals: &Counters| totals.runs[&Outcome::Success];
            assert_eq!(success(&after), success(&before) + 1, "{:?} {round}", database.backend);
        }
        let migrator = database.migrator(&database.migrations(&[FIRST, FAILING]), Options::default());
        let (status, totals) = block_on(migrator.look()).unwrap();
        assert!(status.rows[1].last_failure.is_some(), "{:?}: what failed last is still known", database.backend);
        assert_eq!(totals.runs[&Outcome::Failure], 601);
    });
}

#[test]
fn what_is_older_than_is_wanted_is_removed_and_still_counted() {
    on_each(|database| {
        database.up(&database.migrations(&[FIRST])).unwrap();
        crowd(database, "old", 500);
        crowd(database, "new", 2);
        let before = totals(database, &[FIRST]);
        idle_run(database, '0');
        assert_eq!(number(database, "id LIKE 'old%' AND kind <> 'check'"), 0, "{:?}", database.backend);
        assert!(number(database, "id LIKE 'new%'") > 1000, "{:?}", database.backend);
        assert_eq!(counted(&totals(database, &[FIRST])), counted(&before), "{:?}", database.backend);
    });
}

/// Downgrades the journal to its first form.
fn first_form(database: &TestDatabase) {
    database.query("DELETE FROM _migrascope_journal WHERE id = 'form'");
    let drop = match database.backend {
        Backend::Mysql => "DROP INDEX _migrascope_journal_folded ON _migrascope_journal",
        _ => "DROP INDEX _migrascope_journal_folded",
    };
    database.query(drop);
    database.query("ALTER TABLE _migrascope_journal DROP COLUMN folded");
}

#[test]
fn a_journal_of_an_earlier_form_can_be_read_and_is_brought_up_by_the_next_run() {
    on_each(|database| {
        database.up(&database.migrations(&[FIRST])).unwrap();
        let before = totals(database, &[FIRST]);
        first_form(database);
        assert_eq!(totals(database, &[FIRST]), before, "{:?}: it can be read as it is", database.backend);
        idle_run(database, '0');
        assert_eq!(number(database, "id = 'form'"), 0, "a run with nothing to do changes no table");
        database.up(&database.migrations(&[FIRST, ("2_c.sql", "CREATE TABLE c (i INTEGER)")])).unwrap();
        assert_eq!(number(database, "id = 'form' AND statements_total = 2 AND folded IS NULL"), 1);
        assert_eq!(totals(database, &[FIRST]).runs[&Outcome::Success], 3);
    });
}

#[test]
fn a_journal_of_a_newer_form_is_refused_by_name() {
    on_each(|database| {
        database.up(&database.migrations(&[FIRST])).unwrap();
        database.query("UPDATE _migrascope_journal SET statements_total = 99 WHERE id = 'form'");
        let rows = number(database, "1 = 1");
        let error = database.up(&database.migrations(&[FIRST, ("2_c.sql", "CREATE TABLE c (i INTEGER)")])).unwrap_err();
        let Error::Refused(objections) = &error.cause else { panic!("{error:?}") };
        assert!(matches!(objections.as_slice(), [Objection::NewerTables { form: 99, .. }]), "{objections:?}");
        assert_eq!((number(database, "1 = 1"), database.applied()), (rows, vec!["1".to_owned()]));
    });
}

#[test]
fn rows_are_kept_for_ever_where_that_is_wanted() {
    on_each(|database| {
        let options = Options { journal_retention: None, ..Options::default() };
        database.up(&database.migrations(&[FIRST])).unwrap();
        crowd(database, "old", 500);
        idle_run_with(database, '0', options);
        assert_eq!(number(database, "id LIKE 'old%' AND kind = 'migration'"), 300, "{:?}", database.backend);
        assert!(number(database, "folded IS NULL") < 60);
    });
}
