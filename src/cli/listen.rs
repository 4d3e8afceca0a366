//! Figures and probes by HTTP, read-only: a few pages from a thread of their own, so that no migration can starve them.

mod name;
mod progress;
mod run;
mod visitors;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

pub(crate) use self::name::Name;
use self::name::Names;
pub(crate) use self::run::{Listening, during};
use self::visitors::Visitors;
use super::escape;
use super::json;
use super::output::{Output, complain};
use super::settings::{Format, Settings, Verbosity};

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
const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// What is shown. Every page is made from what is known already: none of them waits for a database.
pub(crate) trait Pages: Send + Sync + 'static {
    /// The figures as Prometheus text.
    fn metrics(&self) -> String;
    /// A line on what the process is doing.
    fn live(&self) -> String;
    /// A line on why all is well.
    ///
    /// # Errors
    /// With a line on why it is not, or not yet.
    fn ready(&self) -> Result<String, String>;
    /// Everything, for programs.
    fn status(&self) -> Value;
}

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
    pub(crate) fn start(address: &str, names: &[Name], pages: Arc<dyn Pages>) -> Result<Self, String> {
        let router = router(pages, Names::of(address, names));
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
        let visitors = {
            let _inside = runtime.enter();
            Visitors::at(tokio::net::TcpListener::from_std(listener)?)
        };
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("listen".to_owned())
            .spawn(move || answer(runtime, visitors, router, stopped))?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }
}

/// Says where.
pub(crate) fn announce(settings: &Settings, address: SocketAddr) {
    if settings.verbosity == Verbosity::Quiet {
        return;
    }
    complain(format_args!("listening on http://{address}"));
    if settings.format == Format::Json {
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
fn answer(runtime: Runtime, visitors: Visitors, router: Router, stopped: oneshot::Receiver<()>) {
    runtime.block_on(async {
        tokio::select! {
            _ = axum::serve(visitors, router) => {}
            _ = stopped => {}
        }
    });
    runtime.shutdown_background();
}

fn router(pages: Arc<dyn Pages>, names: Names) -> Router {
    Router::new()
        .route("/", get(|| async { page(StatusCode::OK, TEXT, PAGES.to_owned()) }))
        .route("/metrics", get(metrics))
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/status", get(status))
        .fallback(|| async { page(StatusCode::NOT_FOUND, TEXT, "not found; / lists the pages\n".to_owned()) })
        .layer(middleware::from_fn_with_state(Arc::new(names), name::check))
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

/// A connection is for one answer: who stays without a question would take the place of one that asks. To browsers an
/// answer is what it is called, and nothing that runs, loads or is shown inside of another page.
async fn closed(mut response: Response) -> Response {
    let more = [
        (header::CONNECTION, "close"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; sandbox"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    response.headers_mut().extend(more.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

fn line(code: StatusCode, words: &str) -> Response {
    page(code, TEXT, format!("{}\n", escape::plain(words)))
}

fn page(code: StatusCode, kind: &'static str, body: String) -> Response {
    (code, [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], body).into_response()
}
