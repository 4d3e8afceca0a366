//! `probe`: whether a process of ours that listens on this machine works, for containers without any other program in them.

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
use crate::cli::response;
use crate::cli::settings::Settings;

/// Who does not answer in this time does not work.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is asked.
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
    match ask(&format!("http://{}/{path}", reachable(address))) {
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

/// An address to connect to, for one to listen on.
fn reachable(address: &str) -> String {
    match address.parse::<SocketAddr>() {
        Ok(socket) if socket.ip() == Ipv4Addr::UNSPECIFIED => format!("127.0.0.1:{}", socket.port()),
        Ok(socket) if socket.ip() == Ipv6Addr::UNSPECIFIED => format!("[::1]:{}", socket.port()),
        _ => address.to_owned(),
    }
}

fn ask(url: &str) -> Result<String, String> {
    let refused = |error: reqwest::Error| format!("{url} does not answer: {}", explain::chain(&error));
    export::provide_tls();
    // Nothing is gained by the system's certificates, nor from a proxy between us and ourselves; and none of our pages is elsewhere.
    let client = Client::builder().no_proxy().redirect(Policy::none()).tls_certs_only([]).build().map_err(refused)?;
    // Letting it go waits for its thread, which may be busy with interim answers (1xx) when the time is up. The process ends next.
    let client = ManuallyDrop::new(client);
    // The client's own time-out would be one for each piece of an answer.
    let answer = client.get(url).timeout(PATIENCE).send().map_err(refused)?;
    let status = answer.status();
    let body = response::body(answer).map_err(refused)?;
    if !body.whole {
        return Err(format!("{url}: the answer is longer than {} KiB", response::LONGEST / 1024));
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
    use super::reachable;

    #[test]
    fn whoever_listens_everywhere_is_asked_here() {
        assert_eq!(reachable("0.0.0.0:9564"), "127.0.0.1:9564");
        assert_eq!(reachable("[::]:1"), "[::1]:1");
        assert_eq!(reachable("localhost:9564"), "localhost:9564");
    }
}
