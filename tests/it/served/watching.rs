//! One database as `serve` reports it.

use migrascope::database::{Access, Query};

use super::Server;
use crate::contract::locking::SlowRunner;
use crate::contract::running::end_what_runs;
use crate::support::{Backend, TestDatabase, block_on, eventually, on, on_each};

const FIRST: (&str, &str) = ("1_a.sql", "CREATE TABLE a (i INTEGER)");

fn serve(database: &TestDatabase, directory: &std::path::Path) -> Server {
    Server::start(database.binary(directory).args(["serve", "--interval", "100ms", "--target", "shop"]))
}

/// The journal's own count, queried with plain SQL.
fn counted(database: &TestDatabase, kind: &str, outcome: &str) -> f64 {
    let sql = format!("SELECT count(*) FROM _migrascope_journal WHERE kind = '{kind}' AND outcome = '{outcome}'");
    database.value(&sql).parse().unwrap()
}

#[test]
fn the_metrics_are_those_of_the_journal_after_every_run() {
    on_each(|database| {
        let good = database.migrations(&[FIRST, ("2_b.sql", "INSERT INTO a VALUES (1)")]);
        let bad = database.migrations(&[FIRST, ("2_b.sql", "INSERT INTO a VALUES (1)"), ("3_c.sql", "CREATE TABEL c")]);
        database.query("CREATE TABLE made (i INTEGER)");
        let server = serve(database, &good);
        server.figure_is("migrascope_migrations_pending", &["\"shop\""], 2.0);
        assert_eq!(server.figure("migrascope_runs_total", &["outcome=\"success\""]), Some(0.0), "from the start");
        assert_eq!(server.figure("migrascope_last_run_success", &[]), None, "there was none");
        for (directory, success, runs) in [(&good, 1.0, 1.0), (&bad, 0.0, 2.0), (&good, 1.0, 3.0)] {
            let _ = database.up(directory);
            let all = ["success", "failure", "error", "vanished"];
            let told = eventually("the run is counted", || {
                let text = server.get("/metrics").body;
                let count = |outcome: &str| {
                    let labels = [format!("outcome=\"{outcome}\"")];
                    super::figure(&text, "migrascope_runs_total", &[labels[0].as_str()]).unwrap()
                };
                // The history is read before the journal, and a run may end in between: the next poll has both.
                let pending = super::figure(&text, "migrascope_migrations_pending", &[]);
                let counted = all.iter().map(|outcome| count(outcome)).sum::<f64>() == runs;
                (counted && pending == Some(0.0)).then_some(text)
            });
            for outcome in all {
                let label = format!("outcome=\"{outcome}\"");
                let run = super::figure(&told, "migrascope_runs_total", &[&label]);
                assert_eq!(run, Some(counted(database, "run", outcome)), "{outcome}");
                let step = super::figure(&told, "migrascope_migrations_total", &["direction=\"up\"", &label]);
                assert_eq!(step, Some(counted(database, "migration", outcome)), "{outcome}");
            }
            assert_eq!(super::figure(&told, "migrascope_last_run_success", &[]), Some(success));
            assert_eq!(super::figure(&told, "migrascope_schema_version", &[]), Some(2.0));
            let lasted = super::figure(&told, "migrascope_run_duration_seconds_count", &["outcome=\"success\""]);
            assert_eq!(lasted, Some(counted(database, "run", "success")));
        }
        let status = &server.status()["targets"][0];
        assert_eq!((status["target"].as_str(), status["state"].as_str()), (Some("shop"), Some("ok")));
        assert_eq!(status["schema_state"]["version"].as_str(), Some("2"));
        assert_eq!(status["last_run"]["outcome"].as_str(), Some("success"));
        let newest = "SELECT run_id FROM _migrascope_journal WHERE kind = 'run' ORDER BY started_at DESC LIMIT 1";
        assert_eq!(status["last_run"]["run_id"].as_str(), Some(database.value(newest).as_str()));
        assert_eq!(server.told().len(), 2, "nothing is told at an interval: {:?}", server.told());
    });
}

#[test]
fn why_a_run_was_refused_and_what_is_missing_are_told() {
    on_each(|database| {
        let whole = database.migrations(&[FIRST, ("2_b.sql", "CREATE TABLE b (i INTEGER)")]);
        database.up(&whole).unwrap();
        let part = database.migrations(&[("2_b.sql", "CREATE TABLE changed (i INTEGER)")]);
        let server = serve(database, &part);
        server.figure_is("migrascope_migrations_missing", &["\"shop\""], 1.0);
        assert_eq!(server.figure("migrascope_last_run_error", &[]), None, "the last run succeeded");
        assert_eq!(server.status()["targets"][0]["schema_state"]["missing"], 1);

        database.up(&part).unwrap_err();
        for reason in ["changed", "missing"] {
            let label = format!("migrascope_refusal_reason=\"{reason}\"");
            server.figure_is("migrascope_last_run_error", &["error_type=\"refused\"", &label], 1.0);
        }
        let error = &server.status()["targets"][0]["last_run"]["error"];
        assert_eq!(error.to_string(), r#"{"kind":"refused","reasons":["changed","missing"]}"#);

        database.up(&whole).unwrap();
        server.figure_is("migrascope_last_run_success", &[], 1.0);
        assert_eq!(server.figure("migrascope_last_run_error", &[]), None, "no series is left behind");
    });
}

#[test]
fn a_run_is_seen_while_it_runs_and_when_it_has_vanished() {
    on_each(|database| {
        let directory = database.migrations(&[FIRST]);
        database.query("CREATE TABLE made (i INTEGER)");
        let server = serve(database, &directory);
        server.ready(200);
        let runner = SlowRunner::start(database);
        server.figure_is("migrascope_run_in_progress", &[], 1.0);
        let running = server.status()["targets"][0]["running"].clone();
        assert!(running["since"].is_string() && running["run_id"].is_string(), "{running}");
        assert_eq!(server.figure("migrascope_runs_total", &["outcome=\"vanished\""]), Some(0.0));
        drop(runner);
        server.figure_is("migrascope_runs_total", &["outcome=\"vanished\""], 1.0);
        server.figure_is("migrascope_run_in_progress", &[], 0.0);
        let last = server.status()["targets"][0]["last_run"].clone();
        assert_eq!((last["outcome"].as_str(), &last["run_id"]), (Some("vanished"), &running["run_id"]));
    });
}

#[test]
fn a_database_that_goes_away_and_comes_back() {
    on(Backend::Sqlite, |database| {
        let directory = database.migrations(&[FIRST]);
        database.up(&directory).unwrap();
        let server = serve(database, &directory);
        server.ready(200);
        assert_eq!(server.figure("migrascope_health_check_success", &["check=\"connect\""]), Some(1.0));
        let file = database.url.strip_prefix("sqlite://").unwrap();
        let aside = format!("{file}.aside");
        std::fs::rename(file, &aside).unwrap();
        assert_eq!(server.ready(503), "not ready: shop: unreachable (14)\n");
        assert_eq!(server.figure("migrascope_health_check_success", &["check=\"connect\""]), Some(0.0));
        assert_eq!(server.figure("migrascope_runs_total", &["outcome=\"success\""]), Some(1.0), "it has happened");
        let status = &server.status()["targets"][0];
        assert_eq!((status["reachable"].as_bool(), status["error"]["kind"].as_str()), (Some(false), Some("14")));
        assert_eq!(server.get("/livez").code, 200, "the process works");
        assert!(!std::path::Path::new(file).exists(), "whoever looks makes nothing");
        std::fs::rename(&aside, file).unwrap();
        server.ready(200);
        assert_eq!(server.figure("migrascope_health_check_success", &["check=\"connect\""]), Some(1.0));
        let told = server.told();
        let states: Vec<&str> = told.iter().filter_map(|line| line.split(": ").nth(1)).collect();
        assert_eq!(states, ["ok", "unreachable", "ok"], "{told:?}");
    });
}

#[test]
fn files_are_read_again() {
    on(Backend::Sqlite, |database| {
        let directory = database.migrations(&[FIRST]);
        database.up(&directory).unwrap();
        let server = serve(database, &directory);
        server.figure_is("migrascope_migrations_pending", &[], 0.0);
        std::fs::write(directory.join("2_b.sql"), "CREATE TABLE b (i INTEGER)").unwrap();
        server.figure_is("migrascope_migrations_pending", &[], 1.0);
        std::fs::write(directory.join("3_c.sql"), "SELECT 'never closed").unwrap();
        assert_eq!(server.ready(503), "not ready: shop: unreadable (layout)\n");
        assert_eq!(server.figure("migrascope_health_check_success", &[]), Some(1.0), "the database was not asked");
        std::fs::remove_file(directory.join("3_c.sql")).unwrap();
        server.ready(200);
    });
}

#[test]
fn the_right_to_select_is_enough() {
    on(Backend::Postgres, |database| {
        let directory = database.migrations(&[FIRST]);
        database.up(&directory).unwrap();
        let role = format!("r{}", uuid::Uuid::now_v7().simple());
        database.query(&format!("CREATE ROLE {role} LOGIN PASSWORD 'look'"));
        database.query(&format!("GRANT SELECT ON _migrascope_migrations, _migrascope_journal TO {role}"));
        let (_, host) = database.url.rsplit_once('@').or_else(|| database.url.split_once("://")).unwrap();
        let url = format!("postgres://{role}:look@{host}");
        let mut command = database.binary(&directory);
        let server = Server::start(command.env("MIGRASCOPE_DATABASE_URL", url).args(["serve", "--interval", "100ms"]));
        server.ready(200);
        assert_eq!(server.figure("migrascope_runs_total", &["outcome=\"success\""]), Some(1.0));
        let slow = database.migrations(&[FIRST, ("2_slow.sql", database.slow())]);
        let runner = Server::start(database.binary(&slow).arg("up"));
        server.figure_is("migrascope_run_in_progress", &[], 1.0);
        assert_eq!(server.figure("migrascope_runs_total", &["outcome=\"vanished\""]), Some(0.0), "it is alive");
        drop(runner);
        server.figure_is("migrascope_runs_total", &["outcome=\"vanished\""], 1.0);
        drop(server);
        database.query(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    });
}

#[test]
fn a_file_that_a_writer_keeps_locked_is_no_database_that_is_gone() {
    on(Backend::Sqlite, |database| {
        let directory = database.migrations(&[FIRST]);
        database.up(&directory).unwrap();
        let server = serve(database, &directory);
        server.ready(200);
        let connector = database.connector();
        let mut session = block_on(connector.session(Access::Write, None)).unwrap();
        block_on(session.query(Query::InPath("BEGIN EXCLUSIVE"))).unwrap();
        server.line("shop: unreadable: ");
        assert_eq!(server.status()["targets"][0]["reachable"], true);
        assert_eq!(server.figure("migrascope_health_check_success", &["\"connect\""]), Some(1.0));
        block_on(session.query(Query::InPath("ROLLBACK"))).unwrap();
        server.ready(200);
        block_on(session.close());
    });
}

#[test]
fn a_dead_run_whose_statement_is_still_at_work_is_seen_to_have_no_lock() {
    on(Backend::Mysql, |database| {
        let directory = database.migrations(&[FIRST, ("2_slow.sql", database.slow())]);
        let server = serve(database, &directory);
        let runner = SlowRunner::at(database, &directory, 2);
        server.figure_is("migrascope_run_lock_held", &["\"shop\""], 1.0);
        runner.kill_at_its_statement(database);
        server.figure_is("migrascope_run_lock_held", &["\"shop\""], 0.0);
        assert_eq!(server.figure("migrascope_run_in_progress", &["\"shop\""]), Some(1.0), "it is not over");
        end_what_runs(database);
        server.figure_is("migrascope_run_in_progress", &["\"shop\""], 0.0);
        assert_eq!(server.figure("migrascope_run_lock_held", &[]), None);
    });
}
