//! An OTLP receiver over HTTP, in a thread. It sorts what it receives by path.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

/// How the receiver responds to clients.
#[derive(Clone, Copy)]
pub(super) enum Manner {
    /// Accepts everything.
    Polite,
    /// Accepts all but two items of each request.
    Picky,
    /// Accepts connections and never responds.
    Mute,
    /// Responds that it is busy, and until when.
    Busy,
    /// Responds once that it is busy, and then accepts everything.
    BusyAtFirst,
    /// Redirects to itself.
    Moved,
}

pub(super) struct Receiver {
    pub(super) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// An HTTP request.
#[derive(Clone)]
struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }
}

impl Receiver {
    pub(super) fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let received = Arc::clone(&requests);
        thread::spawn(move || {
            let mut held = Vec::new();
            for (at, stream) in listener.incoming().flatten().enumerate() {
                let (status, answer) = match manner {
                    Manner::Mute => {
                        held.push(stream);
                        continue;
                    }
                    Manner::Polite => ("200 OK", &[][..]),
                    // Field 1, a message of two bytes with field 1, the number 2: the same for all signals.
                    Manner::Picky => ("200 OK", &[0x0a, 2, 0x08, 2][..]),
                    Manner::Busy => ("503 Busy\r\nRetry-After: 3", &[][..]),
                    Manner::Moved => ("307 Moved\r\nLocation: /elsewhere", &[][..]),
                    Manner::BusyAtFirst => (if at == 0 { "503 Busy" } else { "200 OK" }, &[][..]),
                };
                let request = take(&stream);
                // Stored before the response, so that a client that has its response finds it here.
                received.lock().expect("no panic").push(request);
                reply(stream, status, answer);
            }
        });
        Self { url, requests }
    }

    /// The bodies that were received, unchanged.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.requests().iter().flat_map(|request| request.body.clone()).collect()
    }

    /// The bodies as JSON, one by one.
    pub(super) fn json(&self) -> Vec<serde_json::Value> {
        let requests = self.requests().into_iter();
        requests.map(|request| serde_json::from_slice(&request.body).expect("JSON")).collect()
    }

    /// The headers of the requests.
    pub(super) fn heads(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.head).collect()
    }

    /// The method and the body of each request, as text.
    pub(super) fn texts(&self) -> Vec<(String, String)> {
        let method = |head: &str| head.split(' ').next().unwrap_or_default().to_owned();
        let requests = self.requests().into_iter();
        requests.map(|request| (method(&request.head), String::from_utf8_lossy(&request.body).into_owned())).collect()
    }

    /// All requests for traces, merged.
    pub(super) fn request(&self) -> ExportTraceServiceRequest {
        ExportTraceServiceRequest::decode(&*self.sent_to("/v1/traces")).expect("traces")
    }

    /// The requests of metrics, in order.
    pub(super) fn metrics(&self) -> Vec<ExportMetricsServiceRequest> {
        let requests = self.requests().into_iter().filter(|request| request.path() == "/v1/metrics");
        requests.map(|request| ExportMetricsServiceRequest::decode(&*request.body).expect("metrics")).collect()
    }

    /// All requests for log records, merged.
    pub(super) fn logs(&self) -> ExportLogsServiceRequest {
        ExportLogsServiceRequest::decode(&*self.sent_to("/v1/logs")).expect("logs")
    }

    /// Every span that was received.
    pub(super) fn spans(&self) -> Vec<Span> {
        let resources = self.request().resource_spans.into_iter();
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// Every log record that was received.
    pub(super) fn records(&self) -> Vec<LogRecord> {
        let resources = self.logs().resource_logs.into_iter();
        resources.flat_map(|resource| resource.scope_logs).flat_map(|scope| scope.log_records).collect()
    }

    /// Protobuf messages can be concatenated.
    fn sent_to(&self, path: &str) -> Vec<u8> {
        let requests = self.requests().into_iter().filter(|request| request.path() == path);
        requests.flat_map(|request| request.body).collect()
    }

    fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no panic").clone()
    }
}

/// Reads one request; a compressed body is stored decompressed.
fn take(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
    let field = |name: &str| {
        head.lines().find_map(|line| Some(line.to_ascii_lowercase().strip_prefix(name)?.trim().to_owned()))
    };
    let length = field("content-length:").and_then(|length| length.parse().ok()).unwrap_or_default();
    let compressed = field("content-encoding:").is_some_and(|how| how == "gzip");
    let mut body = vec![0; length];
    // A client that disconnects has sent nothing.
    if reader.read_exact(&mut body).is_err() {
        body.clear();
    }
    if compressed {
        let mut plain = Vec::new();
        GzDecoder::new(&*body).read_to_end(&mut plain).expect("gzip");
        body = plain;
    }
    Request { head, body }
}

/// An empty body means full success in protobuf.
fn reply(mut stream: TcpStream, status: &str, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/x-protobuf\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // A client that has disconnected does not receive it.
    let _ = stream.write_all(&[head.as_bytes(), body].concat());
}

/// An attribute as text.
pub(super) fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let value = attributes.iter().find(|attribute| attribute.key == key)?.value.clone()?.value?;
    Some(match value {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        Value::DoubleValue(number) => number.to_string(),
        Value::BoolValue(truth) => truth.to_string(),
        other => format!("{other:?}"),
    })
}
