//! Sends a notification over HTTP: once, and once more where the first request cannot have had an effect.

use std::thread;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::Client;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use url::Url;

use crate::cli::export::environment::{Trust, take_credentials};
use crate::cli::export::otlp::{cause, client};
use crate::cli::telemetry::Secret;

/// The limit of a request.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The pause before the retry.
const PAUSE: Duration = Duration::from_millis(50);

const JSON: HeaderValue = HeaderValue::from_static("application/json");

const AGENT: HeaderValue = HeaderValue::from_static(concat!("migrascope/", env!("CARGO_PKG_VERSION")));

/// The client of one recipient.
pub(super) struct NotificationClient {
    client: Client,
    option: &'static str,
    url: Url,
    headers: HeaderMap,
}

/// Why a request failed.
struct RequestError {
    reason: String,
    /// Whether the request is known to have had no effect, so that a retry cannot notify twice.
    can_retry: bool,
}

impl NotificationClient {
    /// A client of Grafana's annotations; sends nothing yet.
    ///
    /// # Errors
    /// With the option, the file and the reason.
    pub(super) fn grafana(url: &Secret, token: Option<&Secret>) -> Result<Self, String> {
        let option = "--grafana-url";
        let mut url = parsed(option, &url.read(option)?)?;
        if url.query().is_some() {
            return Err(format!("{option} must not have a query: it is the address of Grafana's start page"));
        }
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "annotations"]);
        }
        let token = token.map(|token| token.read("--grafana-token")).transpose()?;
        if token.is_some() && !(url.username().is_empty() && url.password().is_none()) {
            return Err(format!("{option} has a password, and a token is set too: use one of them"));
        }
        let mut client = Self::at(option, url)?;
        if let Some(token) = token {
            client.headers.insert(AUTHORIZATION, bearer(&token)?);
        }
        Ok(client)
    }

    /// A client of a webhook; sends nothing yet.
    ///
    /// # Errors
    /// With the option, the file and the reason.
    pub(super) fn webhook(url: &Secret) -> Result<Self, String> {
        let option = "--webhook-url";
        Self::at(option, parsed(option, &url.read(option)?)?)
    }

    fn at(option: &'static str, mut url: Url) -> Result<Self, String> {
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, JSON), (USER_AGENT, AGENT)]);
        headers.extend(take_credentials(&mut url));
        let client = client(&url, &Trust::default()).map_err(|reason| format!("{option}: {reason}"))?;
        Ok(Self { client, option, url, headers })
    }

    /// Its name in warnings, without the path, which may be secret.
    pub(super) fn shown(&self) -> String {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{} {}://{}{port}", self.option, self.url.scheme(), self.url.host_str().unwrap_or_default())
    }

    /// Posts a JSON text, and blocks until the response.
    ///
    /// # Errors
    /// With a short reason that contains no secret.
    pub(super) fn post(&self, body: &str) -> Result<(), String> {
        let answer = self.once(body).or_else(|error| {
            if !error.can_retry {
                return Err(error);
            }
            thread::sleep(PAUSE);
            self.once(body)
        });
        answer.map_err(|error| error.reason)
    }

    fn once(&self, body: &str) -> Result<(), RequestError> {
        let request = self.client.post(self.url.clone()).headers(self.headers.clone()).timeout(TIMEOUT);
        let answer = request.body(body.to_owned()).send().map_err(|error| RequestError {
            can_retry: error.is_connect() && !error.is_timeout(),
            reason: match error.is_timeout() {
                true => format!("no answer within {}", humantime::format_duration(TIMEOUT)),
                false => cause(&error),
            },
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        // The body is not shown: it may repeat the request.
        let busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let can_retry = busy && !answer.headers().contains_key(RETRY_AFTER);
        Err(RequestError { reason: format!("HTTP status {}", status.as_u16()), can_retry })
    }
}

fn parsed(option: &str, text: &str) -> Result<Url, String> {
    // The text is not shown: it may be secret.
    let mut url = Url::parse(text).map_err(|error| format!("{option} is not a valid URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(format!("{option} must begin with http:// or https://"));
    }
    url.set_fragment(None);
    Ok(url)
}

fn bearer(token: &str) -> Result<HeaderValue, String> {
    let value = format!("Bearer {token}").parse();
    let mut value: HeaderValue =
        value.map_err(|_| "the token for Grafana has characters that an HTTP header cannot have".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::{NotificationClient, Secret};

    fn text(text: &str) -> Secret {
        Secret::Text(text.to_owned())
    }

    #[test]
    fn annotations_are_below_the_start_page() {
        let table = [
            ("http://grafana:3000", "http://grafana:3000/api/annotations"),
            ("http://grafana:3000/", "http://grafana:3000/api/annotations"),
            ("https://example.com/grafana/#x", "https://example.com/grafana/api/annotations"),
        ];
        for (given, expected) in table {
            let client = NotificationClient::grafana(&text(given), None).expect("a client");
            assert_eq!(client.url.as_str(), expected);
        }
    }

    #[test]
    fn neither_path_nor_password_is_shown() {
        let client =
            NotificationClient::webhook(&text("https://me:s3cret@hooks.example.com:8443/services/s3cret?key=s3cret"));
        assert_eq!(client.expect("a client").shown(), "--webhook-url https://hooks.example.com:8443");
        for wrong in ["hooks/s3cret", "ftp://hooks/s3cret", "https://", "https://u:s3cret@[x/"] {
            let problem = NotificationClient::webhook(&text(wrong)).err().expect(wrong);
            assert!(problem.starts_with("--webhook-url ") && !problem.contains("s3cret"), "{problem}");
        }
    }

    #[test]
    fn a_token_that_no_header_can_have_is_not_shown() {
        let problem =
            NotificationClient::grafana(&text("http://g"), Some(&text("a\u{7f}s3cret"))).err().expect("a problem");
        assert_eq!(problem, "the token for Grafana has characters that an HTTP header cannot have");
    }
}
