//! Receivers whose responses never end: a part is read, the connection is closed, and the run is not affected.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::exporting::{Project, warnings};
use super::receiver::{Manner, Receiver as Elsewhere};
use crate::support::eventually;

/// What a receiver would send in total.
const MEGABYTES: usize = 300;

/// The maximum that is read: operating systems buffer some megabytes.
const TAKEN: usize = 32;

/// How much more memory than before the response a process may need, in kilobytes.
const GROWTH: usize = 12 * 1024;

/// One response.
struct Seen {
    /// The amount that was read.
    megabytes: usize,
    /// The peak memory of the client, after its request and during the response.
    memory: (usize, usize),
}

/// Answers clients with this head, followed by an endless body.
struct Flood {
    address: String,
    asker: Sender<u32>,
    seen: Receiver<Seen>,
}

impl Flood {
    /// `opening` starts a response after some data was read.
    fn start(opening: &'static [u8], wave: &'static [u8]) -> Self {
        Self::answering(move |stream, process| drown(stream, opening, wave, process))
    }

    /// Answers each connection of a process with this function.
    fn answering(answer: impl Fn(TcpStream, u32) -> Option<Seen> + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let ((asker, who), (told, seen)) = (channel(), channel());
        thread::spawn(move || {
            let process: u32 = who.recv().expect("a process");
            for stream in listener.incoming().flatten() {
                let (told, answer) = (told.clone(), answer.clone());
                // The receiver is gone if the test has failed.
                thread::spawn(move || answer(stream, process).map(|seen| told.send(seen)));
            }
        });
        Self { address, asker, seen }
    }

    /// Runs a client program, and checks each response that it received.
    fn drowns(&self, command: &mut Command) -> Output {
        self.drowns_in(command, TAKEN)
    }

    /// The same with this limit in megabytes for each response.
    fn drowns_in(&self, command: &mut Command, most: usize) -> Output {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process");
        self.asker.send(child.id()).expect("somebody who waits");
        let output = child.wait_with_output().expect("an output");
        let seen: Vec<Seen> = eventually("an answer", || {
            let seen: Vec<Seen> = self.seen.try_iter().collect();
            (!seen.is_empty()).then_some(seen)
        });
        for Seen { megabytes, memory: (before, after) } in seen {
            assert!(megabytes < most, "{megabytes} MB were read");
            assert!(after < before + GROWTH, "from {before} kB to {after} kB");
        }
        output
    }
}

fn drown(mut stream: TcpStream, opening: &[u8], wave: &[u8], process: u32) -> Option<Seen> {
    let mut chunk = [0; 16 * 1024];
    if !stream.read(&mut chunk).is_ok_and(|read| read > 0) {
        return None;
    }
    let before = peak(process).unwrap_or_default();
    let (mut megabytes, mut after) = (0, before);
    let mut taken = stream.write_all(opening).is_ok();
    while taken && megabytes < MEGABYTES {
        let mut sent = 0;
        while taken && sent < 1 << 20 {
            taken = stream.write_all(wave).is_ok();
            sent += wave.len();
        }
        megabytes += 1;
        after = after.max(peak(process).unwrap_or_default());
    }
    Some(Seen { megabytes, memory: (before, after) })
}

/// The peak memory of a process, in kilobytes.
fn peak(process: u32) -> Option<usize> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 999999999\r\n\r\n";
const BAD: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 999999999\r\n\r\nno, ";
const WAVE: &[u8] = &[b'z'; 64 * 1024];

#[test]
fn an_answer_of_otlp_over_http_ends_at_its_limit() {
    let (project, flood) = (Project::new(), Flood::start(OK, WAVE));
    let endpoint = format!("http://{}", flood.address);
    let output = flood.drowns(&mut project.up_command(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)], &[]));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(warnings(&output), [""; 0], "it has said that it took all");
}

#[test]
fn a_head_without_end_is_no_answer() {
    let (project, flood) = (Project::new(), Flood::start(b"HTTP/1.1 200 OK\r\n", b"X-Again: zzzzzzzzzzzzzzzz\r\n"));
    let url = format!("http://{}", flood.address);
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("MIGRASCOPE_PUSH_URL", &url),
        ("MIGRASCOPE_WEBHOOK_URL", &url),
        ("MIGRASCOPE_GRAFANA_URL", &url),
    ];
    let output = flood.drowns(&mut project.up_command(&variables, &[]));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(warnings(&output).len(), 6, "{output:?}");
}

/// Responses that the client would follow up with another request.
const INTERIM: &[u8] =
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n";

#[test]
fn interim_answers_without_end_take_the_time_of_no_answer_and_no_memory() {
    let (project, flood) = (Project::new(), Flood::start(INTERIM, INTERIM));
    let url = format!("http://{}", flood.address);
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("MIGRASCOPE_PUSH_URL", &url),
        ("MIGRASCOPE_WEBHOOK_URL", &url),
        ("MIGRASCOPE_GRAFANA_URL", &url),
    ];
    let began = Instant::now();
    let output = flood.drowns_in(&mut project.up_command(&variables, &[]), usize::MAX);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(warnings(&output).len(), 6, "{output:?}");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[test]
fn a_probe_waits_for_no_interim_answers() {
    let address = answering(|mut stream| {
        // The first read may be large: a client reads some 70 MB at once.
        let wave = INTERIM.repeat(1000);
        thread::spawn(move || while stream.write_all(&wave).is_ok() {});
    });
    let began = Instant::now();
    let output = Project::new().command(&[], &["probe", "--listen", &address]).output().expect("an output");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
}

#[test]
fn an_answer_of_a_gateway_ends_at_its_limit() {
    let (project, flood) = (Project::new(), Flood::start(BAD, WAVE));
    let url = format!("http://{}", flood.address);
    let output = flood.drowns(&mut project.up_command(&[("MIGRASCOPE_PUSH_URL", &url)], &[]));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = warnings(&output);
    assert!(said.len() == 1 && said[0].contains("HTTP status 400: no, zzz") && said[0].len() < 400, "{said:?}");
}

#[test]
fn a_page_of_a_gateway_ends_at_its_limit() {
    for page in [OK, b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n"] {
        let (project, flood) = (Project::new(), Flood::start(page, if page == OK { WAVE } else { b"a 1\n" }));
        let url = format!("http://{}", flood.address);
        // A run without a journal queries the gateway.
        let arguments = ["--database-url", "sqlite://no/such/folder/x.db"];
        let mut command = project.up_command(&[("MIGRASCOPE_PUSH_URL", &url)], &arguments);
        let output = flood.drowns(&mut command);
        assert_eq!(output.status.code(), Some(8), "{output:?}");
    }
}

#[test]
fn answers_to_notifications_are_not_read() {
    for variable in ["MIGRASCOPE_WEBHOOK_URL", "MIGRASCOPE_GRAFANA_URL"] {
        for opening in [OK, BAD] {
            let (project, flood) = (Project::new(), Flood::start(opening, WAVE));
            let url = format!("http://{}", flood.address);
            let output = flood.drowns(&mut project.up_command(&[(variable, &url)], &[]));
            assert_eq!(output.status.code(), Some(0), "{output:?}");
        }
    }
}

#[test]
fn an_answer_to_a_probe_ends_at_its_limit() {
    for opening in [OK, BAD] {
        let (project, flood) = (Project::new(), Flood::start(opening, WAVE));
        let output = flood.drowns(&mut project.command(&[], &["probe", "--listen", &flood.address]));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("/livez: the response is longer than 64 KiB") && said.len() < 400, "{said}");
    }
}

/// HTTP/2 SETTINGS, so that the connection is established.
const STANDS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// An HTTP/2 frame of an unknown type, which clients ignore.
const UNKNOWN: &[u8] = &{
    let mut frame = [0; 9 + 16_384];
    (frame[1], frame[3]) = (64, 0x20);
    frame
};

#[test]
fn an_answer_of_otlp_over_grpc_ends_at_its_limit() {
    let (project, flood) = (Project::new(), Flood::start(STANDS, UNKNOWN));
    let endpoint = format!("http://{}", flood.address);
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    let output = flood.drowns(&mut project.up_command(&variables, &[]));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = warnings(&output);
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said.iter().any(|line| line.ends_with("the response is too long")), "{said:?}");
}

/// A gRPC response whose message decompresses to 100 MB.
fn packed() -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(&vec![0; 100_000_000]).expect("room");
    let packed = packer.finish().expect("room");
    let length = u32::try_from(packed.len()).expect("a short message");
    let message = [&[1], &length.to_be_bytes()[..], &packed].concat();
    // Status 200, the content type and the compression, without header encoding.
    let mut head = vec![0x88];
    for (name, value) in [("content-type", "application/grpc"), ("grpc-encoding", "gzip")] {
        head.push(0);
        for text in [name, value] {
            head.push(u8::try_from(text.len()).expect("a short word"));
            head.extend(text.as_bytes());
        }
    }
    let frame = |kind: u8, flags: u8, stream: u8, body: &[u8]| {
        let length = u32::try_from(body.len()).expect("a frame").to_be_bytes();
        [&length[1..], &[kind, flags, 0, 0, 0, stream], body].concat()
    };
    let data = message.chunks(16_384).flat_map(|chunk| frame(0, 0, 1, chunk));
    [frame(1, 4, 1, &head), data.collect()].concat()
}

#[test]
fn an_answer_of_otlp_over_grpc_is_unpacked_up_to_its_limit() {
    let (project, packed) = (Project::new(), packed());
    assert!(packed.len() < 200_000, "{}", packed.len());
    let flood = Flood::answering(move |mut stream, process| {
        let before = peak(process)?;
        stream.write_all(STANDS).ok()?;
        stream.set_read_timeout(Some(Duration::from_millis(300))).ok()?;
        // The request has ended if no more data arrives.
        while stream.read(&mut [0; 16 * 1024]).is_ok_and(|read| read > 0) {}
        stream.write_all(&packed).ok()?;
        stream.set_read_timeout(None).ok()?;
        let mut after = before;
        while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {
            after = after.max(peak(process).unwrap_or_default());
        }
        Some(Seen { megabytes: 0, memory: (before, after) })
    });
    let endpoint = format!("http://{}", flood.address);
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
    ];
    let output = flood.drowns(&mut project.up_command(&variables, &[]));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    // The response to metrics is not decompressed at all.
    let said = warnings(&output);
    assert_eq!(said.len(), 3, "{said:?}");
}

/// Answers clients with this function.
fn answering(answer: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // A client that has disconnected has sent no request.
            let _ = stream.read(&mut [0; 4096]);
            answer(stream);
        }
    });
    address
}

#[test]
fn an_answer_to_a_probe_that_drips_is_given_up() {
    let address = answering(|mut stream| {
        let mut open = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n").is_ok();
        while open {
            thread::park_timeout(Duration::from_millis(100));
            open = stream.write_all(b"z").is_ok();
        }
    });
    let began = Instant::now();
    let output = Project::new().command(&[], &["probe", "--listen", &address]).output().expect("an output");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn a_probe_follows_nobody() {
    let elsewhere = Elsewhere::start(Manner::Polite);
    let target = elsewhere.url.clone();
    let address = answering(move |mut stream| {
        let head = "HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: ";
        let _ = write!(stream, "{head}{target}/livez\r\n\r\n");
    });
    let output = Project::new().command(&[], &["probe", "--listen", &address]).output().expect("an output");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("/livez: HTTP status 302"), "{output:?}");
    assert_eq!(elsewhere.heads(), [""; 0]);
}
