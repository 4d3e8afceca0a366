//! Sets up what is configured. Nothing is sent, and no database is touched.

use migrascope::database::Identity;
use migrascope::event::{RunContext, TraceIdentity};
use migrascope::observe::logs::Logs;
use migrascope::observe::spans::{Sampling, Spans};
use migrascope::observe::{baggage, traceparent};
use opentelemetry::KeyValue;

use super::environment::{self, Environment, Lookup, Signal};
use super::notify::Notices;
use super::otlp::{self, Carriers, Traces};
use super::shown::Shown;
use super::subscriber::{self, Listeners};
use super::{Export, ExportError, ExportSettings, TelemetryMode, resource};

/// What is sent by OTLP or put as text, and who is told of the run.
#[derive(Default)]
struct Sent {
    traces: Option<Traces>,
    records: Option<otlp::Logs>,
    figures: Option<Shown>,
    notices: Notices,
}

/// Sets up what is configured and gives `context` its trace identity; `target` is what is known of the database, and
/// `variables` looks an environment variable up.
///
/// Installs the process's `tracing` subscriber when traces or logs are exported or written, and none otherwise.
///
/// # Errors
/// With every mistake in the settings, where telemetry is required.
pub(crate) fn start(
    settings: &ExportSettings,
    context: &mut RunContext,
    target: &Identity,
    variables: Lookup<'_>,
) -> Result<Export, ExportError> {
    let mut warnings = inherit_trace(context, variables);
    let mut problems = Vec::new();
    let mut sent = Sent::default();
    if settings.telemetry != TelemetryMode::Off {
        let mut environment = Environment::read(variables);
        problems.append(&mut environment.problems);
        warnings.append(&mut environment.notes);
        if settings.spans.sampling == Sampling::Parent && is_unrecorded(context) {
            // The caller does not record its trace, and it was said that he decides.
            let _ = environment.take(Signal::Traces);
        }
        sent = send(settings, environment, (context, target), variables, &mut problems);
    }
    if sent.figures.is_none() {
        sent.figures = Shown::only_listened(settings, &mut problems);
    }
    let listeners = Listeners {
        tracer: sent.traces.as_ref().map(|traces| traces.tracer(context.tool_version)),
        records: sent.records.as_ref().map(otlp::Logs::provider),
        lines: settings.log_format,
        trace: context.trace.as_ref().map(TraceIdentity::trace_id_hex),
    };
    noting(&mut problems, subscriber::install(listeners));
    if settings.telemetry == TelemetryMode::Required && !problems.is_empty() {
        return Err(ExportError { problems });
    }
    warnings.append(&mut problems);
    let Sent { traces, records, figures, notices } = sent;
    Ok(Export {
        logs: Logs::new(context, Spans::new(context, settings.spans)),
        figures,
        traces,
        records,
        notices,
        flush_timeout: settings.flush_timeout,
        warnings: warnings.into_iter().map(|warning| format!("telemetry: {warning}")).collect(),
    })
}

/// Takes the caller's trace over from `TRACEPARENT` and what it says of itself from `BAGGAGE`, unless `OTEL_PROPAGATORS`
/// leaves them out; what comes back is what is wrong with any of them.
fn inherit_trace(context: &mut RunContext, variables: Lookup<'_>) -> Vec<String> {
    let (propagated, note) = environment::propagated(variables);
    let mut notes: Vec<String> = note.into_iter().collect();
    if propagated.baggage {
        let header = environment::get(variables, "BAGGAGE");
        context.baggage = header.map(|header| baggage::parse(&header)).unwrap_or_default();
    }
    if let Some(value) = environment::get(variables, "TRACEPARENT").filter(|_| propagated.trace) {
        match traceparent::parse(&value, environment::get(variables, "TRACESTATE").as_deref()) {
            Ok(parent) => {
                context.trace = Some(TraceIdentity { trace_id: parent.trace_id, parent: Some(parent) });
            }
            Err(error) => notes.push(format!("TRACEPARENT is ignored: {error}")),
        }
    }
    notes
}

fn send(
    settings: &ExportSettings,
    mut environment: Environment,
    (context, target): (&mut RunContext, &Identity),
    variables: Lookup<'_>,
    problems: &mut Vec<String>,
) -> Sent {
    let mut carriers = Carriers::default();
    let stated = stated(&environment, variables, problems);
    let traces = environment.take(Signal::Traces).and_then(|destination| {
        let inherited = context.trace.clone();
        own_trace(context);
        let resource = resource::of_run(context, variables, stated.clone());
        let traces = noting(problems, Traces::start(&mut carriers, &destination, context, resource));
        if traces.is_none() {
            context.trace = inherited;
        }
        traces
    });
    let records = environment.take(Signal::Logs).and_then(|destination| {
        let resource = resource::of_run(context, variables, stated.clone());
        noting(problems, otlp::Logs::start(&mut carriers, &destination, resource))
    });
    let destination = environment.take(Signal::Metrics);
    let resource = || resource::of_target(target, variables, stated);
    let notices = Notices::start(&settings.notify, variables, problems);
    let others = traces.iter().map(Traces::delivery).chain(records.iter().map(otlp::Logs::delivery));
    let others = others.chain(notices.deliveries()).collect();
    let figures = Shown::start(settings, &mut carriers, destination, resource, others, problems);
    Sent { traces, records, figures, notices }
}

/// What the user says of the sender. A mistake in it is none where nothing is sent by OTLP.
pub(super) fn stated(environment: &Environment, variables: Lookup<'_>, problems: &mut Vec<String>) -> Vec<KeyValue> {
    if environment.wanted.is_empty() {
        return Vec::new();
    }
    noting(problems, resource::stated(variables)).unwrap_or_default()
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

pub(super) fn noting<T>(problems: &mut Vec<String>, result: Result<T, String>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}
