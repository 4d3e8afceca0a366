//! Where and how one signal is sent.

use std::time::Duration;

use reqwest::header::HeaderMap;
use url::Url;

use super::exporter::Wanted;
use super::headers::take_credentials;
use super::{Reader, Signal, Trust};
use crate::cli::settings::choices::suggestion;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);

/// How messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::export) enum Protocol {
    /// Protobuf in the body of a POST.
    Http,
    /// A unary call.
    Grpc,
}

/// What is done to messages before they travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::export) enum Compression {
    /// Nothing.
    None,
    /// RFC 1952.
    Gzip,
}

/// Where and how one signal is sent.
#[derive(Debug, Clone)]
pub(in crate::cli::export) struct Endpoint {
    /// What is sent there.
    pub(in crate::cli::export) signal: Signal,
    /// The full URL over HTTP, the server's over gRPC.
    pub(in crate::cli::export) url: Url,
    pub(in crate::cli::export) protocol: Protocol,
    /// Sent with every request; secret.
    pub(in crate::cli::export) headers: HeaderMap,
    pub(in crate::cli::export) compression: Compression,
    /// For one request, its repetition included.
    pub(in crate::cli::export) timeout: Duration,
    /// Whom we believe, and who we are.
    pub(in crate::cli::export) trust: Trust,
}

impl Endpoint {
    /// The URL without anything that may be secret.
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

    /// The same with a shorter time for one request, where a limit says so.
    pub(super) fn answering_within(self, limit: Option<Duration>) -> Self {
        Self { timeout: limit.map_or(self.timeout, |limit| self.timeout.min(limit)), ..self }
    }
}

impl Reader<'_> {
    /// Where the signal goes, unless it goes nowhere or something is wrong with it.
    pub(super) fn endpoint(&mut self, signal: Signal, wanted: Wanted) -> Option<Endpoint> {
        let given = if wanted == Wanted::No { None } else { self.of(signal, "ENDPOINT") };
        let Some((name, value)) = given else {
            if wanted == Wanted::Yes {
                let exporter = signal.exporter_variable();
                self.problems.push(format!("{exporter} is otlp but OTEL_EXPORTER_OTLP_ENDPOINT is not set"));
            }
            return None;
        };
        // All of them are read, so that all mistakes are told at once.
        let protocol = self.protocol(signal);
        let url = protocol.and_then(|protocol| {
            let url = self.url(signal, protocol, &name, &value);
            self.noting(url)
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
        self.noting(match protocol.as_str() {
            "http/protobuf" => Ok(Protocol::Http),
            "grpc" => Ok(Protocol::Grpc),
            "http/json" => Err(format!("{name}: http/json is not supported, {known}")),
            other => {
                let near = suggestion(other, ["http/protobuf", "grpc"]);
                Err(format!("{name}: unknown protocol {other:?}, {known}{near}"))
            }
        })
    }

    /// The signal's own URL is used as it is; the one for all signals gets a path over HTTP, before its query, and none over gRPC.
    fn url(&self, signal: Signal, protocol: Protocol, name: &str, value: &str) -> Result<Url, String> {
        let text = match protocol {
            Protocol::Grpc if !value.contains("://") => format!("{}://{value}", self.scheme(signal)),
            _ => value.to_owned(),
        };
        let mut url = Url::parse(&text).map_err(|error| format!("{name} is no URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(format!("{name} must begin with http:// or https://"));
        }
        if url.fragment().is_some() {
            return Err(format!("{name} has a fragment (#…), which no client sends; a # in a name is written %23"));
        }
        if protocol == Protocol::Grpc && url.query().is_some() {
            return Err(format!(
                "{name} has a query (?…), and gRPC has none; OTEL_EXPORTER_OTLP_HEADERS names a tenant"
            ));
        }
        if protocol == Protocol::Http && name != signal.variable("ENDPOINT") {
            let path = format!("{}/v1/{}", url.path().trim_end_matches('/'), signal.word());
            url.set_path(&path);
        }
        Ok(url)
    }

    /// What an address without a scheme stands for: encrypted, unless `INSECURE` says otherwise.
    fn scheme(&self, signal: Signal) -> &'static str {
        match self.of(signal, "INSECURE") {
            Some((_, value)) if value.eq_ignore_ascii_case("true") => "http",
            _ => "https",
        }
    }

    fn compression(&mut self, signal: Signal) -> Option<Compression> {
        let Some((name, how)) = self.of(signal, "COMPRESSION") else { return Some(Compression::None) };
        self.noting(match how.as_str() {
            "none" => Ok(Compression::None),
            "gzip" => Ok(Compression::Gzip),
            other => {
                let near = suggestion(other, ["gzip", "none"]);
                Err(format!("{name}: {other:?} is not supported, known are gzip and none{near}"))
            }
        })
    }

    fn timeout(&mut self, signal: Signal) -> Duration {
        let given = self.of(signal, "TIMEOUT");
        // None at all is what 0 stands for elsewhere; the end of a run cannot wait for ever.
        let milliseconds = given.and_then(|(name, value)| self.number(&name, &value)).filter(|number| *number > 0);
        milliseconds.map_or(DEFAULT_TIMEOUT, Duration::from_millis)
    }
}
