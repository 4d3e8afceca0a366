//! Checks the host name of requests. Without it, another site whose name resolves to this address (DNS rebinding) could read the pages
//! through a browser, which sends that name in `Host`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::Response;

use super::respond::line;
use crate::cli::telemetry::HostPattern;

/// The host names that are accepted, besides IP addresses and names without a dot.
#[derive(Debug)]
pub(super) struct AllowedHosts(Vec<HostPattern>);

impl AllowedHosts {
    /// The host name of the address, and more.
    pub(super) fn new(address: &str, more: &[HostPattern]) -> Self {
        let own = address.rsplit_once(':').and_then(|(host, _)| HostPattern::parse(host).ok());
        Self(own.into_iter().chain(more.iter().cloned()).collect())
    }

    /// No other site can own an IP address, or a name without a dot, which only the local network resolves.
    fn contain(&self, host: &str) -> bool {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let host = lower(host.strip_suffix('.').unwrap_or(host));
        bare.parse::<IpAddr>().is_ok() || !host.contains('.') || self.0.iter().any(|pattern| pattern.matches(&host))
    }
}

/// Passes requests with an accepted host name on and refuses others.
pub(super) async fn check(State(names): State<Arc<AllowedHosts>>, request: Request, next: Next) -> Response {
    match requested_host(&request) {
        RequestedHost::Name(host) if names.contain(&host) => next.run(request).await,
        RequestedHost::Name(_) => line(
            StatusCode::MISDIRECTED_REQUEST,
            "this host name is not allowed; --listen-name allows names besides IP addresses and names without a dot",
        ),
        RequestedHost::None => next.run(request).await,
        RequestedHost::Invalid => line(StatusCode::BAD_REQUEST, "the request needs one Host, a name and a port"),
    }
}

/// The host name of a request.
enum RequestedHost {
    Name(String),
    /// None, as in HTTP/1.0, which browsers do not send.
    None,
    Invalid,
}

fn requested_host(request: &Request) -> RequestedHost {
    if let Some(authority) = request.uri().authority() {
        return by(authority);
    }
    let mut fields = request.headers().get_all(header::HOST).iter();
    match (fields.next(), fields.next()) {
        (Some(field), None) => match field.to_str().ok().and_then(|host| host.parse().ok()) {
            Some(authority) => by(&authority),
            None => RequestedHost::Invalid,
        },
        (None, _) if request.version() < Version::HTTP_11 => RequestedHost::None,
        _ => RequestedHost::Invalid,
    }
}

fn by(authority: &Authority) -> RequestedHost {
    if authority.as_str().contains('@') {
        RequestedHost::Invalid
    } else {
        RequestedHost::Name(authority.host().to_owned())
    }
}

fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{AllowedHosts, HostPattern};

    #[test]
    fn names_that_another_site_can_own_are_refused() {
        let more =
            ["pages.example.com", "*.internal.example.com"].map(|name| HostPattern::parse(name).expect("a name"));
        let names = AllowedHosts::new("Db.Example.com:9564", &more);
        for ours in [
            "127.0.0.1",
            "10.1.2.3",
            "[::1]",
            "localhost",
            "LOCALHOST.",
            "migrascope",
            "db.example.com",
            "db.example.com.",
            "PAGES.example.com",
            "a.b.internal.example.com",
        ] {
            assert!(names.contain(ours), "{ours}");
        }
        for other in [
            "evil.example.com",
            "example.com",
            "internal.example.com",
            "xpages.example.com",
            "127.0.0.1.evil.com",
            "localhost.evil.com",
            "[::1].com",
        ] {
            assert!(!names.contain(other), "{other}");
        }
        assert!(AllowedHosts::new("0.0.0.0:1", &[HostPattern::parse("*").expect("a name")]).contain("any.example.com"));
    }
}
