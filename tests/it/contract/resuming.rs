//! A migration resumes in a new session: the settings of skipped statements are restored, or it does not resume.

use std::path::{Path, PathBuf};

use migrascope::database::{self, ConnectOptions, SecretUrl};
use migrascope::migration::Version;
use migrascope::plan::{Change, Objection};
use migrascope::run::Repair;
use migrascope::{Error, Migrator, Options, Report, RunError, layout};

use crate::support::{Backend, Log, TestDatabase, block_on, on};

fn resume() -> Change {
    Change::Resume { key: Version::from_digits("2").unwrap().into(), doubt: None }
}

fn lost(error: &RunError) -> Vec<usize> {
    let Error::Refused(objections) = &error.cause else { panic!("{error:?}") };
    let lost = |objection: &Objection| match objection {
        Objection::SessionLost { statement, .. } => *statement,
        other => panic!("{other:?}"),
    };
    objections.iter().map(lost).collect()
}

/// The statements whose settings were restored, counted from 1.
fn set_again(events: &[String]) -> Vec<usize> {
    let restored = events.iter().filter(|event| event.starts_with("SettingRestored"));
    let index = |event: &String| event.rsplit_once("index: ")?.1.trim_end_matches([' ', '}']).parse::<usize>().ok();
    restored.map(|event| index(event).unwrap() + 1).collect()
}

/// Applies `base`, leaves `script` half-way, and returns the directory.
fn broken(database: &TestDatabase, base: &str, script: &str) -> PathBuf {
    let directory = database.migrations(&[("1_base.sql", base), ("2_more.sql", script)]);
    let error = database.up(&directory).unwrap_err();
    assert_eq!(error.report.applied, 1, "{error:?}");
    directory
}

fn resumed(database: &TestDatabase, directory: &Path) -> Vec<usize> {
    let (result, events) = database.repair(directory, resume());
    result.unwrap();
    assert_eq!(database.applied(), ["1", "2"]);
    set_again(&events)
}

#[test]
fn the_rest_runs_in_the_schema_that_the_script_has_chosen() {
    let base = "CREATE SCHEMA a; CREATE TABLE orders (n int); CREATE TABLE a.orders (n int);
        INSERT INTO orders VALUES (1); INSERT INTO a.orders VALUES (7), (7)";
    for chosen in ["SET search_path TO a", "SELECT set_config('search_path', 'a', false)"] {
        on(Backend::Postgres, |database| {
            let rest =
                "CREATE UNIQUE INDEX CONCURRENTLY i ON orders (n); CREATE TABLE made (i int); DELETE FROM orders";
            let directory = broken(database, base, &format!("{chosen};\n{rest}"));
            database.query("UPDATE a.orders SET n = 8 WHERE ctid = '(0,1)'");
            assert_eq!(resumed(database, &directory), [1]);
            assert_eq!(database.value("SELECT count(*) FROM orders"), "1");
            assert_eq!(database.value("SELECT count(*) FROM a.orders"), "0");
            assert_eq!(database.value("SELECT schemaname FROM pg_tables WHERE tablename = 'made'"), "a");
        });
    }
}

#[test]
fn the_rest_runs_under_the_role_that_the_script_has_taken() {
    on(Backend::Postgres, |database| {
        let role = format!("r{}", uuid::Uuid::now_v7().simple());
        let base = format!("CREATE ROLE {role}; GRANT ALL ON SCHEMA public TO {role}");
        let script = format!(
            "SET ROLE {role};\nCREATE TABLE one (i int);\nCREATE INDEX CONCURRENTLY ON missing (i);\nCREATE TABLE two (i int)"
        );
        let directory = broken(database, &base, &script);
        std::fs::write(directory.join("2_more.sql"), script.replace("missing", "one")).unwrap();
        assert_eq!(resumed(database, &directory), [1]);
        assert_eq!(database.value("SELECT tableowner FROM pg_tables WHERE tablename = 'two'"), role);
        database.query(&format!("DROP OWNED BY {role}"));
        database.query(&format!("DROP ROLE {role}"));
    });
}

#[test]
fn what_was_rolled_back_is_not_set_again() {
    on(Backend::Postgres, |database| {
        let script =
            "CREATE TABLE t (i int); BEGIN; SET search_path TO a; ROLLBACK; CREATE INDEX CONCURRENTLY ON missing (i);
            CREATE TABLE u (i int)";
        let directory = broken(database, "CREATE SCHEMA a", script);
        std::fs::write(directory.join("2_more.sql"), script.replace("missing", "t")).unwrap();
        assert_eq!(resumed(database, &directory), Vec::<usize>::new());
        assert_eq!(database.value("SELECT schemaname FROM pg_tables WHERE tablename = 'u'"), "public");
    });
}

#[test]
fn variables_modes_and_the_chosen_database_are_set_again() {
    on(Backend::Mysql, |database| {
        let other = format!("t{}", uuid::Uuid::now_v7().simple());
        let base = format!("CREATE DATABASE {other}; CREATE TABLE t (a TEXT); CREATE TABLE {other}.t (a TEXT)");
        let script = format!(
            "SET @tenant = 5;\nSET sql_mode = 'PIPES_AS_CONCAT';\nCREATE TABLE made (i INT);\nUSE {other};\n\
             INSERT INTO missing VALUES (1);\nINSERT INTO t VALUES ('x' || @tenant);"
        );
        let directory = broken(database, &base, &script);
        std::fs::write(directory.join("2_more.sql"), script.replace("INSERT INTO missing VALUES (1);\n", "")).unwrap();
        let again = resumed(database, &directory);
        let (here, there) =
            (database.value("SELECT count(*) FROM t"), database.value(&format!("SELECT a FROM {other}.t")));
        database.query(&format!("DROP DATABASE {other}"));
        assert_eq!((again, here.as_str(), there.as_str()), (vec![1, 2, 4], "0", "x5"));
    });
}

#[test]
fn pragmas_are_set_again_so_that_a_drop_does_not_reach_the_children() {
    let base = "CREATE TABLE parent (id INTEGER PRIMARY KEY);
        CREATE TABLE child (pid INTEGER REFERENCES parent (id) ON DELETE CASCADE);
        INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1), (1)";
    let script = "-- migrascope: no-transaction\nPRAGMA foreign_keys=OFF;\nCREATE TABLE made (i INTEGER);\nINSERT INTO missing VALUES (1);
        DROP TABLE parent;\nCREATE TABLE parent (id INTEGER PRIMARY KEY);\nINSERT INTO parent VALUES (1);\nPRAGMA foreign_keys=ON";
    on(Backend::Sqlite, |database| {
        let run = |directory: &Path, change: Option<Change>| -> (Result<Report, RunError>, Vec<String>) {
            let init = vec!["PRAGMA foreign_keys=ON".to_owned()];
            let options = ConnectOptions { application: "migrascope/test".into(), init };
            let connector = database::open(&SecretUrl::new(database.url.as_str()), options).unwrap();
            let set = layout::Reader::directory(directory, connector.dialect()).migrations().unwrap();
            let migrator = Migrator::new(connector, set, Options::default());
            let mut log = Log::default();
            let result = match change {
                None => block_on(migrator.up().observe(&mut log)),
                Some(change) => block_on(migrator.repair(Repair { change, reason: None }).observe(&mut log)),
            };
            (result, log.0)
        };
        let directory = database.migrations(&[("1_base.sql", base), ("2_more.sql", script)]);
        run(&directory, None).0.unwrap_err();
        database.query("CREATE TABLE missing (i INTEGER)");
        let (result, events) = run(&directory, Some(resume()));
        result.unwrap();
        assert_eq!(set_again(&events), [1]);
        assert_eq!(database.value("SELECT count(*) FROM child"), "2");
    });
}

#[test]
fn a_script_whose_session_cannot_be_had_again_does_not_go_on() {
    let refused = |backend: Backend, set: &str| {
        on(backend, |database| {
            let script = format!(
                "-- migrascope: no-transaction\nCREATE TABLE made (i INTEGER);\n{set};\nINSERT INTO missing VALUES (1);\nDELETE FROM t"
            );
            let directory = broken(database, "CREATE TABLE t (i INTEGER); INSERT INTO t VALUES (1)", &script);
            database.query("CREATE TABLE missing (i INTEGER)");
            let (result, events) = database.repair(&directory, resume());
            let error = result.unwrap_err();
            assert_eq!(lost(&error), [2], "{set}");
            assert!(error.to_string().contains("statement 2") || error.to_string().contains("refused"), "{error}");
            assert!(!events.iter().any(|event| event.starts_with("statement started")), "{events:?}");
            assert_eq!(database.value("SELECT count(*) FROM t"), "1");
            database.repair(&directory, Change::MarkApplied(Version::from_digits("2").unwrap().into())).0.unwrap();
        });
    };
    refused(Backend::Postgres, "CREATE TEMP TABLE mine (i int)");
    refused(Backend::Postgres, "SELECT pg_advisory_lock(1)");
    refused(Backend::Mysql, "CREATE TEMPORARY TABLE mine (i INT)");
    refused(Backend::Mysql, "SET @a = (SELECT MAX(i) FROM t)");
    refused(Backend::Sqlite, "CREATE TEMP TABLE mine (i INTEGER)");
}

#[test]
fn a_setting_that_fails_when_it_is_set_again_is_reported_at_its_place() {
    on(Backend::Mysql, |database| {
        let other = format!("t{}", uuid::Uuid::now_v7().simple());
        let script =
            format!("CREATE DATABASE {other};\nUSE {other};\nINSERT INTO missing VALUES (1);\nCREATE TABLE a (i INT)");
        let directory = broken(database, "CREATE TABLE t (i INT)", &script);
        database.query(&format!("DROP DATABASE {other}"));
        let error = database.repair(&directory, resume()).0.unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!((failure.statement, failure.line), (Some(2), 2));
        database.query(&format!("CREATE DATABASE {other}"));
        std::fs::write(directory.join("2_more.sql"), script.replace("INSERT INTO missing VALUES (1)", "SELECT 1"))
            .unwrap();
        let again = resumed(database, &directory);
        let made = database.value(&format!("SELECT count(*) FROM {other}.a"));
        database.query(&format!("DROP DATABASE {other}"));
        assert_eq!((again, made.as_str()), (vec![2], "0"), "it is half-way as before, and goes on");
    });
}

#[test]
fn statements_that_have_run_do_not_run_again_though_the_file_could_run_in_one_transaction_now() {
    on(Backend::Postgres, |database| {
        let script = "INSERT INTO t VALUES (1);\nCREATE INDEX CONCURRENTLY ON missing (i);";
        let directory = broken(database, "CREATE TABLE t (i int)", script);
        std::fs::write(directory.join("2_more.sql"), script.replace("CONCURRENTLY ON missing", "ON t")).unwrap();
        resumed(database, &directory);
        assert_eq!(database.value("SELECT count(*) FROM t"), "1");
    });
}

#[test]
fn a_chained_transaction_goes_on_in_one_of_the_same_kind() {
    let script = "BEGIN ISOLATION LEVEL SERIALIZABLE;\nINSERT INTO t VALUES ('one');\nCOMMIT AND CHAIN;\n\
         INSERT INTO t SELECT current_setting('transaction_isolation');\nINSERT INTO u VALUES (1);\nCOMMIT;";
    on(Backend::Postgres, |database| {
        let directory = broken(
            database,
            "CREATE TABLE t (v TEXT); CREATE TABLE u (i INTEGER UNIQUE); INSERT INTO u VALUES (1)",
            script,
        );
        assert_eq!(database.value("SELECT string_agg(v, ' ') FROM t"), "one");
        database.query("DELETE FROM u");
        assert_eq!(resumed(database, &directory), [1]);
        assert_eq!(database.value("SELECT string_agg(v, ' ' ORDER BY v) FROM t"), "one serializable");
        assert_eq!(database.value("SELECT count(*) FROM u"), "1");
    });
}
