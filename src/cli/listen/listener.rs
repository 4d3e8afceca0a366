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

/// Where `serve` listens, unless it is told otherwise: only this machine can ask.
pub(crate) const ADDRESS: &str = "127.0.0.1:9564";

/// What `/` says.
const PAGES: &str = "migrascope\n\n\
    /metrics  the figures as Prometheus text\n\
    /livez    whether the process works\n\
    /readyz   whether everything is as it should be; 503 with the reason where it is not\n\
    /status   the same with all particulars, as JSON\n";
/// What Prometheus reads.
const FIGURES: &str = "text/plain; version=0.0.4; charset=utf-8";
const JSON: &str = "application/json";

/// Answers as long as it lives.
pub(crate) struct Listener {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Listens on `address` (host and port; port 0 is any that is free) from now on, and answers to these names too.
    ///
    /// # Errors
    /// With the option, the address and the cause, when the address cannot be listened on.
    pub(crate) fn start(address: &str, names: &[HostPattern], pages: Arc<dyn Pages>) -> Result<Self, String> {
        let router = router(pages, AllowedHosts::new(address, names));
        Self::bind(address, router).map_err(|error| format!("--listen: cannot listen on {address}: {error}"))
    }

    /// Where it listens.
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
            .spawn(move || answer(runtime, connections, router, stopped))?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }
}

/// Says where.
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
            // Whatever ended it, there is nothing left to be done about it.
            let _ = thread.join();
        }
    }
}

/// Answers until `stopped` resolves; whoever is being answered then gets no more.
fn answer(runtime: Runtime, connections: ConnectionLimiter, router: Router, stopped: oneshot::Receiver<()>) {
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
    page(StatusCode::OK, FIGURES, pages.metrics())
}

async fn live(State(pages): State<Arc<dyn Pages>>) -> Response {
    line(StatusCode::OK, &pages.live())
}

async fn ready(State(pages): State<Arc<dyn Pages>>) -> Response {
    match pages.ready() {
        Ok(words) => line(StatusCode::OK, &words),
        Err(reason) => line(StatusCode::SERVICE_UNAVAILABLE, &reason),
    }
}

async fn status(State(pages): State<Arc<dyn Pages>>) -> Response {
    page(StatusCode::OK, JSON, escape::json(&format!("{:#}\n", pages.status())).into_owned())
}
