//! `probe`: queries the listener of a migrascope process on this machine, for containers without another HTTP client.

use std::mem::ManuallyDrop;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::blocking::Client;
use reqwest::redirect::Policy;

use super::end::{fail, finish, shows_text};
use crate::cli::exit::Exit;
use crate::cli::explain::{self, Diagnosis};
use crate::cli::export;
use crate::cli::listen;
use crate::cli::outcome::{CommandError, CommandReport};
use crate::cli::output::Output;
use crate::cli::response::{LONGEST, body};
use crate::cli::settings::Settings;

/// The limit of the request.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The page that is queried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    /// `/livez`.
    Live,
    /// `/readyz`.
    Ready,
}

pub(super) fn run(settings: &Settings, page: Page) -> Exit {
    let address = settings.telemetry.listen.as_deref().unwrap_or(listen::ADDRESS);
    let path = match page {
        Page::Live => "livez",
        Page::Ready => "readyz",
    };
    match get(&format!("http://{}/{path}", connectable(address))) {
        Ok(line) => {
            if shows_text(settings) {
                Output::text().line(line.trim_end());
            }
            finish(settings, &CommandReport::new("probe", Exit::Done));
            Exit::Done
        }
        Err(message) => {
            let problem = CommandError::of_kind("probe", vec![Diagnosis::error(message)]);
            fail(settings, "probe", Exit::Unexpected, problem)
        }
    }
}

/// The address to connect to, for an address to listen on.
fn connectable(address: &str) -> String {
    match address.parse::<SocketAddr>() {
        Ok(socket) if socket.ip() == Ipv4Addr::UNSPECIFIED => format!("127.0.0.1:{}", socket.port()),
        Ok(socket) if socket.ip() == Ipv6Addr::UNSPECIFIED => format!("[::1]:{}", socket.port()),
        _ => address.to_owned(),
    }
}

fn get(url: &str) -> Result<String, String> {
    let refused = |error: reqwest::Error| format!("{url} does not answer: {}", explain::chain(&error));
    export::provide_tls();
    // Neither certificates nor a proxy are needed on this machine, and no page redirects.
    let client = Client::builder().no_proxy().redirect(Policy::none()).tls_certs_only([]).build().map_err(refused)?;
    // Dropping the client would wait for its thread, which may be busy with interim responses (1xx) after the timeout. The process ends next.
    let client = ManuallyDrop::new(client);
    // The client's own timeout would apply to each read of the body.
    let response = client.get(url).timeout(TIMEOUT).send().map_err(refused)?;
    let status = response.status();
    let body = body(response).map_err(refused)?;
    if !body.whole {
        return Err(format!("{url}: the response is longer than {} KiB", LONGEST / 1024));
    }
    let line = String::from_utf8_lossy(&body.bytes).into_owned();
    match line.trim_end() {
        _ if status.is_success() => Ok(line),
        "" => Err(format!("{url}: HTTP status {}", status.as_u16())),
        reason => Err(format!("{url}: {reason}")),
    }
}

#[cfg(test)]
mod tests {
    use super::connectable;

    #[test]
    fn a_listener_on_every_address_is_reached_by_loopback() {
        assert_eq!(connectable("0.0.0.0:9564"), "127.0.0.1:9564");
        assert_eq!(connectable("[::]:1"), "[::1]:1");
        assert_eq!(connectable("localhost:9564"), "localhost:9564");
    }
}
