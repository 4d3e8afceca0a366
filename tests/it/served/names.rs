//! The host names that the pages accept, and what browsers may do with them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::Server;
use crate::door::Door;

fn serve(door: &Door, more: &[&str]) -> Server {
    Server::start(&mut door.command(&[&["serve"], more].concat()))
}

/// The response to a request: its status code, and the full text.
fn ask(server: &Server, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let code = text.split(' ').nth(1).unwrap().parse().unwrap();
    (code, text.to_ascii_lowercase())
}

fn by(server: &Server, host: &str) -> u16 {
    ask(server, &format!("GET /status HTTP/1.1\r\nHost: {host}\r\n\r\n")).0
}

#[test]
fn a_name_that_somebody_else_can_own_is_not_answered_to() {
    let door = Door::shop();
    let server = serve(&door, &[]);
    let address = server.address.clone();
    for host in [&address, "127.0.0.1", "10.1.2.3:9564", "[::1]:9564", "localhost:1", "LocalHost", "serve:9564"] {
        assert_eq!(by(&server, host), 200, "{host}");
    }
    for host in ["evil.example.com", "evil.example.com:9564", "127.0.0.1.evil.com", "localhost.evil.com:80"] {
        let (code, text) = ask(&server, &format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(code, 421, "{text}");
        assert!(text.contains("--listen-name") && !text.contains("migrascope_") && !text.contains("evil"), "{text}");
    }
    for unclear in [
        "GET /status HTTP/1.1\r\n\r\n",
        "GET /status HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        "GET /status HTTP/1.1\r\nHost: \r\n\r\n",
        "GET /status HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET /status HTTP/1.1\r\nHost: localhost@evil.com\r\n\r\n",
    ] {
        assert_eq!(ask(&server, unclear).0, 400, "{unclear}");
    }
    let absolute = "GET http://evil.example.com/status HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(ask(&server, absolute).0, 421, "the name in the first line counts");
    assert_eq!(ask(&server, "GET /status HTTP/1.0\r\n\r\n").0, 200, "no browser asks so");
}

#[test]
fn more_names_come_from_option_variable_and_file() {
    let door = Door::shop();
    let words = ["--listen-name", "pages.example.com", "--listen-name", "*.svc.cluster.local"];
    let server = serve(&door, &words);
    for (host, code) in [
        ("pages.example.com:9564", 200),
        ("Pages.Example.com.", 200),
        ("migrascope.monitoring.svc.cluster.local", 200),
        ("other.example.com", 421),
        ("example.com", 421),
        ("svc.cluster.local", 421),
    ] {
        assert_eq!(by(&server, host), code, "{host}");
    }
    drop(server);
    door.write("migrascope.toml", "listen-name = [\"a.example.com\", \"b.example.com\"]\n");
    let server = serve(&door, &[]);
    assert_eq!(["a", "b", "c"].map(|name| by(&server, &format!("{name}.example.com"))), [200, 200, 421]);
    drop(server);
    let server = Server::start(door.command(&["serve"]).env("MIGRASCOPE_LISTEN_NAME", "c.example.com, *"));
    assert_eq!(["a", "b", "c"].map(|name| by(&server, &format!("{name}.example.com"))), [200, 200, 200]);
    let seen = door.run(&["serve", "--listen-name", "http://a.example.com"]);
    assert!(seen.code == Some(2) && seen.stderr.contains("for --listen-name: expected a name"), "{seen}");
}

#[test]
fn nothing_of_a_page_is_guessed_run_loaded_or_framed() {
    let door = Door::shop();
    let server = serve(&door, &[]);
    for request in [
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
        "GET /status HTTP/1.1\r\nHost: evil.example.com\r\n\r\n",
        "GET /status HTTP/1.1\r\n\r\n",
    ] {
        let text = ask(&server, request).1;
        for header in [
            "\r\nx-content-type-options: nosniff\r\n",
            "\r\ncontent-security-policy: default-src 'none'; frame-ancestors 'none'; sandbox\r\n",
            "\r\ncross-origin-resource-policy: same-origin\r\n",
            "\r\nreferrer-policy: no-referrer\r\n",
            "\r\nconnection: close\r\n",
        ] {
            assert!(text.contains(header), "{request}: {header}: {text}");
        }
        assert!(!text.contains("\r\naccess-control"), "{request}: {text}");
    }
}
