//! Metrics pushed to a Pushgateway, which keeps them for Prometheus after this process has ended.
//!
//! `PUT` replaces all metrics of the database, so that none is out of date. Before the journal was read the totals are not known: then
//! `POST` replaces only the metrics that are, and the totals stay.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE;
use migrascope::file;
use migrascope::observe::names::{self, LAST_FAILURE_TIMESTAMP, LAST_SUCCESS_TIMESTAMP};
use reqwest::blocking::{Client, Response};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use url::Url;

use super::environment::{Trust, roots_in, take_credentials};
use super::metrics::Page;
use super::otlp::{cause, client};
use super::prometheus_text::{family, zeros};
use super::pusher::{Moment, Sink};
use crate::cli::response::{body as response_body, has_line};
use crate::cli::telemetry::PushSettings;

/// The limit of a request: a gateway answers from memory.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The part of a URL's path in front of a group's labels.
const GROUP: &str = "/metrics/job/";

/// The job, unless the URL names another one.
const JOB: &str = "migrascope";

/// The characters of a gateway's error that are shown.
const LONGEST_REASON: usize = 200;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// The gateway of `--push-url`.
pub(super) struct Pushgateway {
    client: Client,
    url: Url,
    headers: HeaderMap,
}

impl Pushgateway {
    /// Checks the URL and reads the files that the settings name; sends nothing yet.
    ///
    /// # Errors
    /// With the option, the file and the reason.
    pub(super) fn open(url: &str, settings: &PushSettings) -> Result<Self, String> {
        let mut url = parsed(url)?;
        let mut headers = HeaderMap::new();
        let credentials = take_credentials(&mut url);
        if let Some(path) = &settings.token_file {
            if credentials.is_some() {
                return Err("--push-url has a password, and --push-token-file a token: use one of them".to_owned());
            }
            headers.insert(AUTHORIZATION, token(path)?);
        }
        headers.extend(credentials);
        let trust = Trust {
            roots: settings.ca.as_deref().map(|path| roots_in("--push-ca", path)).transpose()?,
            identity: None,
        };
        let client = client(&url, &trust).map_err(|reason| format!("--push-url: {reason}"))?;
        Ok(Self { client, url, headers })
    }

    /// Its name in warnings, without parts that may be secret.
    pub(super) fn shown(&self) -> String {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let path = self.url.path().trim_end_matches('/');
        format!("--push-url {}://{}{port}{path}", self.url.scheme(), self.url.host_str().unwrap_or_default())
    }

    fn send(&self, method: Method, url: Url, body: String) -> Result<Response, String> {
        let request = self.client.request(method, url).headers(self.headers.clone()).timeout(TIMEOUT);
        let answer = request.header(CONTENT_TYPE, TEXT).body(body).send();
        answer.map_err(|error| match error.is_timeout() {
            true => format!("no answer within {}", humantime::format_duration(TIMEOUT)),
            false => cause(&error),
        })
    }

    /// Whether the gateway has a family of this database; a gateway that does not answer counts as having none.
    fn has(&self, name: &str, target: &str) -> bool {
        let mut url = self.url.clone();
        let path = url.path();
        let root = path.find(GROUP).map_or(path, |at| &path[..at]).trim_end_matches('/').to_owned();
        url.set_path(&format!("{root}/metrics"));
        let label = format!("{}=\"{}\"", names::prometheus_label(names::TARGET), escaped(target));
        let sample = format!("{name}{{");
        let answer = self.send(Method::GET, url, String::new());
        // A page that is cut off may have the family, which must not be overwritten.
        answer.is_ok_and(|answer| {
            has_line(answer, |line| line.starts_with(&sample) && line.contains(&label)).unwrap_or(true)
        })
    }
}

impl Sink for Pushgateway {
    fn put(&mut self, page: &Page, moment: Moment) -> Result<(), String> {
        let target = page.target.as_deref().unwrap_or_default();
        let url = group(&self.url, target);
        let answer = if page.complete {
            self.send(Method::PUT, url, page.text.clone())?
        } else {
            let mut text = page.text.clone();
            let success = LAST_SUCCESS_TIMESTAMP.prometheus_name();
            if moment != Moment::Heartbeat && family(&text, &success).is_none() && !self.has(&success, target) {
                text += &zeros(&page.text, &LAST_FAILURE_TIMESTAMP, &LAST_SUCCESS_TIMESTAMP);
            }
            self.send(Method::POST, url, text)?
        };
        accepted(answer)
    }
}

/// The URL of the database's group; a URL that names a group stays as it is.
fn group(gateway: &Url, target: &str) -> Url {
    let mut url = gateway.clone();
    if url.path().contains(GROUP) {
        return url;
    }
    let label = names::prometheus_label(names::TARGET);
    // Base64 for values that a path cannot have: https://github.com/prometheus/pushgateway#url
    // Dots alone would lead out of the group, and URLs drop control characters.
    let plain =
        target.contains(|c: char| c != '.') && !target.contains(|c: char| c == '/' || c == '\\' || c.is_control());
    let (label, value) = match !plain {
        true if target.is_empty() => (format!("{label}@base64"), "=".to_owned()),
        true => (format!("{label}@base64"), BASE64_URL_SAFE.encode(target)),
        false => (label, target.to_owned()),
    };
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["metrics", "job", JOB, &label, &value]);
    }
    url
}

fn accepted(answer: Response) -> Result<(), String> {
    let status = answer.status();
    if matches!(status, StatusCode::OK | StatusCode::ACCEPTED) {
        return Ok(());
    }
    let body = match status {
        // The body names the metric that was refused; it contains nothing but our own text.
        StatusCode::BAD_REQUEST => response_body(answer).map(|body| body.bytes).unwrap_or_default(),
        _ => Vec::new(),
    };
    let reason: String =
        String::from_utf8_lossy(&body).lines().next().unwrap_or_default().chars().take(LONGEST_REASON).collect();
    let colon = if reason.is_empty() { "" } else { ": " };
    Err(format!("HTTP status {}{colon}{reason}", status.as_u16()))
}

fn parsed(text: &str) -> Result<Url, String> {
    // The text is not shown: it may contain a password.
    let url = Url::parse(text).map_err(|error| format!("--push-url is not a valid URL: {error}"))?;
    let usable = matches!(url.scheme(), "http" | "https") && url.has_host();
    if !usable {
        return Err("--push-url must begin with http:// or https://".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("--push-url must not have a query or a fragment".to_owned());
    }
    Ok(url)
}

fn token(path: &Path) -> Result<HeaderValue, String> {
    let complaint = |reason: &dyn std::fmt::Display| format!("--push-token-file: {}: {reason}", path.display());
    let token = file::read_text(path).map_err(|error| complaint(&error))?;
    let token = Some(token.trim()).filter(|token| !token.is_empty()).ok_or_else(|| complaint(&"it is empty"))?;
    let mut value: HeaderValue = format!("Bearer {token}")
        .parse()
        .map_err(|_| complaint(&"it has characters that an HTTP header cannot have"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A label's value, escaped as in Prometheus text.
fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::{group, parsed};

    #[test]
    fn the_group_is_that_of_the_database() {
        let table = [
            ("http://gw:9091", "orders", "http://gw:9091/metrics/job/migrascope/migrascope_target/orders"),
            (
                "http://gw:9091/",
                "größe x",
                "http://gw:9091/metrics/job/migrascope/migrascope_target/gr%C3%B6%C3%9Fe%20x",
            ),
            ("http://gw/prefix", "a/b?c", "http://gw/prefix/metrics/job/migrascope/migrascope_target@base64/YS9iP2M="),
            ("http://gw", "..", "http://gw/metrics/job/migrascope/migrascope_target@base64/Li4="),
            ("http://gw", "a\tb", "http://gw/metrics/job/migrascope/migrascope_target@base64/YQli"),
            ("http://gw", "", "http://gw/metrics/job/migrascope/migrascope_target@base64/="),
            ("http://gw/metrics/job/deploy/db/one", "orders", "http://gw/metrics/job/deploy/db/one"),
        ];
        for (gateway, target, expected) in table {
            let gateway: Url = gateway.parse().expect("a URL");
            assert_eq!(group(&gateway, target).as_str(), expected);
        }
    }

    #[test]
    fn a_bad_url_is_refused_and_not_shown() {
        for text in ["gw:9091", "nonsense", "ftp://gw", "http://user:secret@gw/?a=b", "http://"] {
            let problem = parsed(text).expect_err(text);
            assert!(problem.starts_with("--push-url") && !problem.contains("secret"), "{problem}");
        }
    }
}
