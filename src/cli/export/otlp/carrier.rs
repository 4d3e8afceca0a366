//! One way to send for each signal, made from what signals have in common.

use std::thread;
use std::time::{Duration, Instant};

use reqwest::blocking::Client;
use tonic::transport::Channel;
use url::Url;

use super::driver::Driver;
use super::grpc::{self, Call};
use super::http::{self, Post};
use super::message::{Failure, Message, Rejected};
use crate::cli::export::environment::{Endpoint, Protocol, Trust, take_credentials};

/// How we call ourselves to receivers.
pub(super) const USER_AGENT: &str = concat!("migrascope/", env!("CARGO_PKG_VERSION"));

/// Fits into the 100 ms that a refused connection may cost.
const PAUSE: Duration = Duration::from_millis(50);

/// Sends the messages of one signal.
#[derive(Debug)]
pub(super) struct Carrier {
    way: Way,
    timeout: Duration,
}

#[derive(Debug)]
enum Way {
    Http(Post),
    Grpc(Call),
}

impl Carrier {
    /// Sends a message and waits for the answer, for as long as the endpoint's time-out says; where the failure may pass
    /// and time is left, it is sent once more.
    ///
    /// To be called where no async runtime runs: it blocks.
    ///
    /// # Errors
    /// With the reason in a few words.
    pub(super) fn send(&self, message: &Message) -> Result<Rejected, String> {
        let begun = Instant::now();
        let mut result = self.once(message, self.timeout);
        let left = self.timeout.saturating_sub(begun.elapsed() + PAUSE);
        if matches!(result, Err(Failure::Refusal { passing: true, .. })) && !left.is_zero() {
            thread::sleep(PAUSE);
            result = self.once(message, left);
        }
        result.map_err(|failure| match failure {
            Failure::Silence => format!("no answer within {}", humantime::format_duration(self.timeout)),
            Failure::Refusal { reason, .. } => reason,
        })
    }

    fn once(&self, message: &Message, timeout: Duration) -> Result<Rejected, Failure> {
        match &self.way {
            Way::Http(post) => post.send(message, timeout),
            Way::Grpc(call) => call.send(message, timeout),
        }
    }
}

/// Makes carriers; clients, connections and the runtime of gRPC are shared where they can be.
#[derive(Debug, Default)]
pub(in crate::cli::export) struct Carriers {
    driver: Option<Driver>,
    clients: Vec<(bool, Trust, Client)>,
    channels: Vec<(Url, Trust, Channel)>,
}

impl Carriers {
    /// # Errors
    /// With the signal, the endpoint and the cause when there is no client to be had for it.
    pub(super) fn carrier(&mut self, endpoint: &Endpoint) -> Result<Carrier, String> {
        let mut endpoint = endpoint.clone();
        let credentials = take_credentials(&mut endpoint.url);
        endpoint.headers.extend(credentials);
        let way = match endpoint.protocol {
            Protocol::Http => self.client(&endpoint).map(|client| Way::Http(Post::new(client, &endpoint))),
            Protocol::Grpc => self.call(&endpoint).map(Way::Grpc),
        };
        let way =
            way.map_err(|cause| format!("{} cannot be sent to {}: {cause}", endpoint.signal.word(), endpoint.shown()))?;
        Ok(Carrier { way, timeout: endpoint.timeout })
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

    fn call(&mut self, endpoint: &Endpoint) -> Result<Call, String> {
        let driver = match &self.driver {
            Some(driver) => driver.clone(),
            None => self.driver.insert(Driver::start()?).clone(),
        };
        let (url, trust) = (&endpoint.url, &endpoint.trust);
        let known = self.channels.iter().find(|(server, whom, _)| server == url && whom == trust);
        let channel = match known {
            Some((.., channel)) => channel.clone(),
            None => {
                let channel = grpc::channel(&driver, endpoint)?;
                self.channels.push((url.clone(), trust.clone(), channel.clone()));
                channel
            }
        };
        Ok(Call::new(driver, channel, endpoint))
    }
}
