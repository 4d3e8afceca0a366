//! Properties of every page, and which clients may request it.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use super::{Server, ask};
use crate::door::Door;
use crate::door::hostile::{clean, hostile, sqlite};
use crate::support::query;

fn serve(door: &Door) -> Server {
    Server::start(&mut door.command(&["serve", "--interval", "100ms"]))
}

#[test]
fn every_page_has_its_type_and_nothing_else_is_a_page() {
    let door = Door::shop();
    door.run(&["up"]).good();
    let server = serve(&door);
    assert_eq!(server.ready(200), "ready: 1 database\n");
    let pages = [
        ("/", "text/plain; charset=utf-8", "/metrics"),
        ("/metrics", "text/plain; version=0.0.4; charset=utf-8", "# TYPE migrascope_runs_total counter\n"),
        ("/livez", "text/plain; charset=utf-8", "alive: 1 database, every 100 ms\n"),
        ("/readyz", "text/plain; charset=utf-8", "ready: 1 database\n"),
        ("/status", "application/json", "\"state\": \"ok\""),
    ];
    for (path, kind, part) in pages {
        let answer = server.get(path);
        assert_eq!(answer.code, 200, "{path}");
        assert!(answer.head.contains(&format!("content-type: {kind}\r\n")), "{path}: {}", answer.head);
        assert!(answer.head.contains("connection: close"), "{path}: {}", answer.head);
        assert!(answer.body.contains(part), "{path}: {}", answer.body);
        let head = ask(&server.address, "HEAD", path).unwrap();
        assert_eq!((head.code, head.body.as_str()), (200, ""), "{path}");
        assert_eq!(ask(&server.address, "POST", path).unwrap().code, 405, "{path}");
    }
    assert_eq!(server.get("/metrics/").code, 404);
    assert_eq!(server.get("/favicon.ico").code, 404);
}

#[test]
fn a_probe_asks_and_says_what_it_heard() {
    let door = Door::shop();
    let server = serve(&door);
    let probe = |more: &[&str]| door.run(&[&["probe", "--listen", server.address.as_str()], more].concat());
    assert!(probe(&[]).good().starts_with("alive: "), "{:?}", probe(&[]));
    server.ready(503);
    let unready = probe(&["--ready"]);
    assert_eq!(unready.code, Some(1));
    assert!(unready.stderr.contains("/readyz: not ready"), "{unready:?}");
    let nobody = door.run(&["probe", "--listen", "127.0.0.1:1"]);
    assert_eq!(nobody.code, Some(1));
    assert!(nobody.stderr.contains("http://127.0.0.1:1/livez does not answer: "), "{nobody:?}");
}

#[test]
fn who_says_nothing_holds_nobody_up() {
    let door = Door::shop();
    door.run(&["up"]).good();
    let server = serve(&door);
    let silent: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(&server.address).unwrap()).collect();
    let mut slow = TcpStream::connect(&server.address).unwrap();
    slow.write_all(b"GET /metrics HTTP/1.1\r\nHo").unwrap();
    let asked = Instant::now();
    assert_eq!(server.get("/livez").code, 200);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    // Long before its timeout.
    silent[0].set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let ended = (&silent[0]).read(&mut [0]).map_err(|error| error.kind());
    assert!(matches!(ended, Ok(0) | Err(ErrorKind::ConnectionReset)), "the oldest has lost his place: {ended:?}");
    assert_eq!(server.told().len(), 2, "nobody panics: {:?}", server.told());
    drop(slow);
}

#[test]
fn a_signal_ends_it_at_once_and_well() {
    for signal in ["-TERM", "-INT"] {
        let door = Door::shop();
        let server = serve(&door);
        server.ready(503);
        let sent = Instant::now();
        server.signal(signal);
        assert_eq!(server.end().code(), Some(0));
        assert!(sent.elapsed() < Duration::from_secs(5), "{:?}", sent.elapsed());
    }
}

#[test]
fn an_address_that_cannot_be_had_stops_everything_before_it_begins() {
    let door = Door::shop();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let _held = TcpListener::bind(taken).unwrap();
    for address in [&taken.to_string(), "nonsense", "127.0.0.1:99999"] {
        for command in ["serve", "up"] {
            let seen = door.run(&[command, "--listen", address]);
            assert_eq!(seen.code, Some(2), "{seen}");
            assert!(seen.stderr.starts_with(&format!("error: --listen: cannot listen on {address}: ")), "{seen}");
        }
    }
    assert!(!door.path().join("migrascope.db").exists(), "nothing was changed");
}

#[test]
fn the_address_comes_from_variable_and_file_as_well() {
    let door = Door::shop();
    let seen = door.run_with(&[("MIGRASCOPE_LISTEN", "nonsense")], &["up"]);
    assert!(seen.code == Some(2) && seen.stderr.contains("cannot listen on nonsense"), "{seen}");
    door.write("migrascope.toml", "listen = \"rubbish\"\n");
    let seen = door.run(&["serve"]);
    assert!(seen.code == Some(2) && seen.stderr.contains("cannot listen on rubbish"), "{seen}");
    assert_eq!(door.run(&["status"]).code, Some(0), "other commands listen nowhere");
}

#[test]
fn what_cannot_be_served_is_told_before_anything() {
    let door = Door::empty();
    for (words, part) in [
        (&["serve", "--interval", "1ms"][..], "expected 100ms or more"),
        (&["serve", "--dir", "nowhere"], "cannot read the directory nowhere"),
        (&["serve", "--database-url", "foo://x"], "unknown database"),
        (&["serve", "--targets", "nowhere.toml"], "--targets: cannot read nowhere.toml"),
    ] {
        let seen = door.run(words);
        assert!(seen.code == Some(2) && seen.stderr.contains(part), "{words:?}: {seen}");
    }
}

#[test]
fn programs_read_where_it_listens_and_how_databases_stand() {
    let door = Door::shop();
    door.run(&["up"]).good();
    let out = door.path().join("out.json");
    let mut command = Command::new("sh");
    let script = format!("exec {} \"$@\" > out.json", env!("CARGO_BIN_EXE_migrascope"));
    command.args(["-c", &script, "sh", "serve", "--format", "json"]).current_dir(door.path());
    command.env("DATABASE_URL", "sqlite://migrascope.db");
    let server = Server::start(&mut command);
    let address = server.address.clone();
    server.ready(200);
    server.line("migrascope.db: ok: sqlite");
    server.signal("-TERM");
    assert_eq!(server.end().code(), Some(0));
    let text = std::fs::read_to_string(out).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines[0]["event"].as_str(), lines[0]["address"].as_str()), (Some("listening"), Some(address.as_str())));
    assert_eq!((lines[1]["event"].as_str(), lines[1]["state"].as_str()), (Some("target_changed"), Some("ok")));
    assert_eq!((lines[2]["event"].as_str(), lines[2]["exit_code"].as_u64()), (Some("report"), Some(0)));
}

#[test]
fn hostile_names_are_shown_and_not_sent() {
    let name = hostile();
    let door = Door::with(&[("1_a.sql", "CREATE TABLE a (b);")]);
    let url = sqlite(&door, &name);
    door.run(&["up", "--quiet", "--database-url", &url]).good();
    let text = name.replace('\'', "''");
    let forge = format!(
        "UPDATE _migrascope_journal SET run_id = '{text}', operator = '{text}', outcome = 'executing', finished_at = NULL"
    );
    query(&url, &forge);
    let server = Server::start(&mut door.command(&["serve", "--interval", "100ms", "--database-url", &url]));
    for page in ["/metrics", "/livez", "/readyz", "/status"] {
        server.ready(200);
        clean(&server.get(page).body);
    }
    std::fs::rename(door.path().join("migrations"), door.path().join("gone")).unwrap();
    clean(&server.ready(503));
    for page in ["/metrics", "/readyz", "/status"] {
        clean(&server.get(page).body);
    }
    clean(&(server.told().join("\n") + "\n"));
    // Answers of another process are not shown unchecked.
    let forged = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = forged.local_addr().unwrap().to_string();
    let answers = std::thread::spawn(move || {
        for code in ["200 OK", "503 X"] {
            let (mut stream, _) = forged.accept().unwrap();
            let mut request = [0; 1024];
            _ = stream.read(&mut request).unwrap();
            write!(stream, "HTTP/1.1 {code}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{name}", name.len())
                .unwrap();
        }
    });
    for _ in 0..2 {
        let seen = door.run_with(&[("CLICOLOR_FORCE", "1")], &["probe", "--listen", &address]);
        clean(&seen.stdout);
        clean(&seen.stderr);
        assert!(seen.stdout.contains("␛[31mred") || seen.stderr.contains("␛[31mred"), "{seen:?}");
    }
    answers.join().unwrap();
}
