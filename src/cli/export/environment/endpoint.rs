//! `OTEL_EXPORTER_OTLP_*`: the receiver of one signal and how it is reached.

use std::time::Duration;

use reqwest::header::HeaderMap;
use url::Url;

use super::exporter::ExportRequest;
use super::headers::take_credentials;
use super::reader::Reader;
use super::signal::Signal;
use super::trust::Trust;
use crate::cli::option::choices::suggestion;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);

/// The transport of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::export) enum Protocol {
    /// Protobuf in the body of an HTTP POST.
    Http,
    /// A unary gRPC call.
    Grpc,
}

/// The compression of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::export) enum Compression {
    /// None.
    None,
    /// gzip, RFC 1952.
    Gzip,
}

/// The receiver of one signal.
#[derive(Debug, Clone)]
pub(in crate::cli::export) struct Endpoint {
    /// What is sent.
    pub(in crate::cli::export) signal: Signal,
    /// The full URL for HTTP, the server's for gRPC.
    pub(in crate::cli::export) url: Url,
    pub(in crate::cli::export) protocol: Protocol,
    /// Sent with every request; secret.
    pub(in crate::cli::export) headers: HeaderMap,
    pub(in crate::cli::export) compression: Compression,
    /// The limit of a request, its retry included.
    pub(in crate::cli::export) timeout: Duration,
    /// The trusted certificates, and our own.
    pub(in crate::cli::export) trust: Trust,
}

impl Endpoint {
    /// The URL without parts that may be secret, for messages.
    pub(in crate::cli::export) fn shown(&self) -> String {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = self.url.host_str().unwrap_or_default();
        let path = if self.protocol == Protocol::Grpc { "" } else { self.url.path() };
        format!("{}://{host}{port}{path}", self.url.scheme())
    }

    /// Whether the connection is encrypted.
    pub(in crate::cli::export) fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The same with the shorter one of its timeout and `limit`.
    pub(super) fn with_limit(self, limit: Option<Duration>) -> Self {
        Self { timeout: limit.map_or(self.timeout, |limit| self.timeout.min(limit)), ..self }
    }
}

impl Reader<'_> {
    /// The receiver of a signal; `None` where it is not exported, or a variable has a mistake.
    pub(super) fn endpoint(&mut self, signal: Signal, request: ExportRequest) -> Option<Endpoint> {
        let variable = if request == ExportRequest::No { None } else { self.of(signal, "ENDPOINT") };
        let Some((name, value)) = variable else {
            if request == ExportRequest::Yes {
                let exporter = signal.exporter_variable();
                self.problems.push(format!("{exporter} is otlp but OTEL_EXPORTER_OTLP_ENDPOINT is not set"));
            }
            return None;
        };
        // Every variable is read, so that all mistakes are reported at once.
        let protocol = self.protocol(signal);
        let url = protocol.and_then(|protocol| {
            let url = self.url(signal, protocol, &name, &value);
            self.collect(url)
        });
        let compression = self.compression(signal);
        let headers = self.headers(signal);
        let trust = self.trust(signal);
        let timeout = self.timeout(signal);
        let (mut url, mut headers) = (url?, headers?);
        if let Some((name, value)) = take_credentials(&mut url) {
            headers.entry(name).or_insert(value);
        }
        Some(Endpoint { signal, url, protocol: protocol?, headers, compression: compression?, timeout, trust: trust? })
    }

    fn protocol(&mut self, signal: Signal) -> Option<Protocol> {
        let Some((name, protocol)) = self.of(signal, "PROTOCOL") else { return Some(Protocol::Http) };
        let known = "known are http/protobuf and grpc";
        self.collect(match protocol.as_str() {
            "http/protobuf" => Ok(Protocol::Http),
            "grpc" => Ok(Protocol::Grpc),
            "http/json" => Err(format!("{name}: http/json is not supported, {known}")),
            other => {
                let near = suggestion(other, ["http/protobuf", "grpc"]);
                Err(format!("{name}: unknown protocol {other:?}, {known}{near}"))
            }
        })
    }

    /// The signal's own URL is used as it is. The URL for all signals gets the path of the signal for HTTP, and none for gRPC.
    fn url(&self, signal: Signal, protocol: Protocol, name: &str, value: &str) -> Result<Url, String> {
        let text = match protocol {
            Protocol::Grpc if !value.contains("://") => format!("{}://{value}", self.scheme(signal)),
            _ => value.to_owned(),
        };
        let mut url = Url::parse(&text).map_err(|error| format!("{name} is not a valid URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(format!("{name} must begin with http:// or https://"));
        }
        if url.fragment().is_some() {
            return Err(format!("{name} has a fragment (#…), which is never sent; write a # in a name as %23"));
        }
        if protocol == Protocol::Grpc && url.query().is_some() {
            return Err(format!(
                "{name} has a query (?…), which gRPC does not have; name a tenant in OTEL_EXPORTER_OTLP_HEADERS"
            ));
        }
        if protocol == Protocol::Http && name != signal.variable("ENDPOINT") {
            let path = format!("{}/v1/{}", url.path().trim_end_matches('/'), signal.word());
            url.set_path(&path);
        }
        Ok(url)
    }

    /// The scheme of an address without one: https, unless `INSECURE` is true.
    fn scheme(&self, signal: Signal) -> &'static str {
        match self.of(signal, "INSECURE") {
            Some((_, value)) if value.eq_ignore_ascii_case("true") => "http",
            _ => "https",
        }
    }

    fn compression(&mut self, signal: Signal) -> Option<Compression> {
        let Some((name, how)) = self.of(signal, "COMPRESSION") else { return Some(Compression::None) };
        self.collect(match how.as_str() {
            "none" => Ok(Compression::None),
            "gzip" => Ok(Compression::Gzip),
            other => {
                let near = suggestion(other, ["gzip", "none"]);
                Err(format!("{name}: {other:?} is not supported, known are gzip and none{near}"))
            }
        })
    }

    fn timeout(&mut self, signal: Signal) -> Duration {
        let variable = self.of(signal, "TIMEOUT");
        // 0 would mean no limit, and the end of a run cannot wait without one.
        let milliseconds = variable.and_then(|(name, value)| self.number(&name, &value)).filter(|number| *number > 0);
        milliseconds.map_or(DEFAULT_TIMEOUT, Duration::from_millis)
    }
}
