//! `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`: one decision for HTTP and gRPC.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::HeaderValue;
use tonic::transport::Uri;
use url::Url;

/// An HTTP proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    /// Its address, without user and password.
    pub(super) address: Uri,
    /// The value of `Proxy-Authorization`; secret.
    pub(super) authorization: Option<HeaderValue>,
}

impl Proxy {
    /// The proxy for this URL; `None` for a direct connection.
    ///
    /// # Errors
    /// With the variable, where its value is not a usable proxy. The value may be secret and is not shown.
    pub(super) fn of(url: &Url) -> Result<Option<Self>, String> {
        select(url, &|name| std::env::var(name).ok())
    }
}

fn select(url: &Url, variables: &dyn Fn(&str) -> Option<String>) -> Result<Option<Proxy>, String> {
    let first = |names: [&'static str; 2]| {
        names.into_iter().find_map(|name| Some((name, variables(name).filter(|value| !value.is_empty())?)))
    };
    let own = if url.scheme() == "https" { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
    // In a CGI program, HTTP_PROXY comes from a header of the client: https://httpoxy.org
    let trusted = |(name, _): &(&str, String)| *name != "HTTP_PROXY" || variables("REQUEST_METHOD").is_none();
    let named = first(own).filter(trusted).or_else(|| first(["ALL_PROXY", "all_proxy"]));
    let (Some((name, text)), Ok(destination)) = (named, url.as_str().parse::<Uri>()) else { return Ok(None) };
    let no = first(["NO_PROXY", "no_proxy"]).map_or(String::new(), |(_, no)| no.to_ascii_lowercase());
    // The matcher applies a * to names only, not to addresses.
    let all = no.split(',').any(|entry| entry.trim() == "*");
    let is_excluded = all || Matcher::builder().all("http://proxy").no(no).build().intercept(&destination).is_none();
    if is_excluded {
        return Ok(None);
    }
    let refused = || format!("{name} is not a usable proxy: expected a URL such as http://proxy.example.com:3128");
    let text = if text.contains("://") { text } else { format!("http://{text}") };
    if !Url::parse(&text).is_ok_and(|proxy| proxy.scheme() == "http" && proxy.has_host()) {
        return Err(refused());
    }
    let through = Matcher::builder().all(text).build().intercept(&destination).ok_or_else(refused)?;
    Ok(Some(Proxy { address: through.uri().clone(), authorization: through.basic_auth().cloned() }))
}

#[cfg(test)]
mod tests {
    use super::select;

    /// The proxy for a URL, with these variables set.
    fn route(url: &str, variables: &[(&str, &str)]) -> String {
        let get = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        match select(&url.parse().expect("a URL"), &get) {
            Ok(None) => "direct".to_owned(),
            Ok(Some(proxy)) => {
                let with =
                    proxy.authorization.map_or(String::new(), |value| format!(" {}", value.to_str().expect("text")));
                format!("{}{with}", proxy.address)
            }
            Err(reason) => reason,
        }
    }

    #[test]
    fn each_variable_has_its_schemes() {
        let (plain, secure) = ("http://otel.example.com:4318/v1/traces", "https://otel.example.com/v1/traces");
        let all = [("HTTP_PROXY", "http://a:1"), ("HTTPS_PROXY", "http://b:2"), ("ALL_PROXY", "http://c:3")];
        assert_eq!((route(plain, &all), route(secure, &all)), ("http://a:1/".into(), "http://b:2/".into()));
        assert_eq!((route(plain, &all[1..]), route(secure, &all[2..])), ("http://c:3/".into(), "http://c:3/".into()));
        assert_eq!((route(plain, &all[1..2]), route(secure, &all[..1])), ("direct".into(), "direct".into()));
        assert_eq!(route(plain, &[("http_proxy", "a:1")]), "http://a:1/");
        assert_eq!(route(plain, &[("HTTP_PROXY", ""), ("http_proxy", "a:1")]), "http://a:1/");
        assert_eq!(route(plain, &[("HTTP_PROXY", "a:1"), ("REQUEST_METHOD", "GET")]), "direct");
        assert_eq!(route(plain, &[("all_proxy", "http://u:p%20w@c:3")]), "http://c:3/ Basic dTpwIHc=");
        assert_eq!(route(plain, &[]), "direct");
    }

    #[test]
    fn no_proxy_makes_connections_direct() {
        let no = |url: &str, no: &str| route(url, &[("ALL_PROXY", "http://c:3"), ("NO_PROXY", no)]) == "direct";
        for list in ["*", "otel.example.com", ".example.com", "x, Example.COM", "a,*"] {
            assert!(no("http://otel.example.com:4318", list), "{list}");
        }
        assert!(no("http://10.1.2.3:1", "*") && no("http://[::1]:1", "x, *"));
        for list in ["", "ample.com", "otel", "10.0.0.0/8"] {
            assert!(!no("http://otel.example.com:4318", list), "{list}");
        }
        assert!(
            no("http://10.1.2.3:1", "10.0.0.0/8")
                && no("http://[::1]:1", "::1")
                && no("http://localhost:1", "localhost")
        );
    }

    #[test]
    fn an_unusable_proxy_is_refused_and_its_value_not_shown() {
        for text in ["socks5://u:s3cret@h:1", "https://u:s3cret@h", "http://", "ht tp://s3cret", "http://u:s3cret@"] {
            let message = route("http://otel:1", &[("ALL_PROXY", text)]);
            assert!(
                message.starts_with("ALL_PROXY is not a usable proxy") && !message.contains("s3cret"),
                "{text}: {message}"
            );
            let direct = route("http://otel:1", &[("ALL_PROXY", text), ("NO_PROXY", "*")]);
            assert_eq!(direct, "direct", "NO_PROXY excludes it");
        }
    }
}
