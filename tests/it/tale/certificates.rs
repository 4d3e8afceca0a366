//! Receivers with TLS: an unknown authority, a private one, and client certificates.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, Stream};
use tempfile::TempDir;

use super::exporting::{Project, warnings};
use super::receiver::{Manner, Receiver};
use crate::support::service;

/// An authority, and the certificates that it has signed: `server` for 127.0.0.1, and `client`.
pub struct Authority {
    folder: TempDir,
}

impl Authority {
    pub fn called(name: &str) -> Self {
        let authority = Self { folder: TempDir::new().expect("a folder") };
        let subject = format!("/CN={name}");
        authority.openssl(&["req", "-x509", "-subj", &subject, "-keyout", "ca.key", "-out", "ca.pem"]);
        for (name, extension) in [("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth")]
        {
            let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
            let (subject, made) = (format!("/CN={name}"), ["-keyout", &key, "-out", &certificate]);
            let signed = ["req", "-x509", "-CA", "ca.pem", "-CAkey", "ca.key", "-subj", &subject];
            let leaf = ["-addext", extension, "-addext", "basicConstraints=critical,CA:FALSE"];
            authority.openssl(&[&signed[..], &made, &leaf].concat());
        }
        authority
    }

    /// Generates a key and a certificate of a kind that is fast to generate.
    fn openssl(&self, arguments: &[&str]) {
        let kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2"];
        let mut openssl = Command::new("openssl");
        let output = openssl.args(arguments).args(kind).current_dir(self.folder.path()).output().expect("openssl");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// A TLS proxy in front of the receiver at `http://…`; returns its URL.
    fn before(&self, receiver: &str, clients: Clients) -> String {
        let config = Arc::new(self.config(clients));
        let receiver = receiver.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("https://{}", listener.local_addr().expect("an address"));
        thread::spawn(move || {
            for sender in listener.incoming().flatten() {
                let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
                let receiver = TcpStream::connect(&receiver).expect("the receiver");
                thread::spawn(move || pass(connection, sender, receiver));
            }
        });
        url
    }

    pub fn config(&self, clients: Clients) -> ServerConfig {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().expect("versions");
        let builder = match clients {
            Clients::Anybody => builder.with_no_client_auth(),
            Clients::Certified => {
                let mut roots = RootCertStore::empty();
                roots.add(certificate(&self.path("ca.pem"))).expect("a root");
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
            }
        };
        let key = PrivateKeyDer::from_pem_file(self.path("server.key")).expect("a key");
        let mut config = builder.with_single_cert(vec![certificate(&self.path("server.pem"))], key).expect("a config");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }
}

/// Which clients may send.
#[derive(Clone, Copy)]
pub enum Clients {
    Anybody,
    Certified,
}

fn certificate(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).expect("a certificate")
}

/// Forwards data in both directions until one side closes, alternating between them.
fn pass(mut connection: ServerConnection, mut sender: TcpStream, mut receiver: TcpStream) {
    for stream in [&sender, &receiver] {
        stream.set_read_timeout(Some(Duration::from_millis(2))).expect("a time-out");
    }
    let mut sender = Stream::new(&mut connection, &mut sender);
    let mut buffer = [0; 16384];
    while hand_on(&mut sender, &mut receiver, &mut buffer) && hand_on(&mut receiver, &mut sender, &mut buffer) {}
}

/// Whether more data may follow.
fn hand_on(from: &mut impl Read, to: &mut impl Write, buffer: &mut [u8]) -> bool {
    match from.read(buffer) {
        Ok(0) => false,
        Ok(length) => to.write_all(&buffer[..length]).and_then(|()| to.flush()).is_ok(),
        Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted),
    }
}

/// Runs against a proxy and returns the warnings.
fn run(url: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let output = Project::new().up(&[&[("OTEL_EXPORTER_OTLP_ENDPOINT", url)], variables].concat(), &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    warnings(&output)
}

/// Both protocols, each with a receiver: the tests' own for HTTP, an independent one for gRPC.
fn on_each_way(promise: impl Fn(&str, &str)) {
    promise("http/protobuf", &Receiver::start(Manner::Polite).url);
    if let Some(url) = service("TEST_OTLP_GRPC_URL") {
        promise("grpc", &url);
    }
}

#[test]
fn who_is_certified_by_nobody_we_know_gets_nothing() {
    // The other authority stands for those of the system, of which there may be none.
    let (authority, stranger) = (Authority::called("authority"), Authority::called("stranger"));
    on_each_way(|protocol, receiver| {
        let url = authority.before(receiver, Clients::Anybody);
        let system = stranger.text("ca.pem");
        let warnings = run(&url, &[("OTEL_EXPORTER_OTLP_PROTOCOL", protocol), ("SSL_CERT_FILE", &system)]);
        assert_eq!(warnings.len(), 3, "{protocol}: {warnings:?}");
        let unknown = |warning: &String| warning.contains(&url) && warning.contains("UnknownIssuer");
        assert!(warnings.iter().all(unknown), "{protocol}: {warnings:?}");
    });
}

#[test]
fn ones_own_authority_is_believed() {
    let authority = Authority::called("authority");
    on_each_way(|protocol, receiver| {
        let url = authority.before(receiver, Clients::Anybody);
        let ca = authority.text("ca.pem");
        let variables = [("OTEL_EXPORTER_OTLP_PROTOCOL", protocol), ("OTEL_EXPORTER_OTLP_CERTIFICATE", &ca)];
        assert_eq!(run(&url, &variables), Vec::<String>::new(), "{protocol}");
    });
}

#[test]
fn a_gateway_is_believed_by_ones_own_authority_and_no_other() {
    let (authority, stranger) = (Authority::called("authority"), Authority::called("stranger"));
    let gateway = Receiver::start(Manner::Polite);
    let url = authority.before(&gateway.url, Clients::Anybody);
    let push = |ca: &str| {
        let output = Project::new().up(&[], &["--push-url", &url, "--push-ca", ca]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        warnings(&output)
    };
    let refused = push(&stranger.text("ca.pem"));
    assert!(refused.len() == 1 && refused[0].contains("UnknownIssuer"), "{refused:?}");
    assert_eq!(gateway.heads().concat(), "", "not a word to a stranger");
    assert_eq!(push(&authority.text("ca.pem")), Vec::<String>::new());
    let put = |head: &String| head.starts_with("PUT /metrics/job/migrascope/");
    assert!(gateway.heads().iter().any(put), "{:?}", gateway.heads());
}

#[test]
fn who_has_a_certificate_shows_it() {
    let authority = Authority::called("authority");
    on_each_way(|protocol, receiver| {
        let url = authority.before(receiver, Clients::Certified);
        let [ca, key, certificate] = ["ca.pem", "client.key", "client.pem"].map(|name| authority.text(name));
        let anonymous = [("OTEL_EXPORTER_OTLP_PROTOCOL", protocol), ("OTEL_EXPORTER_OTLP_CERTIFICATE", &*ca)];
        assert_eq!(run(&url, &anonymous).len(), 3, "{protocol}");
        let known = [
            ("OTEL_EXPORTER_OTLP_CLIENT_KEY", key.as_str()),
            ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", certificate.as_str()),
        ];
        assert_eq!(run(&url, &[anonymous, known].concat()), Vec::<String>::new(), "{protocol}");
    });
}

#[test]
fn a_key_that_is_another_certificates_is_a_mistake() {
    let authority = Authority::called("authority");
    let [key, certificate] = ["server.key", "client.pem"].map(|name| authority.text(name));
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://127.0.0.1:1"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", &key),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &certificate),
    ];
    let output = Project::new().up(&variables, &["--telemetry", "required"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("OTEL_EXPORTER_OTLP_CLIENT_KEY") && said.contains(&key), "{said}");
    let secret = fs::read_to_string(&key).expect("the key");
    assert!(secret.lines().all(|line| !said.contains(line)), "{said}");
}
