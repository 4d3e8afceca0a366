//! Statements outside of a transaction: because the file requires it, or because the server refuses them inside one.

use migrascope::event::Command;
use migrascope::report::{Failure, PartialEffect};
use migrascope::{Error, Options, RunError};

use crate::support::{Backend, TestDatabase, on};

const PARTITIONED: &str = "CREATE TABLE p (i INTEGER PRIMARY KEY) PARTITION BY RANGE (i);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
INSERT INTO p VALUES (1);";

fn failure(error: RunError) -> Failure {
    match error.cause {
        Error::Migration { failure, .. } => *failure,
        other => panic!("{other:?}"),
    }
}

/// The attempts at a version in the journal: whether atomic, the outcome, and how many statements took effect.
fn attempts(database: &TestDatabase, version: u32) -> Vec<String> {
    let sql = format!(
        "SELECT CASE WHEN atomic THEN 'atomic' ELSE 'stepwise' END, outcome, statements_done FROM _migrascope_journal \
         WHERE version = '{version}' AND kind = 'migration' ORDER BY started_at"
    );
    let row = |row: Vec<Option<String>>| row.into_iter().flatten().collect::<Vec<_>>().join(" ");
    database.query(&sql).into_iter().map(row).collect()
}

#[test]
fn with_the_directive_each_statement_goes_out_alone() {
    on(Backend::Postgres, |database| {
        let routine = "CREATE TYPE mood AS ENUM ('sad');\nCREATE TABLE t (m mood);
CREATE PROCEDURE twice() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO p VALUES (2); COMMIT; INSERT INTO p VALUES (3); END $$;";
        let directory = database.migrations(&[
            ("1_a.sql", PARTITIONED),
            ("2_b.sql", "-- migrascope: no-transaction\nREINDEX TABLE p;\nCLUSTER p USING p_pkey;"),
            ("3_c.sql", routine),
            (
                "4_d.sql",
                "-- migrascope: no-transaction\nALTER TYPE mood ADD VALUE 'happy';\nINSERT INTO t VALUES ('happy');",
            ),
            ("5_e.sql", "-- migrascope: no-transaction\nCALL twice();\nDO $$ BEGIN DELETE FROM p; COMMIT; END $$;"),
        ]);
        let report = database.up(&directory).unwrap();
        assert_eq!(report.applied, 5);
        assert_eq!(report.steps.iter().map(|step| step.atomic).collect::<Vec<_>>(), [true, false, true, false, false]);
        assert_eq!(database.value("SELECT m FROM t"), "happy");
        assert_eq!(database.value("SELECT count(*) FROM p"), "0");
        assert_eq!(attempts(database, 4), ["stepwise success 2"]);
    });
}

#[test]
fn what_the_server_refuses_in_a_transaction_is_tried_once_more_alone() {
    on(Backend::Postgres, |database| {
        let script =
            "CREATE TABLE a (i INTEGER);\nREINDEX TABLE p;\nCREATE TABLE b (i INTEGER);\nCLUSTER p USING p_pkey;";
        let directory = database.migrations(&[("1_a.sql", PARTITIONED), ("2_b.sql", script)]);
        let (report, log) = database.run(Command::Up, &directory, Options::default());
        let step = &report.unwrap().steps[1];
        assert_eq!((step.atomic, step.statements.len(), step.total), (false, 4, 4));
        let refused = log.iter().filter(|event| event.starts_with("TransactionRefused")).count();
        assert_eq!(refused, 2, "{log:#?}");
        assert_eq!(attempts(database, 2), ["stepwise success 4"]);
        assert_eq!(database.value("SELECT count(*) FROM a, b"), "0");
    });
}

#[test]
fn what_follows_a_statement_outside_may_fail_half_way() {
    on(Backend::Postgres, |database| {
        let script = "CREATE TABLE a (i INTEGER);\nREINDEX TABLE p;\nCREATE TABLE a (i INTEGER);";
        let directory = database.migrations(&[("1_a.sql", PARTITIONED), ("2_b.sql", script)]);
        let failure = failure(database.up(&directory).unwrap_err());
        assert_eq!(failure.remains, PartialEffect::HalfWay { done: 2, next_unknown: false });
        assert_eq!(attempts(database, 2), ["stepwise failure 2"]);
    });
}

#[test]
fn what_would_be_refused_again_or_needs_its_transaction_leaves_nothing() {
    on(Backend::Postgres, |database| {
        let function =
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'REINDEX TABLE p'; END $$;";
        let tables = format!("{PARTITIONED}\n{function}");
        for script in [
            "CREATE TABLE a (i INTEGER);\nSELECT f();",
            "CREATE TABLE a (i INTEGER);\nLOCK TABLE a;\nREINDEX TABLE p;",
            "CREATE TABLE a (i INTEGER);\nSET LOCAL lock_timeout = '1s';\nREINDEX TABLE p;",
            "BEGIN;\nCREATE TABLE a (i INTEGER);\nREINDEX TABLE p;\nCOMMIT;",
            "CREATE TABLE a (i INTEGER);\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE;",
        ] {
            let directory = database.migrations(&[("1_a.sql", &tables), ("2_b.sql", script)]);
            let failure = failure(database.up(&directory).unwrap_err());
            assert_eq!((failure.code.as_deref(), failure.remains), (Some("25001"), PartialEffect::Nothing), "{script}");
            assert_eq!(database.value("SELECT count(*) FROM pg_class WHERE relname = 'a'"), "0", "{script}");
        }
        assert!(attempts(database, 2).iter().all(|attempt| attempt == "atomic failure 0"));
    });
}

#[test]
fn a_statement_of_a_stepwise_migration_is_tried_once_more_alone_too() {
    on(Backend::Postgres, |database| {
        let script = "VACUUM p;\nCREATE TABLE a (i INTEGER);\nCLUSTER p USING p_pkey;\nINSERT INTO a VALUES (1);";
        let directory = database.migrations(&[("1_a.sql", PARTITIONED), ("2_b.sql", script)]);
        let (report, log) = database.run(Command::Up, &directory, Options::default());
        assert_eq!(report.unwrap().steps[1].statements.len(), 4);
        assert_eq!(log.iter().filter(|event| event.starts_with("TransactionRefused")).count(), 1, "{log:#?}");
        assert_eq!(attempts(database, 2), ["stepwise success 4"]);
        assert_eq!(database.value("SELECT count(*) FROM a"), "1");
        let text = "SELECT count(error_text) FROM _migrascope_journal WHERE version = '2'";
        assert_eq!(database.value(text), "0", "what was said for the case of a crash is gone");
    });
}

#[test]
fn a_database_is_detached_outside_of_a_transaction() {
    on(Backend::Sqlite, |database| {
        let other = database.directory("other").join("other.db");
        let attach = format!("ATTACH '{}' AS other;", other.display());
        let first =
            format!("{attach}\nCREATE TABLE other.t (i INTEGER);\nINSERT INTO other.t VALUES (1);\nDETACH other;");
        let second = format!("-- migrascope: no-transaction\n{attach}\nUPDATE other.t SET i = 2;\nDETACH other;");
        let directory = database.migrations(&[("1_a.sql", &first), ("2_b.sql", &second)]);
        let report = database.up(&directory).unwrap();
        assert_eq!(report.steps.iter().map(|step| step.atomic).collect::<Vec<_>>(), [false, false]);
        assert_eq!(database.query(&format!("{attach} SELECT i FROM other.t")), [vec![Some("2".to_owned())]]);
    });
}

#[test]
fn a_transaction_that_chains_is_the_scripts_own() {
    on(Backend::Postgres, |database| {
        let script = "CREATE TABLE t (a INTEGER);\nBEGIN;\nINSERT INTO t VALUES (1);\nCOMMIT AND CHAIN;\nINSERT INTO t VALUES (2);\nROLLBACK AND CHAIN;\nINSERT INTO t VALUES (4);\nABORT;\nINSERT INTO t VALUES (3);";
        database.up(&database.migrations(&[("1_a.sql", script)])).unwrap();
        assert_eq!(database.value("SELECT string_agg(a::text, ' ' ORDER BY a) FROM t"), "1 3");
        assert_eq!(attempts(database, 1), ["stepwise success 9"]);
    });
}

#[test]
fn a_savepoint_of_sqlite_opens_a_transaction_of_its_own() {
    on(Backend::Sqlite, |database| {
        let body = "PRAGMA foreign_keys = OFF;\nSAVEPOINT a;\nCREATE TABLE t (i INTEGER);\nSAVEPOINT b;\nINSERT INTO t VALUES (1);
ROLLBACK TO b;\nRELEASE b;\nINSERT INTO t VALUES (2);\nRELEASE a;\nPRAGMA foreign_keys = ON;\n";
        let drop = "DROP TABLE t;\n";
        let alone = format!("-- migrascope: no-transaction\n{drop}{body}");
        let directory = database.migrations(&[("1_a.sql", body), ("2_b.sql", &alone)]);
        database.up(&directory).unwrap();
        assert_eq!(database.query("SELECT i FROM t"), [vec![Some("2".to_owned())]]);
        assert_eq!(database.applied(), ["1", "2"]);
    });
}
