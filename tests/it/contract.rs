//! The contract tests: the same guarantees, checked on each database.

mod busy_file;
mod connecting;
mod dbmate;
mod diesel;
mod doubts;
mod failures;
mod flyway;
mod flyway_rows;
mod folding;
mod frozen;
mod golang_migrate;
mod goose;
mod health;
mod history;
mod hooks;
mod init_reads;
mod last_failure;
mod leftovers;
mod limits;
mod location;
pub(crate) mod locking;
mod low_role;
mod mysql_sessions;
mod outside;
mod own_transaction;
mod placeholders;
mod planted;
mod postgres;
mod prisma;
mod rebuild;
mod refinery;
mod repair;
mod repeatable;
mod resuming;
mod retries;
mod retries_noted;
mod rights;
mod roles;
pub(crate) mod running;
mod sample;
mod session;
mod settings;
mod sqlite;
mod sqlx;
mod strings;
mod totals;
mod totals_mixed;
mod trust;
mod unmanaged;
mod waiting;
mod wire;
mod wires;

use migrascope::Options;
use migrascope::event::Command;
use migrascope::plan::Target;
use migrascope::report::Outcome;

use crate::support::{Backend, on_each};

#[test]
fn a_fresh_database_gets_every_migration_in_order() {
    on_each(|database| {
        let directory = database.migrations(&[
            ("10_third.sql", "INSERT INTO t (a) VALUES (1), (2), (3);"),
            ("1_first.sql", "CREATE TABLE t (a INTEGER);"),
            ("2_second.sql", "ALTER TABLE t ADD COLUMN b INTEGER; UPDATE t SET b = a"),
        ]);
        let report = database.up(&directory).unwrap();
        assert_eq!(database.applied(), ["1", "2", "10"]);
        assert_eq!(database.value("SELECT count(*) FROM t"), "3");
        assert_eq!(report.steps.iter().map(|step| step.version.as_str()).collect::<Vec<_>>(), ["1", "2", "10"]);
        assert_eq!((report.from, report.to.as_deref(), report.applied, report.pending), (None, Some("10"), 3, 0));
        assert_eq!(report.steps[2].statements[0].rows, 3, "rows are counted");
        assert_eq!(report.steps[0].atomic, database.transactional_ddl());
    });
}

#[test]
fn the_journal_has_a_row_for_the_run_and_for_each_attempt() {
    on_each(|database| {
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER);\nCREATE TABLE b (i INTEGER)")]);
        let report = database.up(&directory).unwrap();
        let rows = database.query(
            "SELECT kind, outcome, statements_done, statements_total, run_id FROM _migrascope_journal WHERE kind <> 'form' ORDER BY kind",
        );
        let run = Some(report.run_id);
        let text = |words: [&str; 4]| words.map(|word| Some(word.to_owned())).to_vec();
        assert_eq!(
            rows,
            [
                [text(["migration", "success", "2", "2"]), vec![run.clone()]].concat(),
                [text(["run", "success", "1", "1"]), vec![run]].concat()
            ]
        );
        let times = "SELECT count(*) FROM _migrascope_journal WHERE finished_at >= started_at AND elapsed_ms >= 0";
        assert_eq!(database.value(times), "2");
    });
}

#[test]
fn a_second_run_finds_nothing_to_do_and_takes_no_lock() {
    on_each(|database| {
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)")]);
        database.up(&directory).unwrap();
        let (result, events) = database.run(Command::Up, &directory, Options::default());
        let report = result.unwrap();
        assert_eq!((report.outcome, report.steps.len(), report.applied), (Outcome::Success, 0, 1));
        assert_eq!(
            events,
            [
                "run started",
                "connect started",
                "connect finished ok",
                "plan started",
                "plan finished 0",
                "run finished success"
            ]
        );
        assert_eq!(database.value("SELECT count(*) FROM _migrascope_journal WHERE kind = 'run'"), "2");
    });
}

#[test]
fn every_start_that_is_told_has_its_finish() {
    on_each(|database| {
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER);\nINSERT INTO a VALUES (7)")]);
        let (result, events) = database.run(Command::Up, &directory, Options::default());
        result.unwrap();
        assert_eq!(
            events,
            [
                "run started",
                "connect started",
                "connect finished ok",
                "lock started",
                "lock finished ok",
                "plan started",
                "plan finished 1",
                "migration started 1 1/1",
                "statement started 0",
                "statement finished 0 rows 0",
                "statement started 1",
                "statement finished 1 rows 1",
                "record started",
                "recorded ok",
                "migration finished 1 success",
                "lock released ok",
                "run finished success"
            ]
        );
    });
}

#[test]
fn a_target_stops_on_the_way_up_and_on_the_way_down() {
    on_each(|database| {
        let files: Vec<(String, String)> = (1..=4)
            .flat_map(|n| {
                [
                    (format!("{n}_t.sql"), format!("CREATE TABLE t{n} (i INTEGER)")),
                    (format!("{n}_t.down.sql"), format!("DROP TABLE t{n}")),
                ]
            })
            .collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let directory = database.migrations(&files);
        let with = |target| Options { target, ..Options::default() };
        let version = |text| Target::Version(migrascope::migration::Version::from_history(text));
        database.run(Command::Up, &directory, with(Target::Steps(1))).0.unwrap();
        assert_eq!(database.applied(), ["1"]);
        database.run(Command::Up, &directory, with(version("3"))).0.unwrap();
        assert_eq!(database.applied(), ["1", "2", "3"]);
        database.down(&directory, Options::default()).unwrap();
        assert_eq!(database.applied(), ["1", "2"]);
        let report = database.down(&directory, with(version("0"))).unwrap();
        assert_eq!(report.steps.iter().map(|step| step.version.as_str()).collect::<Vec<_>>(), ["2", "1"]);
        assert_eq!((report.to, report.pending), (None, 4));
        database.up(&directory).unwrap();
        assert_eq!(database.applied(), ["1", "2", "3", "4"]);
    });
}

#[test]
fn down_is_refused_before_anything_happens_when_a_step_has_no_way_back() {
    on_each(|database| {
        let directory = database.migrations(&[
            ("1_a.sql", "CREATE TABLE a (i INTEGER)"),
            ("2_b.sql", "CREATE TABLE b (i INTEGER)"),
            ("2_b.down.sql", "DROP TABLE b"),
        ]);
        database.up(&directory).unwrap();
        let error = database.down(&directory, Options { target: Target::Steps(2), ..Options::default() }).unwrap_err();
        assert_eq!(error.to_string(), "migration 1 (a) has no down script");
        assert_eq!(database.applied(), ["1", "2"]);
    });
}

#[test]
fn empty_and_comment_only_migrations_are_recorded() {
    on_each(|database| {
        let directory =
            database.migrations(&[("1_empty.sql", ""), ("2_comment.sql", "-- nothing yet"), ("3_lone.sql", ";\n;\n")]);
        database.up(&directory).unwrap();
        assert_eq!(database.applied(), ["1", "2", "3"]);
    });
}

#[test]
fn a_variant_for_one_database_wins_over_the_plain_file() {
    on_each(|database| {
        let directory = database.migrations(&[
            ("1_a.sql", "CREATE TABLE plain (i INTEGER)"),
            ("1_a.postgres.sql", "CREATE TABLE elephant (i INTEGER)"),
            ("1_a.mysql.sql", "CREATE TABLE dolphin (i INTEGER)"),
        ]);
        database.up(&directory).unwrap();
        let table = match database.backend {
            Backend::Sqlite => "plain",
            Backend::Postgres => "elephant",
            Backend::Mysql => "dolphin",
        };
        assert_eq!(database.value(&format!("SELECT count(*) FROM {table}")), "0");
    });
}

#[test]
fn rows_that_a_migration_selects_are_drained_and_counted() {
    on_each(|database| {
        let directory = database.migrations(&[(
            "1_a.sql",
            "CREATE TABLE a (i INTEGER);\nINSERT INTO a VALUES (1), (2);\nSELECT * FROM a;\nINSERT INTO a VALUES (3);",
        )]);
        let report = database.up(&directory).unwrap();
        let rows: Vec<u64> = report.steps[0].statements.iter().map(|statement| statement.rows).collect();
        assert_eq!(rows, [0, 2, 2, 1]);
    });
}

#[test]
fn names_and_texts_of_any_kind_survive_the_history() {
    on_each(|database| {
        let name = "2_it's a \"größe\" \\ 漢字.sql";
        let directory = database.migrations(&[(name, "CREATE TABLE a (i INTEGER) -- it's; fine")]);
        database.up(&directory).unwrap();
        let rows = database.query("SELECT name FROM _migrascope_migrations");
        assert_eq!(rows[0][0].as_deref(), Some("it's a \"größe\" \\ 漢字"));
        assert!(database.up(&directory).unwrap().steps.is_empty());
    });
}
