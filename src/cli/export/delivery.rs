//! What became of the spans: the SDK drops the results of all batches but the last.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use reqwest::blocking::Client;

use super::environment::Endpoint;

/// For learning why a connection fails; a refused one answers at once.
const INQUIRY_TIMEOUT: Duration = Duration::from_millis(500);

/// The count of what was sent and lost so far.
#[derive(Debug, Default)]
pub(super) struct Delivery(Mutex<Tally>);

#[derive(Debug, Default)]
struct Tally {
    sent: usize,
    lost: usize,
    last: Option<Loss>,
}

#[derive(Debug, Clone)]
struct Loss {
    words: String,
    elapsed: Duration,
}

impl Delivery {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, spans: usize, result: &OTelSdkResult, elapsed: Duration) {
        let mut tally = self.tally();
        match result {
            Ok(()) => tally.sent += spans,
            Err(error) => {
                tally.lost += spans;
                tally.last = Some(Loss { words: error.to_string(), elapsed });
            }
        }
    }

    /// What was lost, where to and why, in a line; `None` when everything arrived.
    pub(super) fn failure(&self, client: &Client, endpoint: &Endpoint) -> Option<String> {
        let (sent, lost, loss) = {
            let tally = self.tally();
            (tally.sent, tally.lost, tally.last.clone()?)
        };
        let what = if sent == 0 { "traces were".to_owned() } else { format!("{lost} of {} spans were", sent + lost) };
        Some(format!("{what} not delivered to {}: {}", endpoint.shown(), loss.reason(client, endpoint)))
    }
}

impl Loss {
    fn reason(&self, client: &Client, endpoint: &Endpoint) -> String {
        if let Some((_, status)) = self.words.rsplit_once("status code: ") {
            return format!("HTTP status {status}");
        }
        if self.elapsed >= endpoint.timeout {
            return format!("no answer within {}", humantime::format_duration(endpoint.timeout));
        }
        inquire(client, endpoint).unwrap_or_else(|| self.words.clone())
    }
}

/// Asks once more with an empty message, to learn the cause that the exporter replaces by `network error`.
fn inquire(client: &Client, endpoint: &Endpoint) -> Option<String> {
    let request = client.post(endpoint.url.clone()).header("content-type", "application/x-protobuf");
    request.timeout(INQUIRY_TIMEOUT).send().err().map(|error| cause(&error))
}

/// The innermost cause of an error, which names no URL.
pub(super) fn cause(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<std::io::Error>() {
        Some(io) if io.raw_os_error().is_some() => io.kind().to_string(),
        _ if error.source().is_none() => "the request failed".to_owned(),
        _ => innermost.to_string(),
    }
}

/// An exporter whose results are counted.
#[derive(Debug)]
pub(super) struct Watched<E> {
    exporter: E,
    delivery: Arc<Delivery>,
}

impl<E> Watched<E> {
    pub(super) fn new(exporter: E, delivery: Arc<Delivery>) -> Self {
        Self { exporter, delivery }
    }
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let begun = Instant::now();
        let result = self.exporter.export(batch).await;
        self.delivery.note(spans, &result, begun.elapsed());
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
