//! Telemetry out of the process: traces, metrics and logs by OTLP, figures as a textfile, log lines on standard error.
//! Opt-in, bounded in time, and without any say in the exit code.
//!
//! `main` calls [`start`] before its runtime runs, gives the [`Export`] to the run as an observer, and calls
//! [`Export::finish`] after the runtime has come to rest.

mod delivery;
mod environment;
mod flush;
mod lines;
mod otlp;
mod pushed;
mod resource;
mod start;
mod subscriber;
mod textfile;

use std::path::PathBuf;
use std::time::Duration;

use migrascope::observe::logs::{Logs, Remarks};
use migrascope::observe::metrics::Metrics;
use migrascope::observe::spans::Policy;
use migrascope::report::Outcome;
use migrascope::{Event, Observer};
use thiserror::Error;

use self::flush::{Budget, Flushed};
use self::pushed::Pushed;
pub(crate) use self::start::start;
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

/// How log events are written to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum LogFormat {
    /// Not at all.
    #[default]
    Off,
    /// One line for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What the command line says about telemetry; the rest are `OTEL_*` variables.
#[derive(Debug, Clone)]
pub(crate) struct ExportSettings {
    /// Where the figures go as Prometheus text.
    pub(crate) metrics_file: Option<PathBuf>,
    /// How log events are written to standard error.
    pub(crate) log_format: LogFormat,
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
    logs: Logs,
    figures: Option<(Metrics, TextFile)>,
    pushed: Option<Pushed>,
    traces: Option<otlp::Traces>,
    records: Option<otlp::Logs>,
    flush_timeout: Duration,
    warnings: Vec<String>,
}

impl Export {
    /// What is wrong with the settings, to be said before the run; empty the second time.
    pub(crate) fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// For what is to be told of the run beside its events.
    pub(crate) fn remarks(&self) -> Remarks {
        self.logs.remarks()
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
        let remarks = self.logs.remarks();
        self.logs.close(exit_code);
        let budget = Budget::starting_now(self.flush_timeout);
        let records = self.records.as_ref().map(otlp::Logs::task);
        let tasks = [self.traces.map(otlp::Traces::into_task), self.pushed.map(Pushed::into_task), records];
        let mut flushed = flush::within(budget, tasks.into_iter().flatten().collect());
        flushed.iter().for_each(|flushed| tell(&remarks, flushed));
        // What was just told is sent where a receiver of records is known to listen.
        if let Some(records) = self.records.filter(otlp::Logs::is_well)
            && flushed.iter().all(|flushed| flushed.signal != environment::Signal::Logs || flushed.failure.is_none())
        {
            flushed.extend(flush::within(budget, vec![records.task()]));
        }
        let failures = written.err().into_iter().chain(flushed.into_iter().filter_map(|flushed| flushed.failure));
        failures.map(|failure| format!("telemetry: {failure}")).collect()
    }
}

/// Says of one exporter what became of its last work.
fn tell(remarks: &Remarks, flushed: &Flushed) {
    let signal = flushed.signal.word();
    let outcome = match &flushed.failure {
        None => Outcome::Success,
        Some(reason) => {
            remarks.telemetry_degraded(signal, reason, flushed.lost);
            Outcome::Failure
        }
    };
    remarks.telemetry_flushed(signal, outcome, flushed.elapsed);
}

impl Observer for Export {
    fn observe(&mut self, event: &Event<'_>) {
        self.logs.observe(event);
        if let Some((metrics, _)) = &mut self.figures {
            metrics.observe(event);
        }
        if let Some(pushed) = &mut self.pushed {
            pushed.observe(event);
        }
        if matches!(event, Event::RunStarted { .. }) {
            // A file that cannot be written now is told about at the end, once.
            let _ = self.write();
        }
    }
}
