//! Telemetry end to end: events → spans and metrics, the built binary → receivers, and the documentation.

mod baggage;
mod catalogue;
pub(crate) mod certificates;
mod degraded;
mod disclosure;
mod ends;
mod exporting;
mod flooding;
mod folding;
mod hooks;
mod logs;
pub(crate) mod metrics_page;
mod mistakes;
mod notifying;
mod otlp;
mod proxies;
mod pushing;
mod receiver;
mod services;
mod spans;
mod story;
mod together;
mod traceparent;
mod tracing;

/// The properties of a received span that other tests check.
#[derive(Debug)]
pub struct Received {
    pub name: String,
    pub id: Vec<u8>,
    pub parent: Vec<u8>,
    pub error: Option<String>,
}

/// Receives traces; returns a function for the spans that have arrived, and the endpoint to send them to.
pub fn receiving() -> (impl Fn() -> Vec<Received>, String) {
    let receiver = receiver::Receiver::start(receiver::Manner::Polite);
    let endpoint = receiver.url.clone();
    let spans = move || {
        let told = receiver.spans().into_iter().map(|span| Received {
            name: span.name,
            id: span.span_id,
            parent: span.parent_span_id,
            error: span.status.filter(|status| status.code == 2).map(|status| status.message),
        });
        told.collect()
    };
    (spans, endpoint)
}
