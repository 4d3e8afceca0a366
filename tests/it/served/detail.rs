//! What `/status` shows to every client, and what only `--status-detail` adds.

use super::Server;
use crate::door::Door;
use crate::support::{Backend, TestDatabase, eventually, on};

fn serve(door: &Door, more: &[&str]) -> Server {
    Server::start(door.command(&["serve", "--interval", "100ms"]).args(more))
}

/// Every page except the metrics.
fn pages(server: &Server) -> String {
    ["/livez", "/readyz", "/status"].map(|page| server.get(page).body).concat()
}

#[test]
fn messages_paths_and_hosts_are_a_detail() {
    let door = Door::shop();
    door.run(&["up"]).good();
    door.write("secret-url", "postgres://secret-user@127.0.0.1:1/shop");
    let wrong = ["--database-url-file", "secret-url"];
    let server = serve(&door, &wrong);
    let looked = || Some(server.status()).filter(|status| status["targets"][0]["looked"].is_string());
    let status = eventually("it looks", looked);
    assert!(
        status["targets"][0]["error"]["kind"].is_string() && status["targets"][0]["error"]["message"].is_null(),
        "{status}"
    );
    for part in ["secret", "127.0.0.1"] {
        assert!(!pages(&server).contains(part), "{part} in {}", pages(&server));
    }
    drop(server);
    let server = serve(&door, &[&wrong[..], &["--status-detail"]].concat());
    let message = || server.status()["targets"][0]["error"]["message"].as_str().map(str::to_owned);
    let message = eventually("it looks", message);
    assert!(message.contains("127.0.0.1"), "{message}");
}

#[test]
fn who_runs_and_where_is_a_detail() {
    on(Backend::Postgres, |database: &TestDatabase| {
        let slow = database.migrations(&[("1_slow.sql", database.slow())]);
        let _runner = Server::start(database.binary(&slow).env("POD_NAME", "secret-pod").arg("up"));
        let start = |more: &[&str]| {
            let server = Server::start(database.binary(&slow).args(["serve", "--interval", "100ms"]).args(more));
            let seen = || {
                Some(server.status()["targets"][0]["running"].clone()).filter(|running| running["run_id"].is_string())
            };
            let running = eventually("the run is seen", seen);
            (server, running)
        };
        let (server, running) = start(&[]);
        assert!(
            ["user", "host", "pod"].iter().all(|key| running[key].is_null()) && !pages(&server).contains("secret"),
            "{running}"
        );
        let (_server, running) = start(&["--status-detail"]);
        assert!(
            running["pod"].as_str() == Some("secret-pod") && running["user"].is_string() && running["host"].is_string(),
            "{running}"
        );
    });
}

#[test]
fn a_mistake_in_the_file_of_targets_is_a_detail() {
    let door = Door::shop();
    door.run(&["up"]).good();
    let good = "[shop]\ndatabase-url = \"sqlite://migrascope.db\"\n";
    for (more, expected) in
        [(&[][..], "targets"), (&["--status-detail"], "t.toml: target shop, key secret: unknown key")]
    {
        door.write("t.toml", good);
        let server = serve(&door, &[&["--targets", "t.toml"], more].concat());
        server.ready(200);
        door.write("t.toml", format!("{good}secret = \"x\"\n"));
        eventually("the mistake is seen", || {
            server.status()["targets_error"].as_str().is_some_and(|error| error == expected).then_some(())
        });
    }
}

#[test]
fn the_holder_of_the_lock_is_a_detail() {
    on(Backend::Postgres, |database: &TestDatabase| {
        let slow = database.migrations(&[("1_slow.sql", database.slow())]);
        let _first = Server::start(database.binary(&slow).arg("up"));
        let start = |more: &[&str]| {
            eventually("the lock is held", || {
                let held = database.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");
                (held != "0").then_some(())
            });
            let server = Server::start(database.binary(&slow).arg("up").args(more));
            eventually("it waits", || {
                server.get("/livez").body.starts_with("alive: waiting: the lock is held").then_some(())
            });
            server
        };
        let server = start(&[]);
        let status = server.status();
        assert!(status["holder"].is_null() && !pages(&server).contains("postgres,"), "{status}");
        assert_eq!(server.get("/livez").body, "alive: waiting: the lock is held\n");
        let server = start(&["--status-detail"]);
        assert!(
            server.status()["holder"]["application"].is_string()
                && server.status()["message"].as_str().is_some_and(|text| text.contains(" held by "))
        );
    });
}
