//! A service that brings its database up to date when it starts, by policy, and says how it stands.
//!
//! ```sh
//! cargo run --example axum                                   # production: nothing is applied, what is pending is said
//! AUTO_MIGRATE=true cargo run --example axum                 # production: applied, or the service does not start
//! APP_ENV=development cargo run --example axum
//! ```
//!
//! `DATABASE_URL` (`sqlite://axum.db`) and `LISTEN` (`127.0.0.1:3000`) say where. It answers from the beginning: `/readyz` with 503 until the
//! migrations are done, and with 200 afterwards; `/metrics` has the figures of the migrations beside those that the service
//! itself may have. With `OTEL_EXPORTER_OTLP_ENDPOINT` its trace is sent there.

#![expect(clippy::print_stderr, reason = "a service without a screen says it there")]

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use include_dir::{Dir, include_dir};
use migrascope::policy::Policy;
use migrascope::{Migrator, Report};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use prometheus::{Registry, TextEncoder};
use tracing::Instrument as _;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

static MIGRATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What the pages are made from.
#[derive(Clone)]
struct Service {
    ready: Arc<AtomicBool>,
    registry: Registry,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let tracer = match start_tracing() {
        Ok(tracer) => tracer,
        Err(error) => {
            eprintln!("cannot start tracing: {error}");
            return ExitCode::FAILURE;
        }
    };
    let served = serve().instrument(tracing::info_span!("service start")).await;
    // The last spans, above all those of a start that has failed.
    if let Some(Err(error)) = tracer.map(|tracer| tracer.shutdown()) {
        eprintln!("traces were not sent: {error}");
    }
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the service does not start: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Failure> {
    let registry = Registry::new();
    let exporter = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build()?;
    let meters = SdkMeterProvider::builder().with_reader(exporter).build();
    let service = Service { ready: Arc::default(), registry };

    let pages = Router::new().route("/", get(hello)).route("/readyz", get(readyz)).route("/metrics", get(metrics));
    let address = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    let server = axum::serve(listener, pages.with_state(service.clone()));

    let start = async {
        let report = migrate(&meters).await?;
        if report.pending > 0 {
            eprintln!("{} migrations are pending: the policy is not to apply them", report.pending);
        }
        service.ready.store(true, Ordering::Release);
        eprintln!("ready with the schema at {}", report.to.as_deref().unwrap_or("nothing"));
        // Nothing but the server decides from now on.
        std::future::pending::<Result<(), Failure>>().await
    };
    tokio::select! {
        served = server.into_future() => Ok(served?),
        failed = start => failed,
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

/// By `APP_ENV` or `NODE_ENV`, and `AUTO_MIGRATE`.
async fn migrate(meters: &SdkMeterProvider) -> Result<Report, Failure> {
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite://axum.db".to_owned());
    let files: Vec<_> = MIGRATIONS.files().map(|file| (file.path(), file.contents())).collect();
    let builder = Migrator::builder().url(url).embedded(files).health_checks();
    let migrator = builder.meter(&meters.meter("migrascope")).build()?;
    let policy = Policy::from_environment()?;
    eprintln!("{}", policy.decided());
    // Spans go to the subscriber, below the span that is current here.
    Ok(migrator.auto(policy).target_name("axum").await?)
}

async fn hello() -> &'static str {
    "hello\n"
}

async fn readyz(State(service): State<Service>) -> (StatusCode, &'static str) {
    match service.ready.load(Ordering::Acquire) {
        true => (StatusCode::OK, "ready\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "the database is being migrated\n"),
    }
}

async fn metrics(State(service): State<Service>) -> Result<String, StatusCode> {
    let text = TextEncoder::new().encode_to_string(&service.registry.gather());
    text.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// Every cause in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Log lines on standard error, and spans by OTLP where an endpoint is named.
fn start_tracing() -> Result<Option<SdkTracerProvider>, Failure> {
    // Lower levels are in the trace only.
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).compact().with_filter(LevelFilter::WARN);
    let endpoint = std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT");
    let provider = match endpoint {
        Some(_) => {
            // The exporter's HTTP client wants to know whose cryptography it may use.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build()?;
            Some(SdkTracerProvider::builder().with_batch_exporter(exporter).build())
        }
        None => None,
    };
    let spans = provider.as_ref().map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("axum")));
    tracing_subscriber::registry().with(lines).with(spans).try_init()?;
    Ok(provider)
}
