//! Several databases from a file.

use std::net::TcpListener;

use super::Server;
use crate::door::Door;
use crate::support::eventually;

/// Accepts connections and sends nothing, like a host behind a broken firewall.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url =
        format!("postgres://u:secret@{}/silent?sslmode=disable&connect_timeout=60", listener.local_addr().unwrap());
    (listener, url)
}

fn serve(door: &Door) -> Server {
    Server::start(&mut door.command(&["serve", "--targets", "etc/targets.toml", "--interval", "100ms"]))
}

fn detailed(door: &Door) -> Server {
    let words = ["serve", "--targets", "etc/targets.toml", "--interval", "100ms", "--status-detail"];
    Server::start(&mut door.command(&words))
}

/// A migrated database `shop`, and a file of targets with it and more.
fn with_targets(more: &str) -> Door {
    let door = Door::shop();
    door.run(&["up"]).good();
    put(&door, more);
    door
}

const SHOP: &str = "[shop]\ndatabase-url-file = \"url\"\ndir = \"../migrations\"\n";

fn put(door: &Door, more: &str) {
    door.write("etc/url", format!("sqlite://{}\n", door.path().join("migrascope.db").display()));
    // Renamed into place, so that no reader sees a partial file.
    door.write("etc/next", format!("{SHOP}{more}"));
    std::fs::rename(door.path().join("etc/next"), door.path().join("etc/targets.toml")).unwrap();
}

#[test]
fn one_that_is_dead_and_one_that_hangs_delay_nobody() {
    let (_silent, url) = silent();
    let dead = "postgres://u:secret@127.0.0.1:1/dead";
    let door = with_targets(&format!(
        "[dead]\ndatabase-url = \"{dead}\"\ndir = \"../migrations\"\n[hangs]\ndatabase-url = \"{url}\"\ndir = \"../migrations\"\n"
    ));
    let server = serve(&door);
    server.figure_is("migrascope_runs_total", &["target=\"shop\"", "outcome=\"success\""], 1.0);
    server.figure_is("migrascope_health_check_success", &["target=\"dead\"", "check=\"connect\""], 0.0);
    assert_eq!(server.figure("migrascope_health_check_success", &["target=\"shop\"", "check=\"connect\""]), Some(1.0));
    assert_eq!(server.figure("migrascope_health_check_success", &["target=\"hangs\""]), None, "nobody knows yet");
    let reason = server.ready(503);
    assert_eq!(reason, "not ready: dead: unreachable (connect); hangs: not polled yet\n");
    let looked = || server.status()["targets"][2]["looked"].as_str().unwrap().to_owned();
    let before = looked();
    eventually("the shop is looked at again", || (looked() != before).then_some(()));
    for path in ["/metrics", "/status", "/readyz"] {
        assert!(!server.get(path).body.contains("secret"), "{path}");
    }
    assert!(!server.told().concat().contains("secret"), "{:?}", server.told());
    let text = server.get("/metrics").body;
    assert_eq!(text.matches("# TYPE migrascope_health_check_success gauge").count(), 1, "{text}");
}

#[test]
fn before_the_first_look_nothing_is_ready_and_everything_answers() {
    let (_silent, url) = silent();
    let door = Door::shop();
    let server = Server::start(&mut door.command(&["serve", "--database-url", &url, "--target", "slow"]));
    assert_eq!(server.ready(503), "not ready: slow: not polled yet\n");
    assert_eq!(server.get("/metrics").code, 200);
    assert_eq!(server.status()["targets"][0]["state"].as_str(), Some("not_looked_yet"));
    server.line("slow: unreachable: no answer within 9.0 s (timeout)");
    assert_eq!(server.ready(503), "not ready: slow: unreachable (timeout)\n");
    assert_eq!(server.figure("migrascope_health_check_success", &["db_namespace=\"silent\""]), Some(0.0));
}

#[test]
fn targets_come_and_go_and_a_broken_file_changes_nothing() {
    let door = with_targets("");
    let server = detailed(&door);
    server.ready(200);
    assert_eq!(server.get("/livez").body, "alive: 1 database, every 100 ms\n");
    put(&door, "[other]\ndatabase-url = \"sqlite://other.db\"\n");
    server.line("other: unreadable: ");
    put(&door, "[other]\ndatabase-url = \"sqlite://other.db\"\ndir = \"../migrations\"\nledger-tabel = \"x\"\n");
    let warning = "etc/targets.toml: target other, key ledger-tabel: unknown key; did you mean ledger-table?";
    server.line(warning);
    eventually("/status has the mistake", || {
        server.status()["targets_error"].as_str().is_some_and(|error| error == warning).then_some(())
    });
    assert_eq!(server.status()["targets"].as_array().map(Vec::len), Some(2), "the last good ones stay");
    put(&door, "");
    server.ready(200);
    assert!(!server.get("/metrics").body.contains("other"), "it leaves no series behind");
    assert!(server.status()["targets_error"].is_null());
    let told = server.told();
    assert_eq!(told.iter().filter(|line| line.contains("ledger-tabel:")).count(), 1, "once: {told:?}");
    assert_eq!(told.iter().filter(|line| line.starts_with("shop: ")).count(), 1, "it went on as it was: {told:?}");
}

#[test]
fn what_is_wrong_with_the_file_is_told_with_file_and_key() {
    let table = [
        ("", "targets.toml: it has no target"),
        ("x = 1", "targets.toml: x must be a table of settings"),
        ("[a]\ndir = \"m\"", "targets.toml: target a needs one of database-url and database-url-file"),
        ("[a]\ndatabase-url = \"sqlite://a\"\ndatabase-url-file = \"a\"", "target a needs one of database-url and"),
        ("[a]\ndatabase-url = \"foo://u:secret@h/a\"", "target a, key database-url: unknown database"),
        (
            "[a]\ndatabase-url = \"sqlite://a\"\nlayuot = \"m\"",
            "target a, key layuot: unknown key; did you mean layout?",
        ),
        ("[a]\ndatabase-url = \"sqlite://a\"\ndir = 3", "targets.toml: target a, key dir: expected a string"),
        ("[a]\ndatabase-url = \"sqlite://a\"\nlayout = \"x\"", "target a, key layout: expected one of native"),
        ("[a]\ndatabase-url = \"sqlite://a\"\njournal-table = \"a.b.c\"", "key journal-table: expected TABLE or"),
        ("[a\n", "the file of targets targets.toml is not TOML"),
    ];
    for (text, part) in table {
        let door = Door::empty();
        door.write("targets.toml", text);
        let seen = door.run(&["serve", "--targets", "targets.toml", "--listen", "127.0.0.1:0"]);
        assert!(seen.code == Some(2) && seen.stderr.contains(part), "{text}\n{seen}");
        assert!(!seen.stderr.contains("secret"), "{seen}");
    }
}
