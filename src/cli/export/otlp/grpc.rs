//! The way over gRPC: connections of our own, with certificates of one's own, driven by a runtime of their own.

use std::error::Error;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint as Server, Identity};
use tonic::{Code, Extensions, Request, Status};

use super::carrier::{OURSELVES, PAUSE, silence};
use super::dial::{Allowance, Dial};
use super::driver::Driver;
use crate::cli::answer::LONGEST;
use crate::cli::export::environment::{Compression, Endpoint, Trust, authorities_are_files};
use crate::cli::export::proxy::Proxy;

/// A connection for one signal, and what goes with its calls.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) driver: Driver,
    pub(super) channel: Channel,
    pub(super) allowance: Allowance,
    pub(super) metadata: MetadataMap,
    pub(super) compression: Compression,
    pub(super) timeout: Duration,
}

impl Line {
    /// Sends metrics and waits for the answer, for as long as the endpoint's time-out says; where the failure may pass
    /// and time is left, they are sent once more. It blocks, and must not be called where an async runtime runs.
    ///
    /// # Errors
    /// With the reason in a few words.
    pub(super) fn send(&self, metrics: ExportMetricsServiceRequest) -> Result<ExportMetricsServiceResponse, String> {
        let begun = Instant::now();
        let sending = async {
            match self.export(metrics.clone()).await {
                Err(status) if may_pass(&status) && begun.elapsed() + PAUSE < self.timeout => {
                    tokio::time::sleep(PAUSE).await;
                    self.export(metrics).await
                }
                result => result,
            }
        };
        let answer = self.driver.wait(self.timeout, sending).ok_or_else(|| silence(self.timeout))?;
        answer.map_err(|status| reason(&status))
    }

    async fn export(&self, metrics: ExportMetricsServiceRequest) -> Result<ExportMetricsServiceResponse, Status> {
        self.allowance.renew();
        let client = MetricsServiceClient::new(self.channel.clone()).max_decoding_message_size(LONGEST);
        let mut client = match self.compression {
            Compression::Gzip => client.send_compressed(CompressionEncoding::Gzip),
            Compression::None => client,
        };
        let request = Request::from_parts(self.metadata.clone(), Extensions::default(), metrics);
        Ok(client.export(request).await?.into_inner())
    }
}

/// The connection to a server, made when the first call needs it.
///
/// # Errors
/// With the cause when the certificates cannot be used, the system has none or the variable of a proxy names none.
pub(super) fn channel(driver: &Driver, endpoint: &Endpoint, allowance: Allowance) -> Result<Channel, String> {
    let said = |error: tonic::transport::Error| chain(&error);
    let mut server = Server::from_shared(endpoint.url.to_string()).map_err(said)?;
    server = server.user_agent(OURSELVES).map_err(said)?;
    if endpoint.is_encrypted() {
        if endpoint.trust.roots.is_none() {
            authorities_are_files()?;
        }
        server = server.tls_config(tls(&endpoint.trust)).map_err(said)?;
    }
    let dial = Dial::new(Proxy::on_the_way_to(&endpoint.url)?, allowance);
    Ok(driver.make(|| server.connect_with_connector_lazy(dial)))
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

/// What the protocol calls passing, as far as it needs no word of the server.
fn may_pass(status: &Status) -> bool {
    let passing = [Code::Cancelled, Code::Aborted, Code::OutOfRange, Code::Unavailable, Code::DataLoss];
    passing.contains(&status.code())
}

/// A status with a source was made here, by a connection that failed; the words of any other are the server's and may
/// be anything, so only its code is told.
fn reason(status: &Status) -> String {
    let code = status.code();
    match status.source() {
        Some(source) => format!("gRPC status {code:?}: {}", brief(&chain(source))),
        None => format!("gRPC status {code:?}"),
    }
}

/// What the exporters say is made in the same way, with their own name in front.
pub(super) fn reworded(said: &str) -> String {
    match said.split_once("gRPC code: ") {
        Some((_, reason)) => format!("gRPC status {}", brief(reason)),
        None => said.to_owned(),
    }
}

/// Some causes say no more than what they are the cause of.
fn brief(chain: &str) -> String {
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
