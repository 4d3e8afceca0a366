//! The ways out of the process, made from what signals have in common.

use std::time::Duration;

use reqwest::blocking::Client;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use url::Url;

use super::dial::Allowance;
use super::driver::Driver;
use super::grpc::{self, Line};
use super::http::{self, Post};
use crate::cli::export::environment::{Endpoint, Protocol, Trust};
use crate::cli::export::proxy::Proxy;

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
    clients: Vec<(bool, Trust, Option<Proxy>, Client)>,
    channels: Vec<(Url, Trust, Channel, Allowance)>,
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
        let proxy = Proxy::on_the_way_to(&endpoint.url)?;
        let like =
            |(way, whom, by, _): &&(bool, Trust, Option<Proxy>, Client)| (*way, whom, by) == (encrypted, trust, &proxy);
        if let Some((.., client)) = self.clients.iter().find(like) {
            return Ok(client.clone());
        }
        let client = http::client(&endpoint.url, trust)?;
        self.clients.push((encrypted, trust.clone(), proxy, client.clone()));
        Ok(client)
    }

    fn line(&mut self, endpoint: &Endpoint) -> Result<Line, String> {
        let driver = match &self.driver {
            Some(driver) => driver.clone(),
            None => self.driver.insert(Driver::start()?).clone(),
        };
        let (channel, allowance) = self.channel(&driver, endpoint)?;
        let metadata = MetadataMap::from_headers(endpoint.headers.clone());
        Ok(Line { driver, channel, allowance, metadata, compression: endpoint.compression, timeout: endpoint.timeout })
    }

    fn channel(&mut self, driver: &Driver, endpoint: &Endpoint) -> Result<(Channel, Allowance), String> {
        let (url, trust) = (&endpoint.url, &endpoint.trust);
        let mut known = self.channels.iter();
        if let Some((.., channel, allowance)) = known.find(|(server, whom, ..)| server == url && whom == trust) {
            return Ok((channel.clone(), allowance.clone()));
        }
        let allowance = Allowance::full();
        let channel = grpc::channel(driver, endpoint, allowance.clone())?;
        self.channels.push((url.clone(), trust.clone(), channel.clone(), allowance.clone()));
        Ok((channel, allowance))
    }
}

/// The problem with an endpoint that nothing can be sent to.
pub(super) fn unusable(endpoint: &Endpoint, cause: impl std::fmt::Display) -> String {
    format!("{} cannot be sent to {}: {cause}", endpoint.signal.word(), endpoint.shown())
}
