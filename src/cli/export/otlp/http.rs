//! Messages as bodies of POST.

use std::error::Error;
use std::time::Duration;

use reqwest::blocking::{Client, Response};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Identity, StatusCode};
use url::Url;

use super::gzip;
use super::message::{Failure, Message, Rejected};
use crate::cli::export::environment::{Compression, Endpoint, Trust};

const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");
const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// Where to post, and what goes with it.
#[derive(Debug)]
pub(super) struct Post {
    client: Client,
    url: Url,
    headers: HeaderMap,
    compression: Compression,
}

impl Post {
    pub(super) fn new(client: Client, endpoint: &Endpoint) -> Self {
        Self { client, url: endpoint.url.clone(), headers: endpoint.headers.clone(), compression: endpoint.compression }
    }

    /// Sends a message once and waits for the answer.
    pub(super) fn send(&self, message: &Message, timeout: Duration) -> Result<Rejected, Failure> {
        let (body, encoding) = self.body(message);
        let request = self.client.post(self.url.clone()).headers(self.headers.clone()).header(CONTENT_TYPE, PROTOBUF);
        let request = encoding.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let response = request.body(body).timeout(timeout).send().map_err(|error| failure(&error))?;
        if !response.status().is_success() {
            return Err(refusal(&response));
        }
        let body = response.bytes().map_err(|error| failure(&error))?;
        Ok(message.answered(&body))
    }

    fn body(&self, message: &Message) -> (Vec<u8>, Option<(HeaderName, HeaderValue)>) {
        let plain = message.encode();
        match self.compression {
            Compression::None => (plain, None),
            Compression::Gzip => match gzip::compressed(plain) {
                Some(body) => (body, Some((CONTENT_ENCODING, GZIP))),
                None => (message.encode(), None),
            },
        }
    }
}

/// The client of endpoints that are alike in whom they trust. It does not follow redirections: the headers are secret.
///
/// Built on a thread of its own: the blocking client must not be made where an async runtime runs.
///
/// # Errors
/// With the cause when the certificates cannot be used or the system has none.
pub(in crate::cli::export) fn client(encrypted: bool, trust: &Trust) -> Result<Client, String> {
    // An error says that there is a provider already, which will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder().redirect(Policy::none()).user_agent(super::carrier::USER_AGENT);
    let said = |error: reqwest::Error| cause(&error);
    if let Some(roots) = &trust.roots {
        builder = builder.tls_certs_only(Certificate::from_pem_bundle(roots).map_err(said)?);
    } else if !encrypted {
        // Reading the system's certificates takes milliseconds that nobody profits from.
        builder = builder.tls_certs_only([]);
    }
    if let Some(identity) = &trust.identity {
        let both = [identity.certificate.as_slice(), b"\n", &identity.key].concat();
        builder = builder.identity(Identity::from_pem(&both).map_err(said)?);
    }
    match std::thread::spawn(move || builder.build()).join() {
        Ok(built) => built.map_err(said),
        Err(_) => Err("the client broke off".to_owned()),
    }
}

fn failure(error: &reqwest::Error) -> Failure {
    if error.is_timeout() { Failure::Silence } else { Failure::Refusal { reason: cause(error), passing: true } }
}

/// Only what the protocol calls passing may be tried again, and not before the receiver wants it.
fn refusal(response: &Response) -> Failure {
    let status = response.status();
    let passing = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ];
    let later = response.headers().contains_key(RETRY_AFTER);
    Failure::Refusal {
        reason: format!("HTTP status {}", status.as_u16()),
        passing: passing.contains(&status) && !later,
    }
}

/// The innermost cause of an error, which names no URL.
pub(in crate::cli::export) fn cause(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<std::io::Error>() {
        Some(io) if io.raw_os_error().is_some() => io.kind().to_string(),
        _ if error.source().is_none() => "the request failed".to_owned(),
        _ => innermost.to_string(),
    }
}
