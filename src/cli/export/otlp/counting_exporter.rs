//! The exporters of `opentelemetry-otlp` on our transports, with every request counted.
//!
//! They encode and compress messages, but do not report what was rejected. Over HTTP our client sees the response; over gRPC only the
//! error is known.

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

use super::connector::ReadLimit;
use super::grpc_client::{GrpcClient, shortened};
use super::http_client::HttpClient;
use super::request::{RETRY_PAUSE, no_answer, unusable};
use super::response;
use super::runtime::GrpcRuntime;
use super::transport::{Transport, Transports};
use crate::cli::export::delivery::Delivery;
use crate::cli::export::environment::{self, Endpoint, Signal};

/// An exporter that counts its requests.
#[derive(Debug)]
pub(super) struct CountingExporter<E> {
    exporter: E,
    signal: Signal,
    source: ResultSource,
    delivery: Arc<Delivery>,
}

/// Where the result of a request comes from.
#[derive(Debug)]
enum ResultSource {
    /// The HTTP client, which keeps the last response.
    Client(Arc<HttpClient>),
    /// The exporter itself, run on the gRPC runtime with a limit of time and bytes.
    Exporter { runtime: GrpcRuntime, limit: ReadLimit, timeout: Duration },
}

impl ResultSource {
    fn of_grpc(client: GrpcClient) -> Self {
        Self::Exporter { runtime: client.runtime, limit: client.limit, timeout: client.timeout }
    }
}

impl CountingExporter<SpanExporter> {
    /// An exporter of spans.
    ///
    /// # Errors
    /// When no client can be made for the endpoint.
    pub(super) fn spans(transports: &mut Transports, endpoint: &Endpoint) -> Result<Self, String> {
        let (exporter, source) = match transports.transport(endpoint)? {
            Transport::Http(client) => {
                let client = Arc::new(client);
                let builder = over_http(SpanExporter::builder().with_http(), &client, endpoint);
                (builder.build(), ResultSource::Client(client))
            }
            Transport::Grpc(client) => {
                let builder = over_grpc(SpanExporter::builder().with_tonic(), &client, endpoint);
                (builder.build(), ResultSource::of_grpc(client))
            }
        };
        Self::new(exporter, source, endpoint)
    }
}

impl CountingExporter<LogExporter> {
    /// An exporter of log records.
    ///
    /// # Errors
    /// When no client can be made for the endpoint.
    pub(super) fn records(transports: &mut Transports, endpoint: &Endpoint) -> Result<Self, String> {
        let (exporter, source) = match transports.transport(endpoint)? {
            Transport::Http(client) => {
                let client = Arc::new(client);
                let builder = over_http(LogExporter::builder().with_http(), &client, endpoint);
                (builder.build(), ResultSource::Client(client))
            }
            Transport::Grpc(client) => {
                let builder = over_grpc(LogExporter::builder().with_tonic(), &client, endpoint);
                (builder.build(), ResultSource::of_grpc(client))
            }
        };
        Self::new(exporter, source, endpoint)
    }
}

/// Sets everything that the exporters would read from variables themselves. Retries and headers are left to our client.
fn over_http<B: WithExportConfig + WithHttpConfig>(builder: B, client: &Arc<HttpClient>, endpoint: &Endpoint) -> B {
    let builder = builder
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint.url.as_str())
        .with_timeout(endpoint.timeout)
        .with_retry_policy(RetryPolicy::disabled())
        .with_shared_http_client(Arc::<HttpClient>::clone(client));
    match endpoint.compression {
        environment::Compression::Gzip => builder.with_compression(Compression::Gzip),
        environment::Compression::None => builder,
    }
}

fn over_grpc<B: WithExportConfig + WithTonicConfig>(builder: B, client: &GrpcClient, endpoint: &Endpoint) -> B {
    let one_retry =
        RetryPolicy::disabled().with_max_retries(1).with_initial_delay(RETRY_PAUSE).with_max_delay(RETRY_PAUSE);
    let builder = builder
        .with_protocol(Protocol::Grpc)
        .with_timeout(endpoint.timeout)
        .with_retry_policy(one_retry)
        .with_metadata(client.metadata.clone())
        .with_channel(client.channel.clone());
    match client.compression {
        environment::Compression::Gzip => builder.with_compression(Compression::Gzip),
        environment::Compression::None => builder,
    }
}

impl<E> CountingExporter<E> {
    fn new(exporter: Result<E, ExporterBuildError>, source: ResultSource, endpoint: &Endpoint) -> Result<Self, String> {
        let exporter = exporter.map_err(|error| unusable(endpoint, error))?;
        Ok(Self { exporter, signal: endpoint.signal, source, delivery: Arc::new(Delivery::to(endpoint)) })
    }

    /// The counts.
    pub(super) fn delivery(&self) -> Arc<Delivery> {
        Arc::clone(&self.delivery)
    }

    /// Sends a request of so many items and counts them.
    async fn count(&self, items: usize, export: impl Future<Output = OTelSdkResult>) -> OTelSdkResult {
        let result = match &self.source {
            ResultSource::Client(client) => {
                let exported = export.await;
                match client.take_last() {
                    Some(last) => last.map(|body| response::rejected(self.signal, body)),
                    // The exporter failed before it sent anything.
                    None => exported.map(|()| 0).map_err(|error| error.to_string()),
                }
            }
            ResultSource::Exporter { runtime, limit, timeout } => {
                match runtime.block_on(*timeout, limit.applied_to(export)) {
                    // The exporter does not return what the receiver rejected.
                    Some(Ok(())) => Ok(0),
                    Some(Err(OTelSdkError::InternalFailure(message))) => Err(shortened(&message)),
                    Some(Err(error)) => Err(error.to_string()),
                    None => Err(no_answer(*timeout)),
                }
            }
        };
        self.delivery.record(items, result)
    }
}

impl trace::SpanExporter for CountingExporter<SpanExporter> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.count(batch.len(), self.exporter.export(batch)).await
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl logs::LogExporter for CountingExporter<LogExporter> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        self.count(batch.iter().count(), self.exporter.export(batch)).await
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
