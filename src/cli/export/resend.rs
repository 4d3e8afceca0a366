//! `push`: sends the metrics of a database once to every sink that is configured.

use std::time::Duration;

use migrascope::Status;
use migrascope::database::ServerInfo;
use migrascope::journal::Counters;

use super::environment::{Lookup, OtelConfig, Signal};
use super::error::ExportError;
use super::flush::{self, Budget};
use super::metrics_pipeline::{MetricsPipeline, OtlpTarget};
use super::otlp::Transports;
use super::problems::Problems;
use super::resource;
use crate::cli::telemetry::{TelemetryMode, TelemetrySettings};

/// A pipeline that is ready to send.
pub(crate) struct Resend {
    pipeline: MetricsPipeline,
    limit: Duration,
}

/// Opens every sink that is configured; nothing is sent, and no database is connected.
///
/// # Errors
/// With every mistake in the settings, and where no sink is configured.
pub(crate) fn resend(
    settings: &TelemetrySettings,
    target: &ServerInfo,
    variables: Lookup<'_>,
) -> Result<Resend, ExportError> {
    let mut config = OtelConfig::read(variables);
    let mut problems = Problems::default();
    problems.extend(std::mem::take(&mut config.problems));
    if settings.mode == TelemetryMode::Off {
        problems.push("--telemetry is off");
    }
    let declared = resource::declared_for(&config, variables, &mut problems);
    let otlp = config
        .take(Signal::Metrics)
        .map(|destination| OtlpTarget { destination, resource: resource::of_target(target, variables, declared) });
    let pipeline = MetricsPipeline::start(settings, &mut Transports::default(), otlp, Vec::new(), &mut problems);
    if pipeline.is_none() && problems.is_empty() {
        problems.push("there is nowhere to push to: set --push-url, --metrics-file or an OTLP endpoint");
    }
    match pipeline {
        Some(pipeline) if problems.is_empty() => Ok(Resend { pipeline, limit: settings.flush_timeout }),
        _ => Err(ExportError { problems: problems.into_vec() }),
    }
}

impl Resend {
    /// The sinks, by name.
    pub(crate) fn sinks(&self) -> &[String] {
        self.pipeline.sinks()
    }

    /// Sends within the flush timeout; returns one failure for each sink that failed.
    pub(crate) fn deliver(self, target: Option<&str>, status: &Status, totals: &Counters) -> Vec<String> {
        self.pipeline.metrics().looked(target, status, totals);
        let flushed = flush::within(Budget::starting_now(self.limit), self.pipeline.flush_tasks().collect());
        flushed.into_iter().filter_map(|flushed| flushed.failure).collect()
    }
}
