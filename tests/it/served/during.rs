//! `up --listen`: pages during a long migration.

use std::net::TcpListener;

use super::{Server, ask};
use crate::contract::locking::SlowRunner;
use crate::support::{TestDatabase, eventually, on_each};

fn up(database: &TestDatabase, files: &[(&str, &str)], words: &[&str]) -> Server {
    let directory = database.migrations(files);
    Server::start(database.binary(&directory).arg("up").args(words))
}

#[test]
fn probes_and_metrics_answer_during_a_slow_migration() {
    on_each(|database| {
        let slow = format!("CREATE TABLE b (i INTEGER);\n{};\nCREATE TABLE c (i INTEGER);", database.slow());
        let files = [("1_a.sql", "CREATE TABLE a (i INTEGER)"), ("2_slow.sql", slow.as_str())];
        let files = [files[0], files[1], ("3_d.sql", "CREATE TABLE d (i INTEGER)")];
        let server = up(database, &files, &["--target", "shop"]);
        let words = "migration 2 of 3 (2), statement 2 of 3, 44 %";
        eventually("it is at its slow statement", || {
            (server.get("/livez").body == format!("alive: {words}\n")).then_some(())
        });
        let ready = server.get("/readyz");
        assert_eq!((ready.code, ready.body), (503, format!("not ready: {words}\n")));
        let status = server.status();
        let part = |key: &str| status[key].as_str().unwrap_or_default().to_owned();
        assert_eq!([part("target"), part("phase"), part("command")], ["shop", "migrating", "up"].map(str::to_owned));
        assert_eq!(
            (status["done"].as_u64(), status["of"].as_u64(), status["percent"].as_u64()),
            (Some(1), Some(3), Some(44))
        );
        let migration = &status["migration"];
        assert_eq!((migration["version"].as_str(), migration["name"].as_str()), (Some("2"), Some("slow")));
        assert_eq!((migration["statement"].as_u64(), migration["statements"].as_u64()), (Some(2), Some(3)));
        assert!(migration["statement_since"].is_string(), "{status}");
        let run = "SELECT run_id FROM _migrascope_journal WHERE kind = 'run'";
        assert_eq!(part("run_id"), database.value(run));
        assert!(!status.to_string().to_lowercase().contains("select"), "no SQL: {status}");
        assert_eq!(server.figure("migrascope_run_in_progress", &["target=\"shop\""]), Some(1.0));
        assert_eq!(server.figure("migrascope_migrations_pending", &[]), Some(2.0), "one is applied");
        assert_eq!(server.figure("migrascope_migrations_applied", &[]), Some(1.0));
        assert_eq!(server.figure("migrascope_schema_version", &[]), Some(1.0));
        server.signal("-TERM");
        assert_eq!(server.end().code(), Some(143));
    });
}

#[test]
fn metrics_of_earlier_runs_are_there_from_the_beginning() {
    on_each(|database| {
        database.up(&database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)")])).unwrap();
        let server = up(database, &[("1_a.sql", "CREATE TABLE a (i INTEGER)"), ("2_slow.sql", database.slow())], &[]);
        server.figure_is("migrascope_runs_total", &["outcome=\"success\""], 1.0);
        assert_eq!(server.figure("migrascope_migrations_total", &["up", "outcome=\"success\""]), Some(1.0));
    });
}

#[test]
fn who_waits_for_the_lock_says_for_whom_and_nothing_of_his_sql() {
    on_each(|database| {
        let _runner = SlowRunner::start(database);
        let server = up(database, &[("1_slow.sql", database.slow())], &["--status-detail"]);
        eventually("it waits", || {
            server.get("/livez").body.starts_with("alive: waiting: the lock is held").then_some(())
        });
        let status = server.status();
        assert_eq!(status["phase"].as_str(), Some("locking"));
        assert!(status["holder"].is_object() && status["holder"]["doing"].is_null(), "{status}");
        assert_eq!(server.get("/readyz").code, 503);
    });
}

#[test]
fn it_is_ready_when_the_run_has_succeeded_and_gone_when_the_process_is() {
    // A collector that never answers delays the process for as long as flushing may take.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    on_each(|database| {
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)")]);
        let endpoint = format!("http://{}", silent.local_addr().unwrap());
        let mut command = database.binary(&directory);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).args(["up", "--telemetry-flush-timeout", "3s"]);
        let server = Server::start(&mut command);
        assert_eq!(server.ready(200), "ready: finished: success\n");
        let status = server.status();
        assert_eq!((status["outcome"].as_str(), status["percent"].as_u64()), (Some("success"), Some(100)));
        assert_eq!(status["trace_id"].as_str().map(str::len), Some(32), "{status}");
        assert_eq!(server.figure("migrascope_last_run_success", &[]), Some(1.0));
        let address = server.address.clone();
        assert_eq!(server.end().code(), Some(0));
        assert!(ask(&address, "GET", "/livez").is_err(), "nobody listens any more");
    });
}

#[test]
fn a_run_that_fails_is_never_ready() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    on_each(|database| {
        let directory = database.migrations(&[("1_a.sql", "CREATE TABEL a (i INTEGER)")]);
        let endpoint = format!("http://{}", silent.local_addr().unwrap());
        let mut command = database.binary(&directory);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).args(["up", "--telemetry-flush-timeout", "3s"]);
        let server = Server::start(&mut command);
        let body = eventually("it has failed", || {
            Some(server.get("/readyz")).filter(|answer| answer.body.contains("finished")).map(|answer| {
                assert_eq!(answer.code, 503);
                answer.body
            })
        });
        assert!(body.starts_with("not ready: finished: failure ("), "{body}");
    });
}
