//! By which names we are asked. A page of another site, whose name its owner lets lead to us, must not read ours with the
//! eyes of its visitor (DNS rebinding): a browser says that name in `Host`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::Response;

use super::respond::line;
use crate::cli::telemetry::HostPattern;

/// The names that a listener answers to besides those that no one can own.
#[derive(Debug)]
pub(super) struct AllowedHosts(Vec<HostPattern>);

impl AllowedHosts {
    /// The one in the address that is listened on, and more.
    pub(super) fn new(address: &str, more: &[HostPattern]) -> Self {
        let own = address.rsplit_once(':').and_then(|(host, _)| HostPattern::parse(host).ok());
        Self(own.into_iter().chain(more.iter().cloned()).collect())
    }

    /// An IP address is no one's name, and a name without a dot is in no domain but that of the network we are in.
    fn have(&self, host: &str) -> bool {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let host = lower(host.strip_suffix('.').unwrap_or(host));
        bare.parse::<IpAddr>().is_ok() || !host.contains('.') || self.0.iter().any(|pattern| pattern.matches(&host))
    }
}

/// Passes on what was asked by a name of ours.
pub(super) async fn check(State(names): State<Arc<AllowedHosts>>, request: Request, next: Next) -> Response {
    match asked(&request) {
        Asked::By(host) if names.have(&host) => next.run(request).await,
        Asked::By(_) => line(
            StatusCode::MISDIRECTED_REQUEST,
            "this listener has another name; --listen-name allows more than IP addresses and names without a dot",
        ),
        Asked::Nothing => next.run(request).await,
        Asked::Unclear => line(StatusCode::BAD_REQUEST, "the request needs one Host, a name and a port"),
    }
}

/// Whom a request is for.
enum Asked {
    By(String),
    /// As programs of old times ask, and no browser.
    Nothing,
    Unclear,
}

fn asked(request: &Request) -> Asked {
    if let Some(authority) = request.uri().authority() {
        return by(authority);
    }
    let mut fields = request.headers().get_all(header::HOST).iter();
    match (fields.next(), fields.next()) {
        (Some(field), None) => match field.to_str().ok().and_then(|host| host.parse().ok()) {
            Some(authority) => by(&authority),
            None => Asked::Unclear,
        },
        (None, _) if request.version() < Version::HTTP_11 => Asked::Nothing,
        _ => Asked::Unclear,
    }
}

fn by(authority: &Authority) -> Asked {
    if authority.as_str().contains('@') { Asked::Unclear } else { Asked::By(authority.host().to_owned()) }
}

fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{AllowedHosts, HostPattern};

    #[test]
    fn names_that_somebody_else_can_own_are_none_of_ours() {
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
            assert!(names.have(ours), "{ours}");
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
            assert!(!names.have(other), "{other}");
        }
        assert!(AllowedHosts::new("0.0.0.0:1", &[HostPattern::parse("*").expect("a name")]).have("any.example.com"));
    }
}
