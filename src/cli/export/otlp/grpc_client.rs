//! OTLP over gRPC, on connections of our own.

use std::error::Error;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint as Server, Identity};
use tonic::{Code, Extensions, Request, Status};

use super::connector::{GrpcConnector, ReadLimit};
use super::request::{AGENT, RETRY_PAUSE, no_answer};
use super::runtime::GrpcRuntime;
use crate::cli::export::environment::{Compression, Endpoint, Trust, authorities_are_files};
use crate::cli::export::proxy::Proxy;
use crate::cli::response::LONGEST;

/// The client of one signal.
#[derive(Debug)]
pub(super) struct GrpcClient {
    pub(super) runtime: GrpcRuntime,
    pub(super) channel: Channel,
    pub(super) limit: ReadLimit,
    pub(super) metadata: MetadataMap,
    pub(super) compression: Compression,
    pub(super) timeout: Duration,
}

impl GrpcClient {
    /// Sends metrics and blocks until the response, within the endpoint's timeout. A transient failure is retried once where time is left.
    ///
    /// Must not be called inside an async runtime.
    ///
    /// # Errors
    /// With a short reason.
    pub(super) fn send(&self, metrics: ExportMetricsServiceRequest) -> Result<ExportMetricsServiceResponse, String> {
        let begun = Instant::now();
        let sending = async {
            match self.export(metrics.clone()).await {
                Err(status) if is_transient(&status) && begun.elapsed() + RETRY_PAUSE < self.timeout => {
                    tokio::time::sleep(RETRY_PAUSE).await;
                    self.export(metrics).await
                }
                result => result,
            }
        };
        let response = self.runtime.block_on(self.timeout, sending).ok_or_else(|| no_answer(self.timeout))?;
        response.map_err(|status| reason(&status))
    }

    async fn export(&self, metrics: ExportMetricsServiceRequest) -> Result<ExportMetricsServiceResponse, Status> {
        self.limit.reset();
        let client = MetricsServiceClient::new(self.channel.clone()).max_decoding_message_size(LONGEST);
        let mut client = match self.compression {
            Compression::Gzip => client.send_compressed(CompressionEncoding::Gzip),
            Compression::None => client,
        };
        let request = Request::from_parts(self.metadata.clone(), Extensions::default(), metrics);
        Ok(client.export(request).await?.into_inner())
    }
}

/// A connection that is made when the first call needs it.
///
/// # Errors
/// With the cause, when certificates or the proxy cannot be used.
pub(super) fn channel(runtime: &GrpcRuntime, endpoint: &Endpoint, limit: ReadLimit) -> Result<Channel, String> {
    let text = |error: tonic::transport::Error| chain(&error);
    let mut server = Server::from_shared(endpoint.url.to_string()).map_err(text)?;
    server = server.user_agent(AGENT).map_err(text)?;
    if endpoint.is_encrypted() {
        if endpoint.trust.roots.is_none() {
            authorities_are_files()?;
        }
        server = server.tls_config(tls(&endpoint.trust)).map_err(text)?;
    }
    let connector = GrpcConnector::new(Proxy::of(&endpoint.url)?, limit);
    Ok(runtime.enter(|| server.connect_with_connector_lazy(connector)))
}

fn tls(trust: &Trust) -> ClientTlsConfig {
    let config = match &trust.roots {
        Some(roots) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(roots)),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    match &trust.identity {
        Some(identity) => config.identity(Identity::from_pem(&identity.certificate, &identity.key)),
        None => config,
    }
}

/// Whether the protocol allows a retry, without details from the server.
fn is_transient(status: &Status) -> bool {
    let transient = [Code::Cancelled, Code::Aborted, Code::OutOfRange, Code::Unavailable, Code::DataLoss];
    transient.contains(&status.code())
}

/// A status with a source was made here, by a connection that failed. The message of any other one is the server's and may contain anything,
/// so only its code is shown.
fn reason(status: &Status) -> String {
    let code = status.code();
    match status.source() {
        Some(source) => format!("gRPC status {code:?}: {}", without_repeats(&chain(source))),
        None => format!("gRPC status {code:?}"),
    }
}

/// The message of an exporter without the exporter's name in front.
pub(super) fn shortened(message: &str) -> String {
    match message.split_once("gRPC code: ") {
        Some((_, reason)) => format!("gRPC status {}", without_repeats(reason)),
        None => message.to_owned(),
    }
}

/// A chain without causes that repeat the error before them.
fn without_repeats(chain: &str) -> String {
    let mut causes: Vec<&str> = chain.split(": ").collect();
    causes.dedup();
    causes.join(": ")
}

/// An error and its causes; none of them names a URL.
fn chain(error: &dyn Error) -> String {
    let (mut text, mut next) = (error.to_string(), error.source());
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
