//! Scripts of MySQL and MariaDB with locks, settings and queries: each has the same effect as with the mysql client.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use migrascope::database::{self, ConnectOptions, SecretUrl};
use migrascope::event::{Event, Observer, Observers};
use migrascope::plan::Objection;
use migrascope::report::PartialEffect;
use migrascope::{Error, Migrator, Options, layout};

use crate::support::{Backend, TestDatabase, block_on, on, query};

fn with_init(database: &TestDatabase, init: &str, script: &str) -> Result<migrascope::Report, migrascope::RunError> {
    let options = ConnectOptions { application: "migrascope/test".into(), init: vec![init.into()] };
    let connector = database::open(&SecretUrl::new(database.url.as_str()), options).unwrap();
    let set = layout::Reader::directory(database.migrations(&[("1_a.sql", script)]), connector.dialect())
        .migrations()
        .unwrap();
    let migrator = Migrator::new(connector, set, Options::default());
    block_on(migrator.up().observe(&mut Observers::default()))
}

/// Another session updates the row while the statement that sleeps runs, without waiting.
struct Rival {
    url: String,
    done: mpsc::Sender<Instant>,
}

impl Observer for Rival {
    fn observe(&mut self, event: &Event<'_>) {
        if matches!(event, Event::StatementStarted { index: 2, .. }) {
            let (url, done) = (self.url.clone(), self.done.clone());
            std::thread::spawn(move || {
                query(&url, "UPDATE acc SET n = n + 7 WHERE id = 1");
                done.send(Instant::now()).unwrap();
            });
        }
    }
}

#[test]
fn what_a_script_has_locked_stays_locked_until_it_unlocks() {
    on(Backend::Mysql, |database| {
        database.query("CREATE TABLE acc (id INT PRIMARY KEY, n INT)");
        database.query("INSERT INTO acc VALUES (1, 0)");
        let script = "LOCK TABLES acc WRITE;\nUPDATE acc SET n = n + 1 WHERE id = 1;\nDO SLEEP(1);\n\
             UPDATE acc SET n = 100 WHERE id = 1;\nUNLOCK TABLES;";
        let options = Options { allow_nonempty: true, ..Options::default() };
        let migrator = database.migrator(&database.migrations(&[("1_a.sql", script)]), options);
        let (done, updated) = mpsc::channel();
        block_on(migrator.up().observe(&mut Rival { url: database.url.clone(), done })).unwrap();
        updated.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(database.value("SELECT CAST(n AS CHAR) FROM acc"), "107", "the other one came behind UNLOCK TABLES");
    });
}

#[test]
fn locks_of_any_kind_let_the_script_end_and_are_recorded_behind_it() {
    on(Backend::Mysql, |database| {
        for locked in [
            "LOCK TABLES t WRITE;\nINSERT INTO t VALUES (1);\nALTER TABLE t DISABLE KEYS;\nUNLOCK TABLES;",
            "/*!40000 LOCK TABLES t WRITE */;\nINSERT INTO t VALUES (1);\n/*!40000 UNLOCK TABLES */;",
            "LOCK TABLES t READ;\nSELECT * FROM t;\nSHOW TABLES;\nSET @x = 1;\nUNLOCK TABLES;\nINSERT INTO t VALUES (1);",
            "LOCK TABLES t WRITE;\nINSERT INTO t VALUES (1);",
            "FLUSH TABLES WITH READ LOCK;\nSELECT * FROM t;\nUNLOCK TABLES;\nINSERT INTO t VALUES (1);",
            "FLUSH TABLES t WITH READ LOCK;\nSELECT * FROM t;\nUNLOCK TABLES;\nINSERT INTO t VALUES (1);",
            "SET autocommit = 0;\nLOCK TABLES t WRITE;\nINSERT INTO t VALUES (1);\nCOMMIT;\nUNLOCK TABLES;",
            "INSERT INTO t VALUES (1);\nBACKUP LOCK t;\nSELECT 1;\nBACKUP UNLOCK;",
        ] {
            database.query("DROP TABLE IF EXISTS _migrascope_migrations, _migrascope_journal, t");
            database.query("CREATE TABLE t (a INT PRIMARY KEY)");
            let directory = database.migrations(&[("1_a.sql", locked), ("2_b.sql", "INSERT INTO t VALUES (2);")]);
            database.up(&directory).unwrap_or_else(|error| panic!("{locked}\n{error:?}"));
            assert_eq!(database.applied(), ["1", "2"], "{locked}");
            let rows = "SELECT CAST(GROUP_CONCAT(a ORDER BY a) AS CHAR) FROM t";
            assert_eq!(database.value(rows), "1,2", "{locked}");
        }
    });
}

#[test]
fn a_failure_among_locked_tables_is_shown_where_it_is_and_journaled() {
    on(Backend::Mysql, |database| {
        let script = "CREATE TABLE t (a INT PRIMARY KEY);\nLOCK TABLES t WRITE;\nINSERT INTO t VALUES (1);\n\
             INSERT INTO t VALUES (1);\nUNLOCK TABLES;";
        let error = database.up(&database.migrations(&[("1_a.sql", script)])).unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!((failure.line, failure.code.as_deref()), (4, Some("1062")));
        assert_eq!(failure.remains, PartialEffect::HalfWay { done: 3, next_unknown: false });
        let row = "SELECT CONCAT(outcome, ' ', statements_done) FROM _migrascope_journal WHERE kind = 'migration'";
        assert_eq!(database.value(row), "failure 3");
    });
}

#[test]
fn settings_of_the_session_go_out_alone_and_act_as_in_the_plain_client() {
    on(Backend::Mysql, |database| {
        let script = "SET @before = @@SESSION.SQL_LOG_BIN;\nSET @@SESSION.SQL_LOG_BIN = 0;\nCREATE TABLE a (i INT, v VARCHAR(20));\n\
             SET @@SESSION.SQL_LOG_BIN = @before;\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\nSTART TRANSACTION;\n\
             INSERT INTO a SELECT 1, trx_isolation_level FROM information_schema.INNODB_TRX RIGHT JOIN (SELECT 1) one \
             ON trx_mysql_thread_id = CONNECTION_ID();\nCOMMIT;";
        database.up(&database.migrations(&[("1_a.sql", script)])).unwrap();
        assert_eq!(database.value("SELECT CAST(COUNT(*) AS CHAR) FROM a"), "1");
    });
}

#[test]
fn a_setting_for_the_next_transaction_is_left_to_the_scripts_own() {
    on(Backend::Mysql, |database| {
        for set in ["SET TRANSACTION READ ONLY", "/*!50000 SET TRANSACTION READ ONLY */", "SET @@tx_read_only = 1"] {
            database.query("DROP TABLE IF EXISTS _migrascope_migrations, _migrascope_journal, a");
            let script =
                format!("CREATE TABLE a (i INT);\n{set};\nSTART TRANSACTION;\nINSERT INTO a VALUES (1);\nCOMMIT;");
            let error = database.up(&database.migrations(&[("1_a.sql", &script)])).unwrap_err();
            let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
            assert_eq!((failure.statement, failure.code.as_deref()), (Some(4), Some("1792")), "{set}: {failure:?}");
        }
    });
}

#[test]
fn a_script_sees_the_sql_mode_that_the_server_gives_any_client() {
    on(Backend::Mysql, |database| {
        let script = "CREATE TABLE count (i INT);\nINSERT INTO count VALUES (1);\nCREATE TABLE position (i INT);\n\
             CREATE PROCEDURE p() SELECT 1;\nSET @x = 1;";
        let directory = database.migrations(&[("1_a.sql", script), ("2_b.sql", "CREATE TABLE sum (i INT);")]);
        database.up(&directory).unwrap();
        let routine = "SELECT CAST(SQL_MODE = @@GLOBAL.sql_mode AS CHAR) FROM information_schema.ROUTINES \
             WHERE ROUTINE_SCHEMA = DATABASE()";
        assert_eq!(database.value(routine), "1");
    });
}

#[test]
fn a_backslash_stands_for_itself_from_where_the_script_says_so() {
    on(Backend::Mysql, |database| {
        let script = "SET sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES');\nCREATE TABLE p (p VARCHAR(50));\n\
             INSERT INTO p VALUES ('C:\\temp\\'), ('D:\\x');\nINSERT INTO p VALUES ('E:\\'); INSERT INTO p VALUES ('F:');";
        database
            .up(&database.migrations(&[("1_a.sql", script), ("2_b.sql", "INSERT INTO p VALUES ('it\\'s');")]))
            .unwrap();
        assert_eq!(database.value("SELECT CAST(COUNT(*) AS CHAR) FROM p"), "5");
        assert_eq!(database.applied(), ["1", "2"]);
    });
}

#[test]
fn a_file_that_the_sessions_mode_reads_in_another_way_is_refused_by_name() {
    on(Backend::Mysql, |database| {
        let init = "SET sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')";
        let error =
            with_init(database, init, "CREATE TABLE q (q VARCHAR(9));\nINSERT INTO q VALUES ('it\\'s');").unwrap_err();
        let Error::Refused(objections) = &error.cause else { panic!("{error:?}") };
        assert!(matches!(objections[..], [Objection::Backslash { line: 2, .. }]), "{objections:?}");
        let said = format!("{init};\nCREATE TABLE q (q VARCHAR(9));\nINSERT INTO q VALUES ('it''s'), ('E:\\');");
        with_init(database, init, &said).unwrap();
        assert_eq!(
            database.value("SELECT CAST(COUNT(*) AS CHAR) FROM q"),
            "2",
            "and our own records are right in that mode"
        );
    });
}

#[test]
fn a_statement_that_is_too_large_is_named_with_both_sizes_before_anything_runs() {
    on(Backend::Mysql, |database| {
        let limit: u64 = database.value("SELECT CAST(@@max_allowed_packet AS CHAR)").parse().unwrap();
        let largest = usize::try_from(limit).unwrap() - 1;
        let comment = |bytes: usize| format!("SELECT '{}'", "x".repeat(bytes - "SELECT ''".len()));
        let script = format!("CREATE TABLE a (i INT);\n{};", comment(largest + 1));
        let error = database.up(&database.migrations(&[("1_a.sql", &script)])).unwrap_err();
        let said = format!(
            "migration 1 (a) has a statement of {limit} bytes at line 2, but the server accepts {largest} at most (max_allowed_packet)"
        );
        assert_eq!(error.to_string(), said);
        assert!(database.query("SHOW TABLES LIKE 'a'").is_empty());
        database.up(&database.migrations(&[("1_a.sql", &comment(largest - 1000))])).unwrap();
    });
}

#[test]
fn what_the_statement_before_has_left_can_be_read() {
    on(Backend::Mysql, |database| {
        let script = "CREATE TABLE t (a INT);\nCREATE TABLE log (n INT);\nINSERT INTO t VALUES (1), (2), (3);\n\
             INSERT INTO log SELECT ROW_COUNT();\nDELETE FROM t WHERE a < 3;\nSET @n = ROW_COUNT();\nINSERT INTO log VALUES (@n);\n\
             SELECT SQL_CALC_FOUND_ROWS * FROM log LIMIT 1;\nINSERT INTO log SELECT FOUND_ROWS() + 10;";
        let report = database.up(&database.migrations(&[("1_a.sql", script)])).unwrap();
        assert_eq!(report.steps[0].statements.len(), 9);
        assert_eq!(database.value("SELECT CAST(GROUP_CONCAT(n ORDER BY n) AS CHAR) FROM log"), "2,3,12");
    });
    on(Backend::Sqlite, |database| {
        let script = "VACUUM;\nCREATE TABLE t (a INT);\nCREATE TABLE log (n INT);\n\
             INSERT INTO t VALUES (1), (2), (3);\nINSERT INTO log SELECT changes();";
        database.up(&database.migrations(&[("1_a.sql", script)])).unwrap();
        assert_eq!(database.value("SELECT group_concat(n) FROM log"), "3");
    });
}

#[test]
fn a_failure_behind_what_it_reads_undoes_both() {
    on(Backend::Mysql, |database| {
        let script = "CREATE TABLE t (a INT);\nINSERT INTO t VALUES (1);\nINSERT INTO nowhere SELECT ROW_COUNT();";
        let error = database.up(&database.migrations(&[("1_a.sql", script)])).unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!(
            (failure.statement, failure.remains),
            (Some(3), PartialEffect::HalfWay { done: 1, next_unknown: false })
        );
        assert_eq!(database.value("SELECT CAST(COUNT(*) AS CHAR) FROM t"), "0");
    });
}
