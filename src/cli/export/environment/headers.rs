//! `OTEL_EXPORTER_OTLP_HEADERS`: `name=value,name=value` with percent-encoded values, which are never shown.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::lookup::items;
use super::percent::decoded;
use super::reader::Reader;
use super::signal::Signal;

impl Reader<'_> {
    pub(super) fn headers(&mut self, signal: Signal) -> Option<HeaderMap> {
        let Some((name, list)) = self.of(signal, "HEADERS") else { return Some(HeaderMap::new()) };
        let headers: Option<HeaderMap> = items(&list).map(header).collect();
        self.collect(headers.ok_or_else(|| format!("{name} must have the form name=value,name=value")))
    }
}

fn header(text: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = text.split_once('=')?;
    let name = name.trim().parse().ok()?;
    let mut value: HeaderValue = decoded(value.trim())?.parse().ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

/// Removes user and password from a URL and returns them as a header.
pub(in crate::cli::export) fn take_credentials(url: &mut Url) -> Option<(HeaderName, HeaderValue)> {
    let user = decoded(url.username())?;
    let password = decoded(url.password().unwrap_or_default())?;
    if user.is_empty() && password.is_empty() {
        return None;
    }
    // An error means that such a URL cannot have them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let mut value: HeaderValue =
        format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))).parse().ok()?;
    value.set_sensitive(true);
    Some((AUTHORIZATION, value))
}
