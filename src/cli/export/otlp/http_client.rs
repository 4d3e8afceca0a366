//! OTLP over HTTP: one client for the exporters of all signals, which keeps the last response.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{error, io, thread};

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient as OtlpHttpClient, HttpError, Request, Response};
use reqwest::blocking::Client;
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Identity, StatusCode};
use url::Url;

use super::request::{AGENT, RETRY_PAUSE, no_answer};
use crate::cli::export::environment::{Endpoint, Trust, authorities_are_files};
use crate::cli::export::proxy::Proxy;
use crate::cli::response::body;

type HttpResult = Result<Response<Bytes>, reqwest::Error>;

/// Posts the requests of one signal and keeps the last result: the exporters report only that a request failed.
#[derive(Debug)]
pub(super) struct HttpClient {
    client: Client,
    headers: HeaderMap,
    timeout: Duration,
    last: Mutex<Option<Result<Bytes, String>>>,
}

impl HttpClient {
    pub(super) fn new(client: Client, endpoint: &Endpoint) -> Self {
        let mut headers = endpoint.headers.clone();
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
        Self { client, headers, timeout: endpoint.timeout, last: Mutex::default() }
    }

    /// Takes the result of the last request: the body of the response, or the reason of the failure. `None` when there was no request
    /// since the last call.
    pub(super) fn take_last(&self) -> Option<Result<Bytes, String>> {
        self.last().take()
    }

    /// Posts and blocks until the response, within the endpoint's timeout. A transient failure is retried once where time is left.
    ///
    /// Must not be called inside an async runtime.
    pub(super) fn send(&self, request: Request<Bytes>) -> HttpResult {
        let begun = Instant::now();
        let first = self.once(request.clone(), self.timeout);
        let left = self.timeout.saturating_sub(begun.elapsed() + RETRY_PAUSE);
        let result = if left.is_zero() || !is_transient(&first) {
            first
        } else {
            thread::sleep(RETRY_PAUSE);
            self.once(request, left)
        };
        *self.last() = Some(self.outcome(&result));
        result
    }

    fn once(&self, request: Request<Bytes>, timeout: Duration) -> HttpResult {
        let mut request = reqwest::blocking::Request::try_from(request)?;
        // The exporters read the same variables, so headers are replaced and not added.
        for (name, value) in &self.headers {
            request.headers_mut().insert(name, value.clone());
        }
        *request.timeout_mut() = Some(timeout);
        let response = self.client.execute(request)?;
        let (status, headers) = (response.status(), response.headers().clone());
        // A body that is too long is no response of the protocol: only the status counts.
        let body = body(response)?;
        let mut result = Response::new(Bytes::from(if body.whole { body.bytes } else { Vec::new() }));
        (*result.status_mut(), *result.headers_mut()) = (status, headers);
        Ok(result)
    }

    /// The body of a success, or a reason without any text of the receiver.
    fn outcome(&self, result: &HttpResult) -> Result<Bytes, String> {
        match result {
            Ok(response) if response.status().is_success() => Ok(response.body().clone()),
            Ok(response) => Err(format!("HTTP status {}", response.status().as_u16())),
            Err(error) if error.is_timeout() => Err(no_answer(self.timeout)),
            Err(error) => Err(cause(error)),
        }
    }

    fn last(&self) -> MutexGuard<'_, Option<Result<Bytes, String>>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The exporters call it on threads of the SDK, which may block.
#[async_trait]
impl OtlpHttpClient for HttpClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        Ok(self.send(request)?)
    }
}

/// Whether a retry may succeed. A timeout would take the same time again, and a receiver that sends `Retry-After` asks for a longer pause.
fn is_transient(result: &HttpResult) -> bool {
    let transient = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ];
    match result {
        Ok(response) => transient.contains(&response.status()) && !response.headers().contains_key(RETRY_AFTER),
        Err(error) => !error.is_timeout(),
    }
}

/// A client for a URL. It does not follow redirects: the headers are secret.
///
/// Built on a thread of its own: the blocking client must not be built inside an async runtime.
///
/// # Errors
/// With the cause, when certificates or the proxy cannot be used.
pub(in crate::cli::export) fn client(url: &Url, trust: &Trust) -> Result<Client, String> {
    provide_tls();
    let encrypted = url.scheme() == "https";
    // The proxy is not left to the client, so that HTTP and gRPC use the same one.
    let mut builder = Client::builder().redirect(Policy::none()).no_proxy();
    let text = |error: reqwest::Error| cause(&error);
    if let Some(Proxy { address, authorization }) = Proxy::of(url)? {
        let proxy = reqwest::Proxy::all(address.to_string()).map_err(text)?;
        builder = builder.proxy(match authorization {
            Some(authorization) => proxy.custom_http_auth(authorization),
            None => proxy,
        });
    }
    if let Some(roots) = &trust.roots {
        builder = builder.tls_certs_only(Certificate::from_pem_bundle(roots).map_err(text)?);
    } else if encrypted {
        authorities_are_files()?;
    } else {
        // Skips reading the system's certificates, which takes milliseconds.
        builder = builder.tls_certs_only([]);
    }
    if let Some(identity) = &trust.identity {
        let both = [identity.certificate.as_slice(), b"\n", &identity.key].concat();
        builder = builder.identity(Identity::from_pem(&both).map_err(text)?);
    }
    match thread::spawn(move || builder.build()).join() {
        Ok(built) => built.map_err(text),
        Err(_) => Err("the client could not be built".to_owned()),
    }
}

/// Installs the TLS provider of this program, which every client needs.
pub(crate) fn provide_tls() {
    // An error means that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The innermost cause of an error, which contains no URL.
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
