//! The figures to a Pushgateway, which keeps them for Prometheus when we are gone.
//!
//! The whole state replaces what the gateway has of this database (`PUT`), so that nothing outlives its meaning. Before the
//! journal was read we do not know the whole state: then what we know replaces its like (`POST`), and totals stay.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE;
use migrascope::file;
use migrascope::observe::names::{self, LAST_FAILURE_TIMESTAMP, LAST_SUCCESS_TIMESTAMP};
use reqwest::blocking::{Client, Response};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use url::Url;

use super::courier::{Moment, Route};
use super::environment::{Trust, roots_in, take_credentials};
use super::figures::Page;
use super::otlp::{cause, client};
use super::prometheus_text::{family, zeros};
use crate::cli::answer::{body, has_line};

/// A gateway that takes longer is given up: it answers from memory.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Where the labels of a group begin in a URL.
const GROUP: &str = "/metrics/job/";

/// The job that the figures are of, where the URL does not name another.
const JOB: &str = "migrascope";

/// The longest reason of a gateway that is shown, in characters.
const LONGEST_REASON: usize = 200;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// What the command line says about the gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PushSettings {
    /// The gateway's URL, or that of a group in it.
    pub(crate) url: Option<String>,
    /// The file of a bearer token.
    pub(crate) token_file: Option<PathBuf>,
    /// Certificates that are trusted instead of the system's.
    pub(crate) ca: Option<PathBuf>,
}

/// One gateway.
pub(super) struct Gateway {
    client: Client,
    url: Url,
    headers: HeaderMap,
}

impl Gateway {
    /// Reads and checks what the settings name; sends nothing yet.
    ///
    /// # Errors
    /// With the option, the file and what is wrong.
    pub(super) fn open(url: &str, settings: &PushSettings) -> Result<Self, String> {
        let mut url = parsed(url)?;
        let mut headers = HeaderMap::new();
        let credentials = take_credentials(&mut url);
        if let Some(path) = &settings.token_file {
            if credentials.is_some() {
                return Err("--push-url has a password, and --push-token-file a token: one of them must go".to_owned());
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

    /// How it is called in warnings, without anything that may be secret.
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

    /// Whether the gateway has a family of this database. One that does not tell has none, as far as we know.
    fn has(&self, name: &str, target: &str) -> bool {
        let mut url = self.url.clone();
        let path = url.path();
        let root = path.find(GROUP).map_or(path, |at| &path[..at]).trim_end_matches('/').to_owned();
        url.set_path(&format!("{root}/metrics"));
        let label = format!("{}=\"{}\"", names::prometheus_label(names::TARGET), escaped(target));
        let sample = format!("{name}{{");
        let answer = self.send(Method::GET, url, String::new());
        // What is there must not be overwritten only because the page has no end.
        answer.is_ok_and(|answer| {
            has_line(answer, |line| line.starts_with(&sample) && line.contains(&label)).unwrap_or(true)
        })
    }
}

impl Route for Gateway {
    fn put(&mut self, page: &Page, moment: Moment) -> Result<(), String> {
        let target = page.target.as_deref().unwrap_or_default();
        let url = group(&self.url, target);
        let answer = if page.complete {
            self.send(Method::PUT, url, page.text.clone())?
        } else {
            let mut text = page.text.clone();
            let success = LAST_SUCCESS_TIMESTAMP.prometheus_name();
            if moment != Moment::Alive && family(&text, &success).is_none() && !self.has(&success, target) {
                text += &zeros(&page.text, &LAST_FAILURE_TIMESTAMP, &LAST_SUCCESS_TIMESTAMP);
            }
            self.send(Method::POST, url, text)?
        };
        accepted(answer)
    }
}

/// The group of a database in a gateway; a URL that names a group already is left as it is.
fn group(gateway: &Url, target: &str) -> Url {
    let mut url = gateway.clone();
    if url.path().contains(GROUP) {
        return url;
    }
    let label = names::prometheus_label(names::TARGET);
    // A path cannot hold a slash in a value, nor an empty value: https://github.com/prometheus/pushgateway#url
    // One of dots alone would lead out of the group, and control characters are left out of a URL.
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
    let said = match status {
        // It says what it does not like about the figures, which are ours.
        StatusCode::BAD_REQUEST => body(answer).map(|body| body.bytes).unwrap_or_default(),
        _ => Vec::new(),
    };
    let said: String =
        String::from_utf8_lossy(&said).lines().next().unwrap_or_default().chars().take(LONGEST_REASON).collect();
    let colon = if said.is_empty() { "" } else { ": " };
    Err(format!("HTTP status {}{colon}{said}", status.as_u16()))
}

fn parsed(text: &str) -> Result<Url, String> {
    // The text is not shown: it may hold a password.
    let url = Url::parse(text).map_err(|error| format!("--push-url is no URL: {error}"))?;
    let usable = matches!(url.scheme(), "http" | "https") && url.has_host();
    if !usable {
        return Err("--push-url must begin with http:// or https://".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("--push-url must end with its path: a gateway has neither query nor fragment".to_owned());
    }
    Ok(url)
}

fn token(path: &Path) -> Result<HeaderValue, String> {
    let complaint = |reason: &dyn std::fmt::Display| format!("--push-token-file: {}: {reason}", path.display());
    let token = file::read_text(path).map_err(|error| complaint(&error))?;
    let token = Some(token.trim()).filter(|token| !token.is_empty()).ok_or_else(|| complaint(&"it is empty"))?;
    let mut value: HeaderValue =
        format!("Bearer {token}").parse().map_err(|_| complaint(&"it holds what no token can hold"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A label's value as Prometheus text has it.
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
