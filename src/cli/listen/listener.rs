//! The HTTP server: binds an address, routes requests to pages, and stops when it is dropped.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::connection_limiter::ConnectionLimiter;
use super::host_check::{self, AllowedHosts};
use super::pages::Pages;
use super::respond::{TEXT, closed, line, page};
use crate::cli::escape;
use crate::cli::json;
use crate::cli::output::{Output, complain};
use crate::cli::presentation::{OutputFormat, Verbosity};
use crate::cli::settings::Settings;
use crate::cli::telemetry::HostPattern;

/// The default address of `serve`, which only this machine can reach.
pub(crate) const ADDRESS: &str = "127.0.0.1:9564";

/// The page `/`.
const PAGES: &str = "migrascope\n\n\
    /metrics  metrics as Prometheus text\n\
    /livez    whether the process is alive\n\
    /readyz   whether everything is ready; 503 with the reason otherwise\n\
    /status   the same in detail, as JSON\n";
/// The content type of Prometheus text.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const JSON: &str = "application/json";

/// A server that runs until it is dropped.
pub(crate) struct Listener {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Listens on `address` (host and port; port 0 is any free one) and accepts requests with these host names too.
    ///
    /// # Errors
    /// With the option, the address and the cause.
    pub(crate) fn start(address: &str, names: &[HostPattern], pages: Arc<dyn Pages>) -> Result<Self, String> {
        let router = router(pages, AllowedHosts::new(address, names));
        Self::bind(address, router).map_err(|error| format!("--listen: cannot listen on {address}: {error}"))
    }

    /// The address, with the port that was chosen.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    fn bind(address: &str, router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let connections = {
            let _inside = runtime.enter();
            ConnectionLimiter::new(tokio::net::TcpListener::from_std(listener)?)
        };
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("listen".to_owned())
            .spawn(move || serve(runtime, connections, router, stopped))?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }
}

/// Shows the address to people and programs.
pub(crate) fn announce(settings: &Settings, address: SocketAddr) {
    if settings.verbosity == Verbosity::Quiet {
        return;
    }
    complain(format_args!("listening on http://{address}"));
    if settings.format == OutputFormat::Json {
        Output::raw().line(json::listening(address));
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The result does not matter any more.
            let _ = thread.join();
        }
    }
}

/// Serves until `stopped` resolves, which also ends responses in progress.
fn serve(runtime: Runtime, connections: ConnectionLimiter, router: Router, stopped: oneshot::Receiver<()>) {
    runtime.block_on(async {
        tokio::select! {
            _ = axum::serve(connections, router) => {}
            _ = stopped => {}
        }
    });
    runtime.shutdown_background();
}

fn router(pages: Arc<dyn Pages>, names: AllowedHosts) -> Router {
    Router::new()
        .route("/", get(|| async { page(StatusCode::OK, TEXT, PAGES.to_owned()) }))
        .route("/metrics", get(metrics))
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/status", get(status))
        .fallback(|| async { page(StatusCode::NOT_FOUND, TEXT, "not found; / lists the pages\n".to_owned()) })
        .layer(middleware::from_fn_with_state(Arc::new(names), host_check::check))
        .layer(middleware::map_response(closed))
        .with_state(pages)
}

async fn metrics(State(pages): State<Arc<dyn Pages>>) -> Response {
    page(StatusCode::OK, PROMETHEUS_TEXT, pages.metrics())
}

async fn live(State(pages): State<Arc<dyn Pages>>) -> Response {
    line(StatusCode::OK, &pages.live())
}

async fn ready(State(pages): State<Arc<dyn Pages>>) -> Response {
    match pages.ready() {
        Ok(text) => line(StatusCode::OK, &text),
        Err(reason) => line(StatusCode::SERVICE_UNAVAILABLE, &reason),
    }
}

async fn status(State(pages): State<Arc<dyn Pages>>) -> Response {
    page(StatusCode::OK, JSON, escape::json(&format!("{:#}\n", pages.status())).into_owned())
}
