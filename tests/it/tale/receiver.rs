//! A receiver of OTLP over HTTP, made of a listener and a thread.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

/// How the receiver treats its senders.
#[derive(Clone, Copy)]
pub(super) enum Manner {
    /// Takes everything.
    Polite,
    /// Takes connections and never says a word.
    Mute,
    /// Says that it is busy.
    Busy,
}

pub(super) struct Receiver {
    pub(super) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// A request over HTTP.
#[derive(Clone)]
struct Request {
    head: String,
    body: Vec<u8>,
}

impl Receiver {
    pub(super) fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let received = Arc::clone(&requests);
        thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming().flatten() {
                match manner {
                    Manner::Mute => held.push(stream),
                    Manner::Polite => received.lock().expect("no panic").push(take(stream, "200 OK")),
                    Manner::Busy => received.lock().expect("no panic").push(take(stream, "503 Busy\r\nRetry-After: 3")),
                }
            }
        });
        Self { url, requests }
    }

    /// The bodies that were received, as they came.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.requests.lock().expect("no panic").iter().flat_map(|request| request.body.clone()).collect()
    }

    /// The heads of the requests.
    pub(super) fn heads(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").iter().map(|request| request.head.clone()).collect()
    }

    /// Everything that was received, as one request.
    pub(super) fn request(&self) -> ExportTraceServiceRequest {
        ExportTraceServiceRequest::decode(&*self.bytes()).expect("messages in protobuf can be put end to end")
    }

    /// Every span that was received.
    pub(super) fn spans(&self) -> Vec<Span> {
        let resources = self.request().resource_spans.into_iter();
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }
}

/// Reads one request and answers it; an empty body is a success in protobuf.
fn take(mut stream: TcpStream, status: &str) -> Request {
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut head = String::new();
    while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body).expect("the whole body");
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).expect("a sender who listens");
    Request { head, body }
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
