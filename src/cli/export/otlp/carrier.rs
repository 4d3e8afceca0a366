//! The ways out of the process, made from what signals have in common.

use std::time::Duration;

use reqwest::blocking::Client;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use url::Url;

use super::driver::Driver;
use super::grpc::{self, Line};
use super::http::{self, Post};
use crate::cli::export::environment::{Endpoint, Protocol, Trust};

/// How we call ourselves to receivers.
pub(super) const OURSELVES: &str = concat!("migrascope/", env!("CARGO_PKG_VERSION"));

/// Before a request is repeated: it fits into the 100 ms that a refused connection may cost.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// The reason when nothing came back in time.
pub(super) fn silence(timeout: Duration) -> String {
    format!("no answer within {}", humantime::format_duration(timeout))
}

/// How one signal leaves.
#[derive(Debug)]
pub(super) enum Way {
    Http(Post),
    Grpc(Line),
}

/// Makes ways; clients, connections and the runtime of gRPC are shared where they can be.
#[derive(Debug, Default)]
pub(in crate::cli::export) struct Carriers {
    driver: Option<Driver>,
    clients: Vec<(bool, Trust, Client)>,
    channels: Vec<(Url, Trust, Channel)>,
}

impl Carriers {
    /// # Errors
    /// With the signal, the endpoint and the cause when there is no client to be had for it.
    pub(super) fn way(&mut self, endpoint: &Endpoint) -> Result<Way, String> {
        match endpoint.protocol {
            Protocol::Http => self.client(endpoint).map(|client| Way::Http(Post::new(client, endpoint))),
            Protocol::Grpc => self.line(endpoint).map(Way::Grpc),
        }
        .map_err(|cause| unusable(endpoint, cause))
    }

    fn client(&mut self, endpoint: &Endpoint) -> Result<Client, String> {
        let (encrypted, trust) = (endpoint.is_encrypted(), &endpoint.trust);
        if let Some((.., client)) = self.clients.iter().find(|(way, whom, _)| *way == encrypted && whom == trust) {
            return Ok(client.clone());
        }
        let client = http::client(encrypted, trust)?;
        self.clients.push((encrypted, trust.clone(), client.clone()));
        Ok(client)
    }

    fn line(&mut self, endpoint: &Endpoint) -> Result<Line, String> {
        let driver = match &self.driver {
            Some(driver) => driver.clone(),
            None => self.driver.insert(Driver::start()?).clone(),
        };
        let channel = self.channel(&driver, endpoint)?;
        let metadata = MetadataMap::from_headers(endpoint.headers.clone());
        Ok(Line { driver, channel, metadata, compression: endpoint.compression, timeout: endpoint.timeout })
    }

    fn channel(&mut self, driver: &Driver, endpoint: &Endpoint) -> Result<Channel, String> {
        let (url, trust) = (&endpoint.url, &endpoint.trust);
        if let Some((.., channel)) = self.channels.iter().find(|(server, whom, _)| server == url && whom == trust) {
            return Ok(channel.clone());
        }
        let channel = grpc::channel(driver, endpoint)?;
        self.channels.push((url.clone(), trust.clone(), channel.clone()));
        Ok(channel)
    }
}

/// The problem with an endpoint that nothing can be sent to.
pub(super) fn unusable(endpoint: &Endpoint, cause: impl std::fmt::Display) -> String {
    format!("{} cannot be sent to {}: {cause}", endpoint.signal.word(), endpoint.shown())
}
