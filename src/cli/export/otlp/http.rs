//! The way over HTTP: one client for the exporters of all signals, which knows time-outs and keeps the reasons.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{error, io, thread};

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::blocking::Client;
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Identity, StatusCode};
use url::Url;

use super::carrier::{OURSELVES, PAUSE};
use crate::cli::answer;
use crate::cli::export::environment::{Endpoint, Trust, authorities_are_files};
use crate::cli::export::proxy::Proxy;

type Answer = Result<Response<Bytes>, reqwest::Error>;

/// Posts the requests of one signal, and remembers what became of the last one: the exporters tell no more than that
/// something failed.
#[derive(Debug)]
pub(super) struct Post {
    client: Client,
    headers: HeaderMap,
    timeout: Duration,
    last: Mutex<Option<Result<Bytes, String>>>,
}

impl Post {
    pub(super) fn new(client: Client, endpoint: &Endpoint) -> Self {
        let mut headers = endpoint.headers.clone();
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(OURSELVES));
        Self { client, headers, timeout: endpoint.timeout, last: Mutex::default() }
    }

    /// What the receiver has answered to the last request, or why it did not arrive; `None` when there was none since
    /// this was asked before.
    pub(super) fn take_last(&self) -> Option<Result<Bytes, String>> {
        self.last().take()
    }

    /// Posts and waits for the answer, for as long as the endpoint's time-out says; where the failure may pass and time
    /// is left, the request is sent once more.
    ///
    /// To be called where no async runtime runs: it blocks.
    pub(super) fn send(&self, request: Request<Bytes>) -> Answer {
        let begun = Instant::now();
        let first = self.once(request.clone(), self.timeout);
        let left = self.timeout.saturating_sub(begun.elapsed() + PAUSE);
        let answer = if left.is_zero() || !may_pass(&first) {
            first
        } else {
            thread::sleep(PAUSE);
            self.once(request, left)
        };
        *self.last() = Some(self.judged(&answer));
        answer
    }

    fn once(&self, request: Request<Bytes>, timeout: Duration) -> Answer {
        let mut request = reqwest::blocking::Request::try_from(request)?;
        // The exporters read the same variables. What they make of them is replaced, so that nothing is sent twice.
        for (name, value) in &self.headers {
            request.headers_mut().insert(name, value.clone());
        }
        *request.timeout_mut() = Some(timeout);
        let response = self.client.execute(request)?;
        let (status, headers) = (response.status(), response.headers().clone());
        // One that is too long is none of the protocol's: the status is what counts.
        let body = answer::body(response)?;
        let mut answer = Response::new(Bytes::from(if body.whole { body.bytes } else { Vec::new() }));
        (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
        Ok(answer)
    }

    /// The body of a success, or the reason in words that are never the receiver's.
    fn judged(&self, answer: &Answer) -> Result<Bytes, String> {
        match answer {
            Ok(answer) if answer.status().is_success() => Ok(answer.body().clone()),
            Ok(answer) => Err(format!("HTTP status {}", answer.status().as_u16())),
            Err(error) if error.is_timeout() => Err(super::carrier::silence(self.timeout)),
            Err(error) => Err(cause(error)),
        }
    }

    fn last(&self) -> MutexGuard<'_, Option<Result<Bytes, String>>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the exporters reach it. They call from threads of the SDK, which may be blocked and where no runtime runs.
#[async_trait]
impl HttpClient for Post {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        Ok(self.send(request)?)
    }
}

/// Whether the same request may succeed a moment later. Asking again after a time-out would take the same time again;
/// what the receiver has said decides otherwise, and it is not asked before the time that it names.
fn may_pass(answer: &Answer) -> bool {
    let passing = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ];
    match answer {
        Ok(answer) => passing.contains(&answer.status()) && !answer.headers().contains_key(RETRY_AFTER),
        Err(error) => !error.is_timeout(),
    }
}

/// The client of endpoints that are alike in whom they trust and in the proxy on the way. It does not follow redirections: the headers are secret.
///
/// Built on a thread of its own: the blocking client must not be made where an async runtime runs.
///
/// # Errors
/// With the cause when the certificates cannot be used, the system has none or the variable of a proxy names none.
pub(in crate::cli::export) fn client(url: &Url, trust: &Trust) -> Result<Client, String> {
    provide_tls();
    let encrypted = url.scheme() == "https";
    // Which proxy there is was not left to the client, so that gRPC goes the same way.
    let mut builder = Client::builder().redirect(Policy::none()).no_proxy();
    let said = |error: reqwest::Error| cause(&error);
    if let Some(Proxy { address, authorization }) = Proxy::on_the_way_to(url)? {
        let proxy = reqwest::Proxy::all(address.to_string()).map_err(said)?;
        builder = builder.proxy(match authorization {
            Some(authorization) => proxy.custom_http_auth(authorization),
            None => proxy,
        });
    }
    if let Some(roots) = &trust.roots {
        builder = builder.tls_certs_only(Certificate::from_pem_bundle(roots).map_err(said)?);
    } else if encrypted {
        authorities_are_files()?;
    } else {
        // Reading the system's certificates takes milliseconds that nobody profits from.
        builder = builder.tls_certs_only([]);
    }
    if let Some(identity) = &trust.identity {
        let both = [identity.certificate.as_slice(), b"\n", &identity.key].concat();
        builder = builder.identity(Identity::from_pem(&both).map_err(said)?);
    }
    match thread::spawn(move || builder.build()).join() {
        Ok(built) => built.map_err(said),
        Err(_) => Err("the client broke off".to_owned()),
    }
}

/// Gives clients the one TLS provider of this program; without it none can be made, for whatever address.
pub(crate) fn provide_tls() {
    // An error says that there is a provider already, which will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The innermost cause of an error, which names no URL.
pub(in crate::cli::export) fn cause(error: &(dyn error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<io::Error>() {
        Some(io) if io.raw_os_error().is_some() => io.kind().to_string(),
        _ if error.source().is_none() => "the request failed".to_owned(),
        _ => innermost.to_string(),
    }
}
