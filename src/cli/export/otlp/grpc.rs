//! Messages as unary calls.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint as Server, Identity};
use tonic::{Code, Extensions, Request, Status};

use super::driver::Driver;
use super::http::cause;
use super::message::{Failure, Message, Rejected};
use crate::cli::export::environment::{Compression, Endpoint, Trust};

/// Whom to call, and what goes with it.
#[derive(Debug)]
pub(super) struct Call {
    driver: Driver,
    channel: Channel,
    metadata: MetadataMap,
    compression: Compression,
}

impl Call {
    pub(super) fn new(driver: Driver, channel: Channel, endpoint: &Endpoint) -> Self {
        let metadata = MetadataMap::from_headers(endpoint.headers.clone());
        Self { driver, channel, metadata, compression: endpoint.compression }
    }

    /// Calls once and waits for the answer.
    pub(super) fn send(&self, message: &Message, timeout: Duration) -> Result<Rejected, Failure> {
        let (channel, metadata) = (self.channel.clone(), self.metadata.clone());
        let call = unary(channel, metadata, self.compression, message.clone());
        match self.driver.wait(timeout, call) {
            Some(answer) => answer.map_err(|status| failure(&status)),
            None => Err(Failure::Silence),
        }
    }
}

/// The connection to a server, made when the first call needs it.
///
/// # Errors
/// With the cause when the certificates cannot be used or the system has none.
pub(super) fn channel(driver: &Driver, endpoint: &Endpoint) -> Result<Channel, String> {
    let said = |error: tonic::transport::Error| cause(&error);
    let mut server = Server::from_shared(endpoint.url.to_string()).map_err(said)?;
    server = server.user_agent(super::carrier::USER_AGENT).map_err(said)?;
    if endpoint.is_encrypted() {
        server = server.tls_config(tls(&endpoint.trust)).map_err(said)?;
    }
    Ok(driver.make(|| server.connect_lazy()))
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

async fn unary(
    channel: Channel,
    metadata: MetadataMap,
    compression: Compression,
    message: Message,
) -> Result<Rejected, Status> {
    let gzip = (compression == Compression::Gzip).then_some(CompressionEncoding::Gzip);
    match message {
        Message::Traces(request) => {
            let client = TraceServiceClient::new(channel);
            let mut client = gzip.into_iter().fold(client, TraceServiceClient::send_compressed);
            let request = Request::from_parts(metadata, Extensions::default(), request);
            Ok(client.export(request).await?.into_inner().into())
        }
        Message::Metrics(request) => {
            let client = MetricsServiceClient::new(channel);
            let mut client = gzip.into_iter().fold(client, MetricsServiceClient::send_compressed);
            let request = Request::from_parts(metadata, Extensions::default(), request);
            Ok(client.export(request).await?.into_inner().into())
        }
        Message::Logs(request) => {
            let client = LogsServiceClient::new(channel);
            let mut client = gzip.into_iter().fold(client, LogsServiceClient::send_compressed);
            let request = Request::from_parts(metadata, Extensions::default(), request);
            Ok(client.export(request).await?.into_inner().into())
        }
    }
}

/// A status with a source was made here, by a connection that failed; any other is the server's, whose words may be anything.
fn failure(status: &Status) -> Failure {
    let code = status.code();
    let reason = match std::error::Error::source(status) {
        Some(_) => cause(status),
        None => format!("gRPC status {}", word(code)),
    };
    let passing = [Code::Cancelled, Code::Aborted, Code::OutOfRange, Code::Unavailable, Code::DataLoss];
    Failure::Refusal { reason, passing: passing.contains(&code) }
}

/// The code as the protocol spells it.
fn word(code: Code) -> String {
    let mut word = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(letter.to_ascii_uppercase());
    }
    word
}
