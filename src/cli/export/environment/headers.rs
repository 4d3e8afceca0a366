//! `OTEL_EXPORTER_OTLP_HEADERS`: `name=value,name=value` with percent-encoded values, none of which is ever shown.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::percent::decoded;
use super::{Reader, Signal, words};

impl Reader<'_> {
    pub(super) fn headers(&mut self, signal: Signal) -> Option<HeaderMap> {
        let Some((name, list)) = self.of(signal, "HEADERS") else { return Some(HeaderMap::new()) };
        let headers: Option<HeaderMap> = words(&list).map(header).collect();
        self.noting(headers.ok_or_else(|| format!("{name} does not read name=value,name=value")))
    }
}

fn header(text: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = text.split_once('=')?;
    let name = name.trim().parse().ok()?;
    let mut value: HeaderValue = decoded(value.trim())?.parse().ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

/// Takes user and password out of a URL, as the header that they stand for.
pub(in crate::cli::export) fn take_credentials(url: &mut Url) -> Option<(HeaderName, HeaderValue)> {
    let user = decoded(url.username())?;
    let password = decoded(url.password().unwrap_or_default())?;
    if user.is_empty() && password.is_empty() {
        return None;
    }
    // An error says that such a URL has no place for them, and then it has none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let mut value: HeaderValue =
        format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))).parse().ok()?;
    value.set_sensitive(true);
    Some((AUTHORIZATION, value))
}
