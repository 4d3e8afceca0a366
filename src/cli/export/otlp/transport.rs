//! The transports of signals; clients, connections and the gRPC runtime are shared where they are alike.

use reqwest::blocking::Client;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use url::Url;

use super::connector::ReadLimit;
use super::grpc_client::{self, GrpcClient};
use super::http_client::{self, HttpClient};
use super::request::unusable;
use super::runtime::GrpcRuntime;
use crate::cli::export::environment::{Endpoint, Protocol, Trust};
use crate::cli::export::proxy::Proxy;

/// The transport of one signal.
#[derive(Debug)]
pub(super) enum Transport {
    Http(HttpClient),
    Grpc(GrpcClient),
}

/// Makes transports.
#[derive(Debug, Default)]
pub(in crate::cli::export) struct Transports {
    runtime: Option<GrpcRuntime>,
    clients: Vec<SharedClient>,
    channels: Vec<SharedChannel>,
}

/// A client, and the endpoints that it fits.
#[derive(Debug)]
struct SharedClient {
    encrypted: bool,
    trust: Trust,
    proxy: Option<Proxy>,
    client: Client,
}

/// A connection, and the endpoints that it fits.
#[derive(Debug)]
struct SharedChannel {
    url: Url,
    trust: Trust,
    channel: Channel,
    limit: ReadLimit,
}

impl Transports {
    /// The transport to an endpoint.
    ///
    /// # Errors
    /// With the signal, the endpoint and the cause, when no client can be made for it.
    pub(super) fn transport(&mut self, endpoint: &Endpoint) -> Result<Transport, String> {
        match endpoint.protocol {
            Protocol::Http => self.client(endpoint).map(|client| Transport::Http(HttpClient::new(client, endpoint))),
            Protocol::Grpc => self.grpc_client(endpoint).map(Transport::Grpc),
        }
        .map_err(|cause| unusable(endpoint, cause))
    }

    fn client(&mut self, endpoint: &Endpoint) -> Result<Client, String> {
        let (encrypted, trust) = (endpoint.is_encrypted(), &endpoint.trust);
        let proxy = Proxy::of(&endpoint.url)?;
        let fits = |known: &&SharedClient| (known.encrypted, &known.trust, &known.proxy) == (encrypted, trust, &proxy);
        if let Some(known) = self.clients.iter().find(fits) {
            return Ok(known.client.clone());
        }
        let client = http_client::client(&endpoint.url, trust)?;
        self.clients.push(SharedClient { encrypted, trust: trust.clone(), proxy, client: client.clone() });
        Ok(client)
    }

    fn grpc_client(&mut self, endpoint: &Endpoint) -> Result<GrpcClient, String> {
        let runtime = match &self.runtime {
            Some(runtime) => runtime.clone(),
            None => self.runtime.insert(GrpcRuntime::start()?).clone(),
        };
        let (channel, limit) = self.channel(&runtime, endpoint)?;
        let metadata = MetadataMap::from_headers(endpoint.headers.clone());
        Ok(GrpcClient {
            runtime,
            channel,
            limit,
            metadata,
            compression: endpoint.compression,
            timeout: endpoint.timeout,
        })
    }

    fn channel(&mut self, runtime: &GrpcRuntime, endpoint: &Endpoint) -> Result<(Channel, ReadLimit), String> {
        let (url, trust) = (&endpoint.url, &endpoint.trust);
        let fits = |known: &&SharedChannel| (&known.url, &known.trust) == (url, trust);
        if let Some(known) = self.channels.iter().find(fits) {
            return Ok((known.channel.clone(), known.limit.clone()));
        }
        let limit = ReadLimit::default();
        let channel = grpc_client::channel(runtime, endpoint, limit.clone())?;
        self.channels.push(SharedChannel {
            url: url.clone(),
            trust: trust.clone(),
            channel: channel.clone(),
            limit: limit.clone(),
        });
        Ok((channel, limit))
    }
}
