//! Servers with answers that no driver expects: only the connection is lost, and the command reports that and ends.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Door;
use crate::served::Server;
use crate::support::eventually;

const LOGGED_IN: &[u8] = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";

/// Accepts connections like PostgreSQL, and then sends what the test specifies.
struct Fake {
    address: String,
    connections: Arc<AtomicUsize>,
}

impl Fake {
    /// Sends `login` after the first message, and `answer` in response to every query.
    fn start(
        login: &'static [u8],
        answer: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let connections = Arc::new(AtomicUsize::new(0));
        let (count, answer) = (Arc::clone(&connections), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, answer) = (stream.unwrap(), Arc::clone(&answer));
                count.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || -> std::io::Result<()> {
                    message(&mut stream, 0)?;
                    stream.write_all(login)?;
                    loop {
                        message(&mut stream, 1)?;
                        answer(&mut stream)?;
                    }
                });
            }
        });
        Self { address, connections }
    }

    fn url(&self) -> String {
        format!("postgres://u:s3cret@{}/shop?sslmode=disable", self.address)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Reads a message whose length follows `kind` bytes.
fn message(stream: &mut TcpStream, kind: usize) -> std::io::Result<()> {
    let mut head = vec![0; kind + 4];
    stream.read_exact(&mut head)?;
    let length = u32::from_be_bytes(head[kind..].try_into().unwrap()) as usize;
    stream.read_exact(&mut vec![0; length - 4])
}

#[test]
fn an_answer_that_cannot_be_read_is_no_connection() {
    let door = Door::shop();
    // A length below its own four bytes, a message without required fields, and an unknown message type.
    for login in [&b"R\0\0\0\x01"[..], b"R\0\0\0\x04", b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x04", b"\xffZ\0\0\0\x05I"] {
        let fake = Fake::start(login, |_| Ok(()));
        for words in [&["up"][..], &["status"], &["health"], &["verify"]] {
            let seen = door.run_with(&[("DATABASE_URL", &fake.url())], words);
            assert_eq!(seen.code, Some(8), "{words:?} {login:?}: {seen}");
            assert!(seen.stderr.starts_with("error: cannot connect to postgresql at 127.0.0.1:"), "{seen}");
            assert!(!seen.stderr.contains("panicked") && !seen.stderr.contains("s3cret"), "{seen}");
        }
    }
}

#[test]
fn serve_looks_again_after_an_answer_that_cannot_be_read() {
    let door = Door::shop();
    let fake = Fake::start(LOGGED_IN, |stream| stream.write_all(b"T\0\0\0\x04Z\0\0\0\x04"));
    let url = fake.url();
    let mut command = door.command(&["serve", "--interval", "100ms"]);
    let server = Server::start(command.env("DATABASE_URL", url));
    eventually("it looks a third time", || (fake.connections() > 2).then_some(()));
    let status = &server.status()["targets"][0];
    assert_ne!(status["state"], "ok", "{status}");
    server.figure_is("migrascope_health_check_success", &["migrascope_check=\"connect\""], 0.0);
    assert!(server.told().iter().all(|line| !line.contains("panicked")), "{:?}", server.told());
}

#[test]
fn rows_without_an_end_end_the_command() {
    let column = b"T\0\0\0\x1a\0\x01v\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0";
    let mut row = b"D\0\0\x10\x0a\0\x01\0\0\x10\0".to_vec();
    row.extend([b'x'; 4096]);
    let fake = Fake::start(LOGGED_IN, move |stream| {
        stream.write_all(column)?;
        loop {
            stream.write_all(&row)?;
        }
    });
    let door = Door::shop();
    let seen = door.run_with(&[("DATABASE_URL", &fake.url())], &["status"]);
    assert!(matches!(seen.code, Some(1 | 8)), "{seen}");
    assert!(seen.stderr.contains("the answer to a query of migrascope is larger than 32 MB"), "{seen}");
}

/// A message of the PostgreSQL protocol.
fn message_of(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind], length.to_be_bytes().as_slice(), body].concat()
}

const NOTICE: &[u8] = b"SNOTICE\0VNOTICE\0C00000\0Mlook\0\0";

/// A server that sends the same bytes until the client disconnects.
fn without_end(bytes: Vec<u8>) -> impl Fn(&mut TcpStream) -> std::io::Result<()> {
    move |stream| {
        loop {
            stream.write_all(&bytes)?;
        }
    }
}

#[test]
fn notices_and_parameters_without_an_end_end_the_command() {
    let door = Door::shop();
    let large = "the server's answer to a query of migrascope is larger than 36 MB";
    for (message, why) in [
        (message_of(b'N', NOTICE), large),
        (message_of(b'S', b"a\0b\0"), "the server reported more than 16 MB of parameters"),
    ] {
        let fake = Fake::start(LOGGED_IN, without_end(message.repeat(1000)));
        for words in [&["up"][..], &["health"]] {
            let seen = door.run_with(&[("DATABASE_URL", &fake.url())], words);
            assert_eq!(seen.code, Some(8), "{words:?}: {seen}");
            assert!(seen.stderr.contains(why), "{words:?}: {seen}");
        }
    }
}

#[test]
fn a_login_that_does_not_end_is_ended() {
    let login: &[u8] = message_of(b'N', NOTICE).repeat(100_000).leak();
    let fake = Fake::start(login, |_| Ok(()));
    let seen = Door::shop().run_with(&[("DATABASE_URL", &fake.url())], &["up"]);
    assert_eq!(seen.code, Some(8), "{seen}");
    assert!(seen.stderr.contains("the server sent more than 1 MB before the login was complete"), "{seen}");
}

#[test]
fn a_huge_message_ends_the_connection_at_its_head() {
    let door = Door::shop();
    // The rest is never sent: a driver that waits for it would wait for ever.
    let fake = Fake::start(LOGGED_IN, |stream| stream.write_all(b"E\x10\0\0\0S"));
    let seen = door.run_with(&[("DATABASE_URL", &fake.url())], &["up"]);
    assert_eq!(seen.code, Some(8), "{seen}");
    assert!(seen.stderr.contains("the server sent a message E of 268435456 bytes, more than 16777216"), "{seen}");
}
