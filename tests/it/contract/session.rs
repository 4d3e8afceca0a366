//! What a script may do to its session, and what happens to the runner's session.

use migrascope::database::{self, ConnectOptions, SecretUrl};
use migrascope::event::{Event, Observer, Observers};
use migrascope::report::{Loss, PartialEffect, Stage};
use migrascope::{Error, Migrator, Options, Report, RunError, layout};

use crate::support::{Backend, TestDatabase, block_on, on, query};

fn up_with(database: &TestDatabase, init: &str, directory: &std::path::Path) -> Result<Report, RunError> {
    let options = ConnectOptions { application: "migrascope/test".into(), init: vec![init.into()] };
    let connector = database::open(&SecretUrl::new(database.url.as_str()), options).unwrap();
    let set = layout::Reader::directory(directory, connector.dialect()).migrations().unwrap();
    let migrator = Migrator::new(connector, set, Options::default());
    block_on(migrator.up().observe(&mut Observers::default()))
}

fn remains(error: &RunError) -> PartialEffect {
    match &error.cause {
        Error::Migration { failure, .. } => failure.remains,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_schema_that_the_connection_chooses_has_a_history_of_its_own() {
    on(Backend::Postgres, |database| {
        database.query("CREATE SCHEMA one");
        database.query("CREATE SCHEMA two");
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)")]);
        for schema in ["one", "two"] {
            let report = up_with(database, &format!("SET search_path TO {schema}"), &directory).unwrap();
            assert_eq!(report.steps.len(), 1, "{schema}");
            assert_eq!(database.value(&format!("SELECT count(*) FROM {schema}._migrascope_migrations")), "1");
            assert_eq!(database.value(&format!("SELECT count(*) FROM {schema}.a")), "0");
        }
    });
}

#[test]
fn a_script_that_turns_to_another_database_does_not_take_the_history_along() {
    on(Backend::Mysql, |database| {
        let other = format!("t{}", uuid::Uuid::now_v7().simple());
        let script = format!("CREATE DATABASE {other};\nUSE {other};\nCREATE TABLE a (i INTEGER);");
        let directory = database.migrations(&[("1_a.sql", &script), ("2_b.sql", "CREATE TABLE b (i INTEGER)")]);
        let result = database.up(&directory);
        let there = database.value(&format!("SELECT CAST(COUNT(*) AS CHAR) FROM {other}.a"));
        database.query(&format!("DROP DATABASE {other}"));
        assert_eq!((result.unwrap().steps.len(), there.as_str()), (2, "0"));
        assert_eq!(database.applied(), ["1", "2"]);
        assert_eq!(database.value("SELECT CAST(COUNT(*) AS CHAR) FROM b"), "0", "the next script is at home again");
    });
}

#[test]
fn ddl_in_a_transaction_of_the_script_is_not_taken_for_rolled_back() {
    on(Backend::Mysql, |database| {
        let script = "BEGIN;\nINSERT INTO nowhere VALUES (1);\nCOMMIT;";
        let directory = database.migrations(&[("1_a.sql", script)]);
        assert_eq!(remains(&database.up(&directory).unwrap_err()), PartialEffect::Nothing);
        let script = "BEGIN;\nCREATE TABLE a (i INTEGER);\nCREATE TABLE a (i INTEGER);\nCOMMIT;";
        let directory = database.migrations(&[("1_a.sql", script)]);
        let error = database.up(&directory).unwrap_err();
        assert_eq!(remains(&error), PartialEffect::HalfWay { done: 2, next_unknown: false });
        assert_eq!(database.value("SELECT CAST(COUNT(*) AS CHAR) FROM a"), "0", "the first table is there");
    });
}

#[test]
fn a_list_of_tables_may_be_dropped_in_part() {
    on(Backend::Mysql, |database| {
        database.query("CREATE TABLE a (i INTEGER)");
        let directory = database.migrations(&[("1_a.sql", "DROP TABLE a, nowhere;")]);
        let error = database.up(&directory).unwrap_err();
        assert_eq!(remains(&error), PartialEffect::HalfWay { done: 0, next_unknown: true });
    });
}

#[test]
fn a_database_of_latin1_has_a_history_in_unicode() {
    on(Backend::Mysql, |database| {
        let name = database.url.rsplit_once('/').unwrap().1;
        database.query(&format!("ALTER DATABASE {name} CHARACTER SET latin1"));
        let directory = database.migrations(&[("1_漢字.sql", "CREATE TABLE a (i INTEGER)")]);
        assert_eq!(database.up(&directory).unwrap().steps.len(), 1);
    });
}

#[test]
fn a_role_that_a_stepwise_script_takes_does_not_stop_the_journal() {
    on(Backend::Postgres, |database| {
        let role = format!("r{}", uuid::Uuid::now_v7().simple());
        let script = format!(
            "-- migrascope: no-transaction\nCREATE ROLE {role};\nGRANT ALL ON SCHEMA public TO {role};\nSET ROLE {role};\n\
             CREATE TABLE mine (i INTEGER);\nCREATE INDEX CONCURRENTLY mine_i ON mine (i);"
        );
        let directory = database.migrations(&[("1_a.sql", &script)]);
        let report = database.up(&directory).unwrap();
        assert_eq!(report.steps[0].statements.len(), 5);
        let owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'mine'";
        assert_eq!(database.value(owner), role, "the role held for the rest of the script");
        database.query(&format!("DROP OWNED BY {role}"));
        database.query(&format!("DROP ROLE {role}"));
    });
}

/// Ends the session that holds the lock as soon as the first statement runs.
struct Thief(String);

impl Observer for Thief {
    fn observe(&mut self, event: &Event<'_>) {
        if !matches!(event, Event::StatementStarted { index: 0, .. }) {
            return;
        }
        let holders = "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
             JOIN pg_stat_activity a ON a.pid = l.pid AND a.query LIKE '%pg_try_advisory_lock%' \
             WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database()";
        let url = self.0.clone();
        std::thread::spawn(move || query(&url, holders)).join().unwrap();
    }
}

#[test]
fn a_run_that_has_lost_its_lock_stops_before_the_next_statement() {
    on(Backend::Postgres, |database| {
        let script = "SELECT pg_sleep(2.5);\nCREATE TABLE never (i INTEGER);\nSELECT 1;";
        let directory = database.migrations(&[("1_a.sql", script)]);
        let migrator = database.migrator(&directory, Options::default());
        let mut thief = Thief(database.url.clone());
        let error = block_on(migrator.up().observe(&mut thief)).unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert!(failure.message.starts_with("the connection that holds the lock is gone"), "{}", failure.message);
        assert_eq!((failure.statement, failure.remains), (None, PartialEffect::Nothing), "the second was never sent");
        assert_eq!((failure.stage, failure.line, failure.lost), (Stage::Before, 2, Some(Loss::Lock)));
        assert_eq!(error.cause.kind(), "lock_lost");
        let kept = "SELECT string_agg(DISTINCT error_code, ',') FROM _migrascope_journal WHERE outcome = 'failure'";
        assert_eq!(database.value(kept), "lock_lost");
        assert_eq!(database.value("SELECT count(*) FROM pg_tables WHERE tablename = 'never'"), "0");
    });
}

#[test]
fn a_dump_that_locks_its_tables_can_be_noted() {
    on(Backend::Mysql, |database| {
        let script = "CREATE TABLE a (i INTEGER);\nLOCK TABLES a WRITE;\nINSERT INTO a VALUES (1);\nUNLOCK TABLES;";
        let directory = database.migrations(&[("1_a.sql", script)]);
        assert_eq!(database.up(&directory).unwrap().steps[0].statements.len(), 4);
        assert_eq!(database.value("SELECT count(*) FROM a"), "1");
    });
}

#[test]
fn the_place_in_a_long_statement_is_found_by_halving() {
    on(Backend::Sqlite, |database| {
        let rows: Vec<String> = (0..20_000).map(|n| format!("({n}, 'x, y')")).collect();
        let script =
            format!("CREATE TABLE a (i INTEGER, t TEXT);\nINSERT INTO a VALUES\n{},, (1, 'z');", rows.join(",\n"));
        let directory = database.migrations(&[("1_a.sql", &script)]);
        let error = database.up(&directory).unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!((failure.line, failure.exact), (20_002, true));
        assert_eq!(&script[failure.offset - 1..=failure.offset], ",,");
    });
}
