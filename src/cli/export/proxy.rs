//! Proxies as `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` name them: one decision for whatever is sent, over HTTP
//! and over gRPC.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::HeaderValue;
use tonic::transport::Uri;
use url::Url;

/// A proxy by plain HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    /// Its address, without user and password.
    pub(super) address: Uri,
    /// User and password, as `Proxy-Authorization` has them; secret.
    pub(super) authorization: Option<HeaderValue>,
}

impl Proxy {
    /// The one on the way to this URL, as the variables of the process say; `None` where the way is direct.
    ///
    /// # Errors
    /// With the variable, where it names no proxy that can be used. Its text may be secret and is not shown.
    pub(super) fn on_the_way_to(url: &Url) -> Result<Option<Self>, String> {
        of(url, &|name| std::env::var(name).ok())
    }
}

fn of(url: &Url, variables: &dyn Fn(&str) -> Option<String>) -> Result<Option<Proxy>, String> {
    let first = |names: [&'static str; 2]| {
        names.into_iter().find_map(|name| Some((name, variables(name).filter(|value| !value.is_empty())?)))
    };
    let own = if url.scheme() == "https" { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
    // To a program that a web server runs, HTTP_PROXY is what its visitor says: https://httpoxy.org
    let trusted = |(name, _): &(&str, String)| *name != "HTTP_PROXY" || variables("REQUEST_METHOD").is_none();
    let named = first(own).filter(trusted).or_else(|| first(["ALL_PROXY", "all_proxy"]));
    let (Some((name, text)), Ok(destination)) = (named, url.as_str().parse::<Uri>()) else { return Ok(None) };
    let no = first(["NO_PROXY", "no_proxy"]).map_or(String::new(), |(_, no)| no.to_ascii_lowercase());
    // To the matcher a * stands for names alone, and not for addresses.
    let all = no.split(',').any(|entry| entry.trim() == "*");
    let passed_over = all || Matcher::builder().all("http://proxy").no(no).build().intercept(&destination).is_none();
    if passed_over {
        return Ok(None);
    }
    let refused =
        || format!("{name} names no proxy that can be used: it should read like http://proxy.example.com:3128");
    let text = if text.contains("://") { text } else { format!("http://{text}") };
    if !Url::parse(&text).is_ok_and(|proxy| proxy.scheme() == "http" && proxy.has_host()) {
        return Err(refused());
    }
    let through = Matcher::builder().all(text).build().intercept(&destination).ok_or_else(refused)?;
    Ok(Some(Proxy { address: through.uri().clone(), authorization: through.basic_auth().cloned() }))
}

#[cfg(test)]
mod tests {
    use super::of;

    /// The proxy on the way to a URL, where these variables are set.
    fn way(url: &str, variables: &[(&str, &str)]) -> String {
        let get = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        match of(&url.parse().expect("a URL"), &get) {
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
        assert_eq!((way(plain, &all), way(secure, &all)), ("http://a:1/".into(), "http://b:2/".into()));
        assert_eq!((way(plain, &all[1..]), way(secure, &all[2..])), ("http://c:3/".into(), "http://c:3/".into()));
        assert_eq!((way(plain, &all[1..2]), way(secure, &all[..1])), ("direct".into(), "direct".into()));
        assert_eq!(way(plain, &[("http_proxy", "a:1")]), "http://a:1/");
        assert_eq!(way(plain, &[("HTTP_PROXY", ""), ("http_proxy", "a:1")]), "http://a:1/");
        assert_eq!(way(plain, &[("HTTP_PROXY", "a:1"), ("REQUEST_METHOD", "GET")]), "direct");
        assert_eq!(way(plain, &[("all_proxy", "http://u:p%20w@c:3")]), "http://c:3/ Basic dTpwIHc=");
        assert_eq!(way(plain, &[]), "direct");
    }

    #[test]
    fn some_ways_are_direct() {
        let no = |url: &str, no: &str| way(url, &[("ALL_PROXY", "http://c:3"), ("NO_PROXY", no)]) == "direct";
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
    fn what_is_no_proxy_is_named_and_not_told() {
        for text in ["socks5://u:s3cret@h:1", "https://u:s3cret@h", "http://", "ht tp://s3cret", "http://u:s3cret@"] {
            let told = way("http://otel:1", &[("ALL_PROXY", text)]);
            assert!(told.starts_with("ALL_PROXY names no proxy") && !told.contains("s3cret"), "{text}: {told}");
            let direct = way("http://otel:1", &[("ALL_PROXY", text), ("NO_PROXY", "*")]);
            assert_eq!(direct, "direct", "nobody needs it");
        }
    }
}
