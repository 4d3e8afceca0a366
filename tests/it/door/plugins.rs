//! A MySQL server that requests the password in clear text does not receive any part of it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{Door, Seen};

const PASSWORD: &str = "throwaway";

/// The server's behaviour at a login.
#[derive(Clone, Copy)]
struct Server {
    greets_with: &'static str,
    /// Packets that it sends after the first answer, one for each answer.
    then: &'static [&'static [u8]],
}

const CLEAR: &str = "mysql_clear_password";
const NATIVE: &str = "mysql_native_password";
const CACHING: &str = "caching_sha2_password";
const TO_CLEAR: &[u8] = b"\xfemysql_clear_password\0abcdefghijabcdefghij\0";
const TO_CACHING: &[u8] = b"\xfecaching_sha2_password\0abcdefghijabcdefghij\0";
const TO_SHA256: &[u8] = b"\xfesha256_password\0abcdefghijabcdefghij\0";
const TO_ED25519: &[u8] = b"\xfeclient_ed25519\0abcdefghijabcdefghijabcdefghijab";
const FULL: &[u8] = &[1, 4];

/// A server that records what it receives, also inside TLS.
struct Listening {
    port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    fn listen(self, tls: Option<Arc<ServerConfig>>) -> Listening {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard: Arc<Mutex<Vec<u8>>> = Arc::default();
        let shared = Arc::clone(&heard);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // It is expected that the client disconnects.
                let _ = self.serve(client, tls.clone(), &shared);
            }
        });
        Listening { port, heard }
    }

    fn serve(
        self,
        mut client: TcpStream,
        tls: Option<Arc<ServerConfig>>,
        heard: &Mutex<Vec<u8>>,
    ) -> std::io::Result<()> {
        let ssl = if tls.is_some() { 0x08 } else { 0 };
        let head: &[u8] = &[10, b'8', b'.', b'4', b'.', b'0', 0, 1, 0, 0, 0];
        let capabilities: &[u8] = &[0, 0xff, 0xf7 | ssl, 45, 2, 0, 0xff, 0x81, 21];
        let parts = [head, b"12345678", capabilities, &[0; 10], b"123456789012\0", self.greets_with.as_bytes(), b"\0"];
        let sent = send(&mut client, 0, &parts.concat())?;
        match tls {
            Some(config) => {
                receive(&mut client, heard)?;
                let connection = ServerConnection::new(config).unwrap();
                self.log_in(StreamOwned::new(connection, client), sent + 2, heard)
            }
            None => self.log_in(client, sent + 1, heard),
        }
    }

    fn log_in(self, mut client: impl Read + Write, mut number: u8, heard: &Mutex<Vec<u8>>) -> std::io::Result<()> {
        receive(&mut client, heard)?;
        for packet in self.then {
            number = send(&mut client, number, packet)? + 1;
            receive(&mut client, heard)?;
        }
        let refusal = b"\xff\x15\x04#28000Access denied by a fake server";
        send(&mut client, number, refusal).map(drop)
    }
}

/// The number of the next packet.
fn send(client: &mut impl Write, number: u8, payload: &[u8]) -> std::io::Result<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    client.write_all(&[&[length, 0, 0, number], payload].concat())?;
    client.flush()?;
    Ok(number + 1)
}

fn receive(client: &mut impl Read, heard: &Mutex<Vec<u8>>) -> std::io::Result<()> {
    let mut head = [0; 4];
    client.read_exact(&mut head)?;
    let mut payload = vec![0; usize::from(head[0]) | usize::from(head[1]) << 8];
    client.read_exact(&mut payload)?;
    heard.lock().unwrap().extend(payload);
    Ok(())
}

impl Listening {
    fn url(&self, scheme: &str, query: &str) -> String {
        format!("{scheme}://root:{PASSWORD}@127.0.0.1:{}/shop{query}", self.port)
    }

    /// Runs a command on this server, which must not receive the password.
    #[track_caller]
    fn run(&self, door: &Door, command: &str, url: &str) -> Seen {
        let seen = door.run(&[command, "--database-url", url]);
        let heard = String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned();
        assert!(!heard.contains(PASSWORD), "{command} {url}: {heard:?}");
        assert!(!seen.to_string().contains(PASSWORD), "{seen}");
        seen
    }
}

/// TLS with a certificate that no authority has signed.
fn unverified(folder: &Path) -> Arc<ServerConfig> {
    let kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2", "-subj", "/CN=fake"];
    let files = ["-keyout", "key.pem", "-out", "cert.pem"];
    let made = Command::new("openssl").args(["req", "-x509"]).args(kind).args(files).current_dir(folder).output();
    assert!(made.unwrap().status.success());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let certificate = CertificateDer::from_pem_file(folder.join("cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
    Arc::new(builder.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap())
}

#[test]
fn a_server_that_wants_the_password_in_clear_is_refused_by_its_plugin() {
    let door = Door::shop();
    let tls = unverified(door.path());
    for (greets_with, then) in [(CLEAR, &[] as &[&[u8]]), (NATIVE, &[TO_CLEAR]), (CACHING, &[TO_CLEAR])] {
        for tls in [None, Some(Arc::clone(&tls))] {
            let server = Server { greets_with, then }.listen(tls.clone());
            for scheme in ["mysql", "mariadb"] {
                let queries: &[&str] =
                    if tls.is_some() { &["", "?ssl-mode=REQUIRED"] } else { &["", "?ssl-mode=DISABLED"] };
                for query in queries {
                    let seen = server.run(&door, "up", &server.url(scheme, query));
                    assert_eq!(seen.code, Some(8), "{seen}");
                    assert!(seen.stderr.contains("the authentication plugin mysql_clear_password, which"), "{seen}");
                    assert!(seen.stderr.contains("help: if the server checks passwords elsewhere"), "{seen}");
                }
            }
        }
    }
}

#[test]
fn no_command_answers_in_clear() {
    let door = Door::shop();
    let server = Server { greets_with: CLEAR, then: &[] }.listen(None);
    for command in ["down", "status", "plan", "verify", "health", "wait", "push"] {
        let url = server.url("mysql", "");
        let mut words = vec![command, "--database-url", &url];
        words.extend(if command == "wait" { &["--timeout", "1s"][..] } else { &[] });
        words.extend(if command == "push" { &["--push-url", "http://127.0.0.1:1"][..] } else { &[] });
        words.extend(if command == "down" { &["--yes"][..] } else { &[] });
        let seen = door.run(&words);
        assert!(seen.to_string().contains(CLEAR), "{command}: {seen}");
        let heard = String::from_utf8_lossy(&server.heard.lock().unwrap()).into_owned();
        assert!(!heard.contains(PASSWORD), "{command}: {heard:?}");
    }
}

#[test]
fn the_whole_password_is_not_sent_where_it_can_be_read() {
    let door = Door::shop();
    for (greets_with, then, said) in [
        (
            CACHING,
            &[FULL] as &[&[u8]],
            "caching_sha2_password requires the whole password, which is not sent without TLS",
        ),
        (NATIVE, &[TO_CACHING, FULL], "caching_sha2_password requires the whole password"),
        (NATIVE, &[TO_SHA256], "the authentication plugin sha256_password, which would send"),
        ("sha256_password", &[], "the authentication plugin sha256_password, which would send"),
    ] {
        let server = Server { greets_with, then }.listen(None);
        let seen = server.run(&door, "up", &server.url("mysql", ""));
        assert_eq!(seen.code, Some(8), "{seen}");
        assert!(seen.stderr.contains(said), "{said}: {seen}");
    }
}

#[test]
fn a_plugin_that_is_not_supported_is_named() {
    let door = Door::shop();
    let tls = unverified(door.path());
    for tls in [None, Some(tls)] {
        let server = Server { greets_with: NATIVE, then: &[TO_ED25519] }.listen(tls);
        let seen = server.run(&door, "up", &server.url("mariadb", ""));
        assert_eq!(seen.code, Some(8), "{seen}");
        assert!(seen.stderr.contains("the authentication plugin client_ed25519, which is not supported"), "{seen}");
    }
}

#[test]
fn what_is_no_mysql_server_is_refused_at_once() {
    let door = Door::shop();
    for greeting in [&b"SSH-2.0-OpenSSH_9.2\r\n"[..], b"\xff\xff\xff\0\x0a", b"\x05\0\0\0\x0a8.4\0", b"\x01\0\0\0\x0a"]
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            client.write_all(greeting).unwrap();
            let mut heard = Vec::new();
            // A client that resets the connection has sent nothing either.
            let _ = client.read_to_end(&mut heard);
            heard
        });
        let began = Instant::now();
        let seen = door.run(&["up", "--database-url", &format!("mysql://root:{PASSWORD}@127.0.0.1:{port}/shop")]);
        assert_eq!(seen.code, Some(8), "{seen}");
        assert!(seen.stderr.contains("note: the peer does not speak "), "{seen}");
        // Long before the connect timeout.
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
        assert_eq!(server.join().unwrap(), b"");
    }
}
