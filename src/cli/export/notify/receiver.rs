//! Whoever takes a notification, by HTTP: told once, and once more where nobody can have heard it.

use std::thread;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::Client;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use url::Url;

use super::Secret;
use crate::cli::export::environment::{Trust, take_credentials};
use crate::cli::export::otlp::{cause, client};

/// Whoever takes longer is given up.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Before it is tried once more.
const PAUSE: Duration = Duration::from_millis(50);

const JSON: HeaderValue = HeaderValue::from_static("application/json");

const OURSELVES: HeaderValue = HeaderValue::from_static(concat!("migrascope/", env!("CARGO_PKG_VERSION")));

/// One of them.
pub(super) struct Receiver {
    client: Client,
    option: &'static str,
    url: Url,
    headers: HeaderMap,
}

/// Why somebody did not take it.
struct Refusal {
    reason: String,
    /// Whether it is known that nothing was done with it: told again, it is not told twice.
    untouched: bool,
}

impl Receiver {
    /// Grafana's annotations; sends nothing yet.
    ///
    /// # Errors
    /// With the option, the file and what is wrong.
    pub(super) fn grafana(url: &Secret, token: Option<&Secret>) -> Result<Self, String> {
        let option = "--grafana-url";
        let mut url = parsed(option, &url.read(option)?)?;
        if url.query().is_some() {
            return Err(format!("{option} must end with its path: it is the address of Grafana's first page"));
        }
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "annotations"]);
        }
        let token = token.map(|token| token.read("--grafana-token")).transpose()?;
        if token.is_some() && !(url.username().is_empty() && url.password().is_none()) {
            return Err(format!("{option} has a password, and there is a token: one of them must go"));
        }
        let mut receiver = Self::at(option, url)?;
        if let Some(token) = token {
            receiver.headers.insert(AUTHORIZATION, bearer(&token)?);
        }
        Ok(receiver)
    }

    /// A webhook, all of whose URL is used; sends nothing yet.
    ///
    /// # Errors
    /// With the option, the file and what is wrong.
    pub(super) fn webhook(url: &Secret) -> Result<Self, String> {
        let option = "--webhook-url";
        Self::at(option, parsed(option, &url.read(option)?)?)
    }

    fn at(option: &'static str, mut url: Url) -> Result<Self, String> {
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, JSON), (USER_AGENT, OURSELVES)]);
        headers.extend(take_credentials(&mut url));
        let client = client(&url, &Trust::default()).map_err(|reason| format!("{option}: {reason}"))?;
        Ok(Self { client, option, url, headers })
    }

    /// How it is called in warnings: its path may be secret.
    pub(super) fn shown(&self) -> String {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{} {}://{}{port}", self.option, self.url.scheme(), self.url.host_str().unwrap_or_default())
    }

    /// Posts a JSON text; blocks.
    ///
    /// # Errors
    /// With the reason in a few words that hold nothing secret.
    pub(super) fn post(&self, body: &str) -> Result<(), String> {
        let answer = self.once(body).or_else(|refusal| {
            if !refusal.untouched {
                return Err(refusal);
            }
            thread::sleep(PAUSE);
            self.once(body)
        });
        answer.map_err(|refusal| refusal.reason)
    }

    fn once(&self, body: &str) -> Result<(), Refusal> {
        let request = self.client.post(self.url.clone()).headers(self.headers.clone()).timeout(TIMEOUT);
        let answer = request.body(body.to_owned()).send().map_err(|error| Refusal {
            untouched: error.is_connect() && !error.is_timeout(),
            reason: match error.is_timeout() {
                true => format!("no answer within {}", humantime::format_duration(TIMEOUT)),
                false => cause(&error),
            },
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        // What it says is not shown: it may repeat what it was told.
        let busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let untouched = busy && !answer.headers().contains_key(RETRY_AFTER);
        Err(Refusal { reason: format!("HTTP status {}", status.as_u16()), untouched })
    }
}

fn parsed(option: &str, text: &str) -> Result<Url, String> {
    // The text is not shown: it may be secret.
    let mut url = Url::parse(text).map_err(|error| format!("{option} is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(format!("{option} must begin with http:// or https://"));
    }
    url.set_fragment(None);
    Ok(url)
}

fn bearer(token: &str) -> Result<HeaderValue, String> {
    let value = format!("Bearer {token}").parse();
    let mut value: HeaderValue = value.map_err(|_| "the token for Grafana holds what no token can hold".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::{Receiver, Secret};

    fn text(text: &str) -> Secret {
        Secret::Text(text.to_owned())
    }

    #[test]
    fn annotations_are_below_the_first_page() {
        let table = [
            ("http://grafana:3000", "http://grafana:3000/api/annotations"),
            ("http://grafana:3000/", "http://grafana:3000/api/annotations"),
            ("https://example.com/grafana/#x", "https://example.com/grafana/api/annotations"),
        ];
        for (given, expected) in table {
            let receiver = Receiver::grafana(&text(given), None).expect("a receiver");
            assert_eq!(receiver.url.as_str(), expected);
        }
    }

    #[test]
    fn neither_path_nor_password_is_shown() {
        let receiver = Receiver::webhook(&text("https://me:s3cret@hooks.example.com:8443/services/s3cret?key=s3cret"));
        assert_eq!(receiver.expect("a receiver").shown(), "--webhook-url https://hooks.example.com:8443");
        for wrong in ["hooks/s3cret", "ftp://hooks/s3cret", "https://", "https://u:s3cret@[x/"] {
            let problem = Receiver::webhook(&text(wrong)).err().expect(wrong);
            assert!(problem.starts_with("--webhook-url ") && !problem.contains("s3cret"), "{problem}");
        }
    }

    #[test]
    fn what_no_header_can_hold_is_not_shown() {
        let problem = Receiver::grafana(&text("http://g"), Some(&text("a\u{7f}s3cret"))).err().expect("a problem");
        assert_eq!(problem, "the token for Grafana holds what no token can hold");
    }
}
