//! The exporters of `opentelemetry-otlp`, given our ways out, and accounted for.
//!
//! They make the messages, compress them and speak the protocol. What they keep to themselves is why something did not
//! arrive and how much of it; over HTTP our client has seen it all, over gRPC they tell the reason at least.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_otlp::{
    Compression, ExporterBuildError, LogExporter, Protocol, RetryPolicy, SpanExporter, WithExportConfig,
    WithHttpConfig, WithTonicConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::logs::{self, LogBatch};
use opentelemetry_sdk::trace::{self, SpanData};

use super::answer;
use super::carrier::{Carriers, PAUSE, Way, silence, unusable};
use super::dial::Allowance;
use super::driver::Driver;
use super::grpc::{Line, reworded};
use super::http::Post;
use crate::cli::export::delivery::Delivery;
use crate::cli::export::environment::{self, Endpoint, Signal};

/// An exporter whose every request is counted.
#[derive(Debug)]
pub(super) struct Accounted<E> {
    exporter: E,
    signal: Signal,
    witness: Witness,
    delivery: Arc<Delivery>,
}

/// Who knows what becomes of a request.
#[derive(Debug)]
enum Witness {
    /// The client that has sent it.
    Client(Arc<Post>),
    /// The exporter itself, while somebody drives its connection and somebody has an eye on the clock.
    Exporter(Driver, Allowance, Duration),
}

impl Accounted<SpanExporter> {
    /// # Errors
    /// When there is no client to be had for the endpoint.
    pub(super) fn spans(carriers: &mut Carriers, endpoint: &Endpoint) -> Result<Self, String> {
        let (exporter, witness) = match carriers.way(endpoint)? {
            Way::Http(post) => {
                let post = Arc::new(post);
                let builder = posting(SpanExporter::builder().with_http(), &post, endpoint);
                (builder.build(), Witness::Client(post))
            }
            Way::Grpc(line) => {
                let builder = calling(SpanExporter::builder().with_tonic(), &line, endpoint);
                (builder.build(), Witness::Exporter(line.driver, line.allowance, endpoint.timeout))
            }
        };
        Self::new(exporter, witness, endpoint)
    }
}

impl Accounted<LogExporter> {
    /// # Errors
    /// When there is no client to be had for the endpoint.
    pub(super) fn records(carriers: &mut Carriers, endpoint: &Endpoint) -> Result<Self, String> {
        let (exporter, witness) = match carriers.way(endpoint)? {
            Way::Http(post) => {
                let post = Arc::new(post);
                let builder = posting(LogExporter::builder().with_http(), &post, endpoint);
                (builder.build(), Witness::Client(post))
            }
            Way::Grpc(line) => {
                let builder = calling(LogExporter::builder().with_tonic(), &line, endpoint);
                (builder.build(), Witness::Exporter(line.driver, line.allowance, endpoint.timeout))
            }
        };
        Self::new(exporter, witness, endpoint)
    }
}

/// All that the exporters would otherwise read from variables is said, so that they do as we have understood them. Our
/// client repeats what is worth it, and adds the headers.
fn posting<B: WithExportConfig + WithHttpConfig>(builder: B, post: &Arc<Post>, endpoint: &Endpoint) -> B {
    let builder = builder
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint.url.as_str())
        .with_timeout(endpoint.timeout)
        .with_retry_policy(RetryPolicy::disabled())
        .with_shared_http_client(Arc::<Post>::clone(post));
    match endpoint.compression {
        environment::Compression::Gzip => builder.with_compression(Compression::Gzip),
        environment::Compression::None => builder,
    }
}

fn calling<B: WithExportConfig + WithTonicConfig>(builder: B, line: &Line, endpoint: &Endpoint) -> B {
    let once_more = RetryPolicy::disabled().with_max_retries(1).with_initial_delay(PAUSE).with_max_delay(PAUSE);
    let builder = builder
        .with_protocol(Protocol::Grpc)
        .with_timeout(endpoint.timeout)
        .with_retry_policy(once_more)
        .with_metadata(line.metadata.clone())
        .with_channel(line.channel.clone());
    match line.compression {
        environment::Compression::Gzip => builder.with_compression(Compression::Gzip),
        environment::Compression::None => builder,
    }
}

impl<E> Accounted<E> {
    fn new(exporter: Result<E, ExporterBuildError>, witness: Witness, endpoint: &Endpoint) -> Result<Self, String> {
        let exporter = exporter.map_err(|error| unusable(endpoint, error))?;
        Ok(Self { exporter, signal: endpoint.signal, witness, delivery: Arc::new(Delivery::to(endpoint)) })
    }

    /// Where it is counted what has arrived and what has not.
    pub(super) fn delivery(&self) -> Arc<Delivery> {
        Arc::clone(&self.delivery)
    }

    /// Has a request of so many items sent and counts them.
    async fn account(&self, items: usize, export: impl Future<Output = OTelSdkResult>) -> OTelSdkResult {
        let outcome = match &self.witness {
            Witness::Client(post) => {
                let told = export.await;
                match post.take_last() {
                    Some(seen) => seen.map(|body| answer::rejected(self.signal, body)),
                    // It never came to be sent.
                    None => told.map(|()| 0).map_err(|error| error.to_string()),
                }
            }
            Witness::Exporter(driver, allowance, timeout) => match driver.wait(*timeout, allowance.granted(export)) {
                // What the receiver did not want of it is not to be learned.
                Some(Ok(())) => Ok(0),
                Some(Err(OTelSdkError::InternalFailure(said))) => Err(reworded(&said)),
                Some(Err(error)) => Err(error.to_string()),
                None => Err(silence(*timeout)),
            },
        };
        self.delivery.settle(items, outcome)
    }
}

impl trace::SpanExporter for Accounted<SpanExporter> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.account(batch.len(), self.exporter.export(batch)).await
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl logs::LogExporter for Accounted<LogExporter> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        self.account(batch.iter().count(), self.exporter.export(batch)).await
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
