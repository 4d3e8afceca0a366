//! Guarantees that only PostgreSQL can give.

use std::process::Stdio;
use std::time::Duration;

use migrascope::history::Direction;
use migrascope::plan::Atomic;
use migrascope::report::PartialEffect;
use migrascope::{Error, Options};

use super::locking::{SlowRunner, is_postgres_before_14, is_waited_for_until_it_is_ended};
use crate::support::{Backend, TestDatabase, block_on, crowd, eventually, on};

fn atomicity(database: &TestDatabase, script: &str) -> Atomic {
    let directory = database.migrations(&[("1_a.sql", script)]);
    block_on(async {
        let migrator = database.migrator(&directory, Options::default());
        let (_, plan) = migrator.plan(Direction::Up).await.unwrap();
        plan.steps[0].atomic.clone()
    })
}

#[test]
fn a_concurrent_index_build_runs_outside_a_transaction_by_itself() {
    on(Backend::Postgres, |database| {
        let directory = database.migrations(&[(
            "1_a.sql",
            "CREATE TABLE a (i INTEGER);\nCREATE INDEX CONCURRENTLY a_i ON a (i);\nINSERT INTO a VALUES (1);",
        )]);
        let report = database.up(&directory).unwrap();
        assert!(!report.steps[0].atomic);
        assert_eq!(
            database.value("SELECT count(*) FROM pg_index WHERE indisvalid AND indexrelid = 'a_i'::regclass"),
            "1"
        );
        assert_eq!(database.value("SELECT half_way FROM _migrascope_journal WHERE kind = 'migration'"), "f");
    });
}

#[test]
fn a_begin_and_commit_around_everything_run_inside_our_transaction() {
    on(Backend::Postgres, |database| {
        assert_eq!(atomicity(database, "BEGIN;\nCREATE TABLE a (i INTEGER);\nCOMMIT;"), Atomic::Yes);
        let directory =
            database.migrations(&[("1_a.sql", "BEGIN;\nCREATE TABLE a (i INTEGER);\nSELECT 1/0;\nCOMMIT;")]);
        let error = database.up(&directory).unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!((failure.line, failure.remains), (3, PartialEffect::Nothing));
        assert_eq!(database.value("SELECT count(*) FROM pg_tables WHERE tablename = 'a'"), "0");
    });
}

#[test]
fn any_other_transaction_control_is_run_as_it_is_written() {
    on(Backend::Postgres, |database| {
        let script = "CREATE TABLE a (i INTEGER);\nBEGIN;\nINSERT INTO a VALUES (1);\nSELECT 1/0;\nCOMMIT;";
        let Atomic::No { why } = atomicity(database, script) else { panic!() };
        assert!(why.contains("line 2"), "{why}");
        let directory = database.migrations(&[("1_a.sql", script)]);
        let error = database.up(&directory).unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!(
            failure.remains,
            PartialEffect::HalfWay { done: 1, next_unknown: false },
            "its own transaction was undone"
        );
        assert_eq!(database.value("SELECT count(*) FROM a"), "0");
        assert_eq!(database.value("SELECT statements_done FROM _migrascope_journal WHERE kind = 'migration'"), "1");
    });
}

#[test]
fn three_concurrent_builds_do_not_deadlock_with_a_waiting_runner() {
    let _crowd = crowd();
    on(Backend::Postgres, |database| {
        let directory = database.migrations(&[
            ("1_a.sql", "CREATE TABLE a (i INTEGER, j INTEGER, k INTEGER);\nINSERT INTO a SELECT n, n, n FROM generate_series(1, 200000) n;"),
            ("2_wait.sql", "SELECT pg_sleep(0.5);"),
            (
                "3_indexes.sql",
                "CREATE INDEX CONCURRENTLY a_i ON a (i);\nCREATE INDEX CONCURRENTLY a_j ON a (j);\nCREATE INDEX CONCURRENTLY a_k ON a (k);",
            ),
        ]);
        let runners: Vec<_> = (0..3)
            .map(|_| {
                database.binary(&directory).arg("up").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for runner in runners {
            let output = runner.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        assert_eq!(database.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid"), "0");
        assert_eq!(database.applied(), ["1", "2", "3"]);
    });
}

#[test]
fn settings_and_roles_of_a_migration_reach_neither_the_next_nor_our_records() {
    on(Backend::Postgres, |database| {
        let role = format!("r{}", uuid::Uuid::now_v7().simple());
        let script = format!(
            "CREATE ROLE {role};\nCREATE SCHEMA other;\nSET search_path = other;\nSET lock_timeout = '1h';\nSET ROLE {role};"
        );
        let directory = database
            .migrations(&[("1_set.sql", &script), ("2_table.sql", "CREATE TABLE here AS SELECT current_user AS u;")]);
        database.up(&directory).unwrap();
        assert_eq!(database.value("SELECT schemaname FROM pg_tables WHERE tablename = 'here'"), "public");
        assert_eq!(database.value("SELECT u = 'postgres' FROM public.here"), "t");
        database.query(&format!("DROP ROLE {role}"));
    });
}

#[test]
fn one_commit_for_each_migration() {
    on(Backend::Postgres, |database| {
        let files: Vec<(String, String)> = (1..=20)
            .map(|n| (format!("{n:02}_t.sql"), format!("CREATE TABLE t{n} (i INTEGER);\nINSERT INTO t{n} VALUES (1);")))
            .collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let directory = database.migrations(&files);
        database.up(&directory).unwrap();
        let transactions = "SELECT count(DISTINCT xmin::text) FROM (SELECT xmin FROM _migrascope_migrations UNION ALL \
             SELECT xmin FROM _migrascope_journal WHERE kind = 'migration') x";
        assert_eq!(database.value(transactions), "20", "ledger and journal rows share their migration's transaction");
    });
}

#[test]
fn status_needs_no_more_than_the_right_to_select() {
    on(Backend::Postgres, |database| {
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)")]);
        database.up(&directory).unwrap();
        let role = format!("r{}", uuid::Uuid::now_v7().simple());
        database.query(&format!("CREATE ROLE {role} LOGIN PASSWORD 'reader'"));
        database.query(&format!("GRANT SELECT ON _migrascope_migrations, _migrascope_journal TO {role}"));
        let url = database.url.replace("postgres:throwaway-s3cret@", &format!("{role}:reader@"));
        let output = database
            .binary(&directory)
            .env("MIGRASCOPE_DATABASE_URL", url)
            .args(["status", "--check"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        database.query(&format!("DROP OWNED BY {role}"));
        database.query(&format!("DROP ROLE {role}"));
    });
}

#[test]
fn a_statement_whose_client_was_killed_ends_and_frees_its_locks() {
    on(Backend::Postgres, |database| {
        let going_on = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                        AND application_name LIKE 'migrascope/%' AND state = 'active' AND pid <> pg_backend_pid()";
        let runner = SlowRunner::start(database);
        runner.kill_at_its_statement(database);
        if is_postgres_before_14(database) {
            std::thread::park_timeout(Duration::from_secs(3)); // Later versions check the client every second.
            assert_eq!(database.value(going_on), "1", "this one does not notice");
            is_waited_for_until_it_is_ended(database);
        }
        eventually("the server notices long before the statement ends", || {
            (database.value(going_on) == "0").then_some(())
        });
    });
}

#[test]
fn rows_and_notices_of_a_script_may_be_huge_and_many() {
    on(Backend::Postgres, |database| {
        let directory = database.migrations(&[(
            "1_a.sql",
            "CREATE TABLE a (i INTEGER);\nSELECT repeat('x', 40 * 1024 * 1024) FROM generate_series(1, 2);\n\
             DO $$ BEGIN RAISE NOTICE '%', repeat('x', 20 * 1024 * 1024);\n\
             FOR i IN 1..200000 LOOP RAISE NOTICE 'one of many'; END LOOP; END $$;\nINSERT INTO a VALUES (1);",
        )]);
        let report = database.up(&directory).unwrap();
        assert_eq!(report.steps[0].statements[1].rows, 2);
        assert_eq!(database.value("SELECT count(*) FROM a"), "1");
    });
}
