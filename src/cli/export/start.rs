//! Sets up the exporters that are configured. Nothing is sent, and no database is connected.

use migrascope::database::ServerInfo;
use migrascope::event::{Command, RunContext, TraceIdentity};
use migrascope::observe::logs::Logs;
use migrascope::observe::spans::{Sampling, Spans};
use migrascope::observe::{baggage, traceparent};

use super::environment::{self, Lookup, OtelConfig, Signal};
use super::error::ExportError;
use super::exporters::Exporters;
use super::metrics_pipeline::{MetricsPipeline, OtlpTarget};
use super::notify::Notifications;
use super::otlp::{self, Traces, Transports};
use super::problems::Problems;
use super::resource;
use super::subscriber::{self, Layers};
use crate::cli::telemetry::{TelemetryMode, TelemetrySettings};

/// What leaves the process.
#[derive(Default)]
struct Outputs {
    traces: Option<Traces>,
    records: Option<otlp::Logs>,
    metrics: Option<MetricsPipeline>,
    notifications: Notifications,
}

/// Sets up what is configured and gives `context` its trace; `target` is the database as its URL describes it, and `variables` looks an
/// environment variable up.
///
/// Installs the process's `tracing` subscriber when traces or logs are exported or written, and none otherwise.
///
/// # Errors
/// With every mistake in the settings, where telemetry is required.
pub(crate) fn start(
    settings: &TelemetrySettings,
    command: Command,
    context: &mut RunContext,
    target: &ServerInfo,
    variables: Lookup<'_>,
) -> Result<Exporters, ExportError> {
    let mut warnings = inherit_trace(context, variables);
    let mut problems = Problems::default();
    let mut outputs = Outputs::default();
    if settings.mode != TelemetryMode::Off {
        let mut config = OtelConfig::read(variables);
        problems.extend(std::mem::take(&mut config.problems));
        warnings.append(&mut config.notes);
        if settings.spans.sampling == Sampling::Parent && has_unsampled_parent(context) {
            let _ = config.take(Signal::Traces);
        }
        let setup = Setup { settings, target, variables };
        outputs = setup.outputs(config, context, &mut problems);
    }
    if outputs.metrics.is_none() {
        outputs.metrics = MetricsPipeline::for_listener(settings, &mut problems);
    }
    let layers = Layers {
        tracer: outputs.traces.as_ref().map(|traces| traces.tracer(context.tool_version)),
        records: outputs.records.as_ref().map(otlp::Logs::provider),
        log_format: settings.log_format,
        trace_id: context.trace.as_ref().map(TraceIdentity::trace_id_hex),
    };
    problems.collect(subscriber::install(layers));
    let mut problems = problems.into_vec();
    if settings.mode == TelemetryMode::Required && !problems.is_empty() {
        return Err(ExportError { problems });
    }
    warnings.append(&mut problems);
    let Outputs { traces, records, metrics, notifications } = outputs;
    Ok(Exporters {
        logs: Logs::new(context, Spans::new(command, context, settings.spans)),
        metrics,
        traces,
        records,
        notifications,
        flush_timeout: settings.flush_timeout,
        warnings: warnings.into_iter().map(|warning| format!("telemetry: {warning}")).collect(),
    })
}

/// Takes trace and baggage from `TRACEPARENT` and `BAGGAGE`, unless `OTEL_PROPAGATORS` excludes them; returns what is wrong with any of
/// the three.
fn inherit_trace(context: &mut RunContext, variables: Lookup<'_>) -> Vec<String> {
    let (propagators, note) = environment::propagators(variables);
    let mut notes: Vec<String> = note.into_iter().collect();
    if propagators.baggage {
        let header = environment::get(variables, "BAGGAGE");
        context.baggage = header.map(|header| baggage::parse(&header)).unwrap_or_default();
    }
    if let Some(value) = environment::get(variables, "TRACEPARENT").filter(|_| propagators.trace) {
        match traceparent::parse(&value, environment::get(variables, "TRACESTATE").as_deref()) {
            Ok(parent) => {
                context.trace = Some(TraceIdentity { trace_id: parent.trace_id, parent: Some(parent) });
            }
            Err(error) => notes.push(format!("TRACEPARENT is ignored: {error}")),
        }
    }
    notes
}

/// What the exporters are made from.
struct Setup<'s> {
    settings: &'s TelemetrySettings,
    target: &'s ServerInfo,
    variables: Lookup<'s>,
}

impl Setup<'_> {
    fn outputs(&self, mut config: OtelConfig, context: &mut RunContext, problems: &mut Problems) -> Outputs {
        let Self { settings, target, variables } = *self;
        let mut transports = Transports::default();
        let declared = resource::declared_for(&config, variables, problems);
        let traces = config.take(Signal::Traces).and_then(|destination| {
            let inherited = context.trace.clone();
            begin_trace(context);
            let resource = resource::of_run(context, variables, declared.clone());
            let traces = problems.collect(Traces::start(&mut transports, &destination, context, resource));
            if traces.is_none() {
                context.trace = inherited;
            }
            traces
        });
        let records = config.take(Signal::Logs).and_then(|destination| {
            let resource = resource::of_run(context, variables, declared.clone());
            problems.collect(otlp::Logs::start(&mut transports, &destination, resource))
        });
        let otlp = config
            .take(Signal::Metrics)
            .map(|destination| OtlpTarget { destination, resource: resource::of_target(target, variables, declared) });
        let notifications = Notifications::start(&settings.notify, variables, problems);
        let others = traces.iter().map(Traces::delivery).chain(records.iter().map(otlp::Logs::delivery));
        let others = others.chain(notifications.deliveries()).collect();
        let metrics = MetricsPipeline::start(settings, &mut transports, otlp, others, problems);
        Outputs { traces, records, metrics, notifications }
    }
}

/// Whether the caller's trace is not sampled.
fn has_unsampled_parent(context: &RunContext) -> bool {
    context.trace.as_ref().and_then(|trace| trace.parent.as_ref()).is_some_and(|parent| !parent.sampled)
}

/// Begins a new trace, unless the run is a part of one that is sampled.
fn begin_trace(context: &mut RunContext) {
    let parent = context.trace.take().and_then(|trace| trace.parent);
    let trace_id = match &parent {
        Some(parent) if parent.sampled => parent.trace_id,
        _ => otlp::new_trace_id(),
    };
    context.trace = Some(TraceIdentity { trace_id, parent });
}
