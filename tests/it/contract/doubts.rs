//! The doubt belongs to the statement that was attempted, not to the one that is now at its position.

use migrascope::Error;
use migrascope::migration::Version;
use migrascope::plan::{Change, Doubt, Objection};

use crate::support::{Backend, TestDatabase, on};

const BASE: &str = "CREATE TABLE t (i INT);\nCREATE PROCEDURE p() INSERT INTO t VALUES (1);\n";

fn resume(version: &str, doubt: Option<Doubt>) -> Change {
    Change::Resume { key: Version::from_digits(version).unwrap().into(), doubt }
}

/// The objections to a resumption; empty if it succeeded.
fn objections(database: &TestDatabase, directory: &std::path::Path, doubt: Option<Doubt>) -> Vec<Objection> {
    match database.repair(directory, resume("1", doubt)).0 {
        Ok(_) => Vec::new(),
        Err(error) => match error.cause {
            Error::Refused(objections) => objections,
            other => panic!("{other:?}"),
        },
    }
}

fn calls(database: &TestDatabase) -> String {
    database.value("SELECT count(*) FROM t")
}

#[test]
fn a_statement_behind_one_that_failed_without_effect_is_not_doubted() {
    on(Backend::Mysql, |database| {
        let script = format!("{BASE}INSERT INTO missing VALUES (1);\nCALL p();");
        let directory = database.migrations(&[("1_a.sql", &script)]);
        database.up(&directory).unwrap_err();
        std::fs::write(directory.join("1_a.sql"), script.replace("INSERT INTO missing VALUES (1);\n", "")).unwrap();
        assert_eq!(objections(database, &directory, None), []);
        assert_eq!((database.applied(), calls(database)), (vec!["1".to_owned()], "1".to_owned()));
    });
}

#[test]
fn a_statement_that_may_have_taken_effect_is_doubted_as_it_was_tried() {
    on(Backend::Mysql, |database| {
        let script =
            "CREATE TABLE t (i INT);\nCREATE TABLE a (i INT);\nDROP TABLE a, missing;\nINSERT INTO t VALUES (1);";
        for (doubt, goes_on) in [(None, false), (Some(Doubt::Ran), false), (Some(Doubt::DidNotRun), true)] {
            let directory = database.migrations(&[("1_a.sql", script)]);
            database.up(&directory).unwrap_err();
            let asked = objections(database, &directory, None);
            assert!(matches!(asked.as_slice(), [Objection::InDoubt { statement: 3, .. }]), "{asked:?}");
            std::fs::write(directory.join("1_a.sql"), script.replace("DROP TABLE a, missing;\n", "")).unwrap();
            let found = objections(database, &directory, doubt);
            if goes_on {
                assert_eq!((found, calls(database)), (Vec::new(), "1".to_owned()));
            } else {
                let [Objection::Replaced { statement: 3, summary, .. }] = found.as_slice() else { panic!("{found:?}") };
                assert!(summary.starts_with("DROP TABLE"), "{summary}");
                let undone = Change::MarkReverted(Version::from_digits("1").unwrap().into());
                database.repair(&directory, undone).0.unwrap();
                database.query("DROP TABLE IF EXISTS t, a");
            }
        }
    });
}

#[test]
fn a_truncation_is_not_repeated_without_asking() {
    on(Backend::Mysql, |database| {
        let script = "CREATE TABLE t (i INT);\nTRUNCATE t;\nINSERT INTO missing VALUES (1);";
        let directory = database.migrations(&[("1_a.sql", script)]);
        database.up(&directory).unwrap_err();
        database.query(
            "UPDATE _migrascope_journal SET outcome = 'executing', error_code = NULL, error_text = NULL, finished_at = NULL, \
             statements_done = 1 WHERE kind = 'migration'",
        );
        std::fs::write(directory.join("1_a.sql"), script.replace("INSERT INTO missing VALUES (1);", "")).unwrap();
        database.query(
            "UPDATE _migrascope_journal SET done_checksum = SHA2(CONCAT('CREATE TABLE t (i INT)', CHAR(0)), 256) WHERE kind = 'migration'",
        );
        database.query("INSERT INTO t VALUES (1)");
        let asked = objections(database, &directory, None);
        assert!(matches!(asked.as_slice(), [Objection::InDoubt { statement: 2, .. }]), "{asked:?}");
        assert_eq!(objections(database, &directory, Some(Doubt::Ran)), []);
        assert_eq!(calls(database), "1");
    });
}

/// Leaves version 1 as a runner does that was killed in the statement after the first `done` ones.
fn killed(database: &TestDatabase, done: usize) {
    database.query(&format!(
        "UPDATE _migrascope_journal SET outcome = 'executing', error_code = NULL, error_text = NULL, finished_at = NULL \
         WHERE kind = 'migration' AND version = '1' AND statements_done = {done}"
    ));
}

#[test]
fn what_a_statement_made_is_looked_for_where_the_script_was() {
    on(Backend::Mysql, |database| {
        let other = format!("t{}", uuid::Uuid::now_v7().simple());
        database.query(&format!("CREATE DATABASE {other}"));
        // The table with this name in the default schema is not the script's.
        database.query("CREATE TABLE a (i INT)");
        let script = format!("CREATE TABLE t (i INT);\nUSE {other};\nOOPS");
        let directory = database.migrations(&[("1_a.sql", &script)]);
        database.up(&directory).unwrap_err();
        killed(database, 2);
        std::fs::write(directory.join("1_a.sql"), script.replace("OOPS", "CREATE TABLE a (i INT)")).unwrap();
        let found = objections(database, &directory, None);
        let made = database.query(&format!("SHOW TABLES FROM {other}"));
        database.query(&format!("DROP DATABASE {other}"));
        assert_eq!((found, made), (Vec::new(), vec![vec![Some("a".to_owned())]]));
    });
    on(Backend::Postgres, |database| {
        database.query("CREATE SCHEMA a");
        database.query("CREATE TABLE t (i int); CREATE INDEX t_i ON t (i); CREATE TABLE a.t (i int)");
        let script = "CREATE TABLE u (i int);\nSET search_path TO a;\nCREATE INDEX CONCURRENTLY t_i ON t (oops)";
        let directory = database.migrations(&[("1_a.sql", script)]);
        database.up(&directory).unwrap_err();
        killed(database, 2);
        std::fs::write(directory.join("1_a.sql"), script.replace("oops", "i")).unwrap();
        assert_eq!(objections(database, &directory, None), []);
        assert_eq!(database.value("SELECT count(*) FROM pg_indexes WHERE indexname = 't_i' AND schemaname = 'a'"), "1");
    });
}

#[test]
fn a_table_that_may_have_been_made_anew_is_not_dropped_without_asking() {
    on(Backend::Mysql, |database| {
        for drop in ["DROP TABLE IF EXISTS a", "DROP TABLE a", "ALTER TABLE a DROP COLUMN j"] {
            let script = format!("CREATE TABLE a (i INT, j INT);\n{drop};\nINSERT INTO missing VALUES (1);");
            let directory = database.migrations(&[("1_a.sql", &script)]);
            let killed = "UPDATE _migrascope_journal SET outcome = 'executing', error_code = NULL, error_text = NULL, reason = NULL, \
                 finished_at = NULL, statements_done = 1, done_checksum = SHA2(CONCAT('CREATE TABLE a (i INT, j INT)', CHAR(0)), 256) \
                 WHERE kind = 'migration'";
            for anew in [true, false] {
                database.up(&directory).unwrap_err();
                database.query(killed);
                if anew {
                    database.query("DROP TABLE IF EXISTS a");
                    database.query("CREATE TABLE a AS SELECT 1 AS i, 2 AS j");
                }
                std::fs::write(directory.join("1_a.sql"), script.replace("INSERT INTO missing VALUES (1);", ""))
                    .unwrap();
                let found = objections(database, &directory, None);
                assert_eq!(
                    matches!(found.as_slice(), [Objection::InDoubt { statement: 2, .. }]),
                    anew,
                    "{drop}: {found:?}"
                );
                if anew {
                    assert_eq!(database.value("SELECT CAST(j AS CHAR) FROM a"), "2", "{drop}");
                } else {
                    assert_eq!(database.applied(), ["1"], "{drop}");
                }
                database.query("DROP TABLE IF EXISTS a, _migrascope_migrations, _migrascope_journal");
                std::fs::write(directory.join("1_a.sql"), &script).unwrap();
            }
        }
    });
}

#[test]
fn what_ran_while_tables_were_locked_is_doubted_as_a_whole() {
    on(Backend::Mysql, |database| {
        let script = "CREATE TABLE t (i INT);\nLOCK TABLES t WRITE;\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\nUNLOCK TABLES;\n";
        for doubt in [Doubt::Ran, Doubt::DidNotRun] {
            let directory = database.migrations(&[("1_a.sql", &format!("{script}INSERT INTO missing VALUES (1);"))]);
            database.up(&directory).unwrap_err();
            database.query(
                "UPDATE _migrascope_journal SET outcome = 'executing', error_code = NULL, error_text = NULL, reason = NULL, \
                 finished_at = NULL, statements_done = 1, done_checksum = SHA2(CONCAT('CREATE TABLE t (i INT)', CHAR(0)), 256) \
                 WHERE kind = 'migration'",
            );
            let output = database.binary(&directory).arg("up").output().unwrap();
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(
                stderr.contains("while one of the statements 2 to 5 was running, or before: progress is not recorded"),
                "{stderr}"
            );
            std::fs::write(directory.join("1_a.sql"), format!("{script}INSERT INTO t VALUES (3);")).unwrap();
            let found = objections(database, &directory, None);
            let [Objection::InDoubt { statement: 2, last: 5, summary, .. }] = found.as_slice() else {
                panic!("{found:?}")
            };
            assert_eq!(summary, "LOCK TABLES t, INSERT INTO t, INSERT INTO t, UNLOCK");
            if doubt == Doubt::DidNotRun {
                database.query("TRUNCATE t");
            }
            assert_eq!(objections(database, &directory, Some(doubt)), []);
            assert_eq!(database.value("SELECT CAST(GROUP_CONCAT(i ORDER BY i) AS CHAR) FROM t"), "1,2,3", "{doubt:?}");
            database.query("DROP TABLE t, _migrascope_migrations, _migrascope_journal");
        }
    });
}

#[test]
fn settings_in_front_of_a_statement_do_not_hide_what_it_may_have_done() {
    on(Backend::Mysql, |database| {
        if !database.value("SELECT VERSION()").contains("MariaDB") {
            return eprintln!("skipped: only MariaDB has SET STATEMENT");
        }
        let set = "SET STATEMENT max_statement_time = 100 FOR";
        for (statement, asked) in
            [("DROP TABLE a, missing", true), ("CALL q()", true), ("INSERT INTO missing VALUES (1)", false)]
        {
            let script = format!(
                "CREATE TABLE t (i INT);\nCREATE TABLE a (i INT);\nCREATE PROCEDURE q() BEGIN INSERT INTO t VALUES (1); SIGNAL SQLSTATE '45000'; END;\n{set} {statement};"
            );
            let directory = database.migrations(&[("1_a.sql", &script)]);
            database.up(&directory).unwrap_err();
            std::fs::write(directory.join("1_a.sql"), script.replace(&format!("{set} {statement};"), "SELECT 1;"))
                .unwrap();
            let found = objections(database, &directory, None);
            assert_eq!(
                matches!(found.as_slice(), [Objection::Replaced { statement: 4, .. }]),
                asked,
                "{statement}: {found:?}"
            );
            database.query("DROP TABLE IF EXISTS t, a, _migrascope_migrations, _migrascope_journal");
            database.query("DROP PROCEDURE q");
        }
    });
}
