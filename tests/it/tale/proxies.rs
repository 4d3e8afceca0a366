//! Proxies: the same variables have the same effect on everything that is sent.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::exporting::{Project, warnings};
use super::receiver::{Manner, Receiver};
use crate::support::service;

/// Everything that is sent: its name, and the variables that set its address.
fn ways(url: &str) -> [(&'static str, Vec<(&'static str, String)>); 5] {
    let one = |name| vec![(name, url.to_owned())];
    let endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    [
        ("OTLP over HTTP", one(endpoint)),
        ("OTLP over gRPC", [one(endpoint), vec![("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc".to_owned())]].concat()),
        ("Pushgateway", one("MIGRASCOPE_PUSH_URL")),
        ("webhook", one("MIGRASCOPE_WEBHOOK_URL")),
        ("Grafana", one("MIGRASCOPE_GRAFANA_URL")),
    ]
}

fn up(variables: &[(&str, String)], more: &[(&str, &str)]) -> std::process::Output {
    let variables = variables.iter().map(|(name, value)| (*name, value.as_str()));
    let variables: Vec<(&str, &str)> = variables.chain(more.iter().copied()).collect();
    let output = Project::new().up(&variables, &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    output
}

#[test]
fn the_same_variables_lead_everything_the_same_way() {
    const BY_PROXY: bool = true;
    let (proxy, direct) = (Receiver::start(Manner::Polite), Receiver::start(Manner::Polite));
    let (named, bare) = (proxy.url.as_str(), proxy.url.strip_prefix("http://").expect("a scheme"));
    let table: [(&[(&str, &str)], bool); 9] = [
        (&[("HTTP_PROXY", named)], BY_PROXY),
        (&[("http_proxy", bare)], BY_PROXY),
        (&[("ALL_PROXY", named)], BY_PROXY),
        (&[("all_proxy", named), ("NO_PROXY", "elsewhere.example.com")], BY_PROXY),
        (&[("HTTPS_PROXY", named)], !BY_PROXY),
        (&[("HTTP_PROXY", named), ("NO_PROXY", "*")], !BY_PROXY),
        (&[("ALL_PROXY", named), ("no_proxy", "example.com, 127.0.0.0/8")], !BY_PROXY),
        (&[("HTTP_PROXY", named), ("NO_PROXY", "127.0.0.1")], !BY_PROXY),
        (&[("HTTP_PROXY", named), ("REQUEST_METHOD", "GET")], !BY_PROXY),
    ];
    for (variables, by_proxy) in table {
        for (way, settings) in ways(&direct.url) {
            let before = (proxy.heads().len(), direct.heads().len());
            up(&settings, variables);
            let asked = (proxy.heads().len() > before.0, direct.heads().len() > before.1);
            assert_eq!(asked, (by_proxy, !by_proxy), "{way} {variables:?}");
        }
    }
}

#[test]
fn encrypted_ways_go_by_a_tunnel_and_show_the_proxy_nothing() {
    let proxy = Receiver::start(Manner::Polite);
    let url = proxy.url.replace("://", "://user:pa%20ss@");
    for (way, settings) in ways("https://receiver.invalid:4443") {
        let before = proxy.heads().len();
        let output = up(&settings, &[("HTTPS_PROXY", &url), ("HTTP_PROXY", "http://127.0.0.1:1")]);
        let heads = &proxy.heads()[before..];
        assert!(!heads.is_empty(), "{way}: {output:?}");
        for head in heads {
            assert!(head.starts_with("CONNECT receiver.invalid:4443 HTTP/1.1\r\n"), "{way}: {head}");
            let head = head.to_ascii_lowercase();
            assert!(head.contains("proxy-authorization: basic dxnlcjpwysbzcw=="), "{way}: {head}");
        }
        let shown = format!("{output:?}");
        assert!(!shown.contains("pa%20ss") && !shown.contains("pa ss"), "{way}: {shown}");
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_a_mistake_in_the_settings() {
    for proxy in ["socks5://u:s3cret@127.0.0.1:1", "https://u:s3cret@127.0.0.1:1", "http://"] {
        for (way, settings) in ways("http://127.0.0.1:1") {
            let said = "ALL_PROXY is not a usable proxy";
            let settings = settings.iter().map(|(name, value)| (*name, value.as_str()));
            let settings: Vec<_> = settings.chain([("ALL_PROXY", proxy)]).collect();
            let required = [settings.as_slice(), &[("MIGRASCOPE_TELEMETRY", "required")]].concat();
            let refused = Project::new().up(&required, &[]);
            assert_eq!(refused.status.code(), Some(2), "{way} {proxy}: {refused:?}");
            for output in [refused, Project::new().up(&settings, &[])] {
                let told = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(told.contains(said) && !told.contains("s3cret"), "{way} {proxy}: {told}");
            }
        }
    }
}

/// A proxy that opens tunnels, and the first lines of the requests that it received.
fn tunnels() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let asking = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let asking = Arc::clone(&asking);
            thread::spawn(move || tunnel(stream, &asking));
        }
    });
    (url, asked)
}

fn tunnel(mut client: TcpStream, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let server = TcpStream::connect(first.split(' ').nth(1).unwrap_or_default())?;
    asked.lock().expect("no panic").push(first);
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
    let (mut back, mut answers) = (client, server.try_clone()?);
    let answering = thread::spawn(move || {
        let _ = io::copy(&mut answers, &mut back);
        back.shutdown(Shutdown::Both)
    });
    io::copy(&mut reader, &mut &server)?;
    server.shutdown(Shutdown::Write)?;
    // A client that has disconnected was answered.
    let _ = answering.join();
    Ok(())
}

#[test]
fn a_real_collector_is_reached_by_grpc_through_a_proxy() {
    let Some(url) = service("TEST_OTLP_GRPC_URL") else { return };
    let (proxy, asked) = tunnels();
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("HTTP_PROXY", &proxy),
    ];
    let output = Project::new().up(&settings, &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(warnings(&output), [""; 0], "everything has arrived");
    let collector = url.strip_prefix("http://").expect("a scheme").trim_end_matches('/');
    let asked = asked.lock().expect("no panic").clone();
    assert_eq!(asked.first().map(String::as_str), Some(format!("CONNECT {collector} HTTP/1.1\r\n").as_str()));
}
