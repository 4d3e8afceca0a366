//! Telemetry out of the process: traces by OTLP, figures as a textfile. Opt-in, bounded in time, and without any say in
//! the exit code.
//!
//! `main` calls [`start`] before its runtime runs, gives the [`Export`] to the run as an observer, and calls
//! [`Export::finish`] after the runtime has come to rest.

mod delivery;
mod environment;
mod flush;
mod otlp;
mod resource;
mod scrape;
mod textfile;

use std::path::PathBuf;
use std::time::Duration;

use migrascope::event::{RunContext, TraceIdentity};
use migrascope::observe::metrics::{Metrics, Totals};
use migrascope::observe::spans::{Policy, Sampling, Spans};
use migrascope::observe::{baggage, traceparent};
use migrascope::{Event, Observer};
use thiserror::Error;

use self::environment::{Environment, Lookup};
use self::otlp::Traces;
pub(crate) use self::scrape::{Scrape, Series, text};
use self::textfile::TextFile;

/// Whether telemetry is sent, and how much a mistake in its settings matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TelemetryMode {
    /// Nothing is sent or written.
    Off,
    /// What is configured is sent; a mistake is a warning.
    #[default]
    Auto,
    /// What is configured is sent; a mistake stops the program before it touches the database.
    Required,
}

/// What the command line says about telemetry; the rest are `OTEL_*` variables.
#[derive(Debug, Clone)]
pub(crate) struct ExportSettings {
    /// Where the figures go as Prometheus text.
    pub(crate) metrics_file: Option<PathBuf>,
    /// How long the program may stay for its telemetry when its work is done.
    pub(crate) flush_timeout: Duration,
    /// How much the traces tell.
    pub(crate) spans: Policy,
    /// Whether to send at all.
    pub(crate) telemetry: TelemetryMode,
}

/// Mistakes in the settings of telemetry, found where telemetry is required.
#[derive(Debug, Error)]
#[error("telemetry is required but cannot be set up: {}", problems.join("; "))]
pub(crate) struct ExportError {
    /// Each names the variable or option that caused it.
    pub(crate) problems: Vec<String>,
}

/// The exporters of one process.
pub(crate) struct Export {
    spans: Spans,
    traces: Option<Traces>,
    figures: Option<(Metrics, TextFile)>,
    flush_timeout: Duration,
    warnings: Vec<String>,
}

/// Sets up what is configured and gives `context` its trace identity; `variables` looks an environment variable up.
///
/// Installs the process's `tracing` subscriber when traces are exported, and none otherwise.
///
/// # Errors
/// With every mistake in the settings, where telemetry is required.
pub(crate) fn start(
    settings: &ExportSettings,
    context: &mut RunContext,
    variables: Lookup<'_>,
) -> Result<Export, ExportError> {
    let mut warnings: Vec<String> = inherit_trace(context, variables).into_iter().collect();
    let mut problems = Vec::new();
    context.baggage = environment::get(variables, "BAGGAGE").map(|header| baggage::parse(&header)).unwrap_or_default();
    let (traces, figures) = match settings.telemetry {
        TelemetryMode::Off => (None, None),
        TelemetryMode::Auto | TelemetryMode::Required => (
            traces(context, variables, settings.spans.sampling, &mut problems),
            settings.metrics_file.as_ref().and_then(|path| noting(&mut problems, figures(path.clone()))),
        ),
    };
    if settings.telemetry == TelemetryMode::Required && !problems.is_empty() {
        return Err(ExportError { problems });
    }
    warnings.extend(problems.into_iter().map(|problem| format!("telemetry: {problem}")));
    let spans = Spans::new(context, settings.spans);
    Ok(Export { spans, traces, figures, flush_timeout: settings.flush_timeout, warnings })
}

impl Export {
    /// What is wrong with the settings, to be said before the run; empty the second time.
    pub(crate) fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Writes the figures as they are now, where a textfile is asked for.
    ///
    /// # Errors
    /// With the file and the system's words.
    pub(crate) fn write(&self) -> Result<(), String> {
        self.figures.as_ref().map_or(Ok(()), |(_, file)| file.write())
    }

    /// Closes the root span with the exit code, writes the figures and sends what is left, within the flush timeout.
    ///
    /// What comes back are warnings, at most one for each exporter.
    pub(crate) fn finish(self, exit_code: i32) -> Vec<String> {
        let written = self.write();
        self.spans.close(exit_code);
        let undelivered = flush::within(self.flush_timeout, self.traces.map(Traces::into_task).into_iter().collect());
        let failures = written.err().into_iter().chain(undelivered);
        failures.map(|failure| format!("telemetry: {failure}")).collect()
    }
}

impl Observer for Export {
    fn observe(&mut self, event: &Event<'_>) {
        self.spans.observe(event);
        if let Some((metrics, _)) = &mut self.figures {
            metrics.observe(event);
        }
        if matches!(event, Event::RunStarted { .. }) {
            // A file that cannot be written now is told about at the end, once.
            let _ = self.write();
        }
    }
}

/// Takes the caller's trace over from `TRACEPARENT`; a warning when that is malformed.
fn inherit_trace(context: &mut RunContext, variables: Lookup<'_>) -> Option<String> {
    let value = environment::get(variables, "TRACEPARENT")?;
    match traceparent::parse(&value, environment::get(variables, "TRACESTATE").as_deref()) {
        Ok(parent) => {
            context.trace = Some(TraceIdentity { trace_id: parent.trace_id, parent: Some(parent) });
            None
        }
        Err(error) => Some(format!("telemetry: TRACEPARENT is ignored: {error}")),
    }
}

fn traces(
    context: &mut RunContext,
    variables: Lookup<'_>,
    sampling: Sampling,
    problems: &mut Vec<String>,
) -> Option<Traces> {
    let Environment { endpoint, problems: mistakes } = Environment::read(variables);
    problems.extend(mistakes);
    let endpoint = endpoint.filter(|_| sampling == Sampling::Always || !is_unrecorded(context))?;
    let stated = noting(problems, resource::stated(variables)).unwrap_or_default();
    let inherited = context.trace.clone();
    own_trace(context);
    let traces = noting(problems, otlp::start(endpoint, context, resource::of_traces(context, variables, stated)));
    if traces.is_none() {
        context.trace = inherited;
    }
    traces
}

/// Whether the caller has said that it does not record its trace.
fn is_unrecorded(context: &RunContext) -> bool {
    context.trace.as_ref().and_then(|trace| trace.parent.as_ref()).is_some_and(|parent| !parent.sampled)
}

/// Begins a trace of our own, unless we are part of one that is recorded.
fn own_trace(context: &mut RunContext) {
    let parent = context.trace.take().and_then(|trace| trace.parent);
    let trace_id = match &parent {
        Some(parent) if parent.sampled => parent.trace_id,
        _ => otlp::new_trace_id(),
    };
    context.trace = Some(TraceIdentity { trace_id, parent });
}

fn figures(path: PathBuf) -> Result<(Metrics, TextFile), String> {
    let file = TextFile::open(path)?;
    Ok((Metrics::new(&file.meter(), Totals::default()), file))
}

fn noting<T>(problems: &mut Vec<String>, result: Result<T, String>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}
