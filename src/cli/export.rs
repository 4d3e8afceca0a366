//! Telemetry out of the process: traces, metrics and logs by OTLP, figures as a textfile, log lines on standard error.
//! Opt-in, bounded in time, and without any say in the exit code.
//!
//! `main` calls [`start`] before its runtime runs, gives the [`Export`] to the run as an observer, and calls
//! [`Export::finish`] after the runtime has come to rest.

mod courier;
mod delivery;
mod environment;
mod figures;
mod flush;
mod lines;
mod notify;
mod otlp;
mod prometheus_text;
mod proxy;
mod push;
mod resend;
mod resource;
mod scrape;
mod shown;
mod start;
mod subscriber;
mod textfile;

use std::path::PathBuf;
use std::time::Duration;

use migrascope::event::RemoteParent;
use migrascope::observe::logs::{Logs, Remarks};
use migrascope::observe::spans::Policy;
use migrascope::report::Outcome;
use migrascope::run::Figures as Wanted;
use migrascope::{Event, Observer};
use thiserror::Error;

use self::delivery::Kind;
use self::environment::Signal;
pub(crate) use self::figures::{Figures, RunInfo};
use self::flush::{Budget, Flushed};
use self::notify::Notices;
pub(crate) use self::notify::{NotifyOn, NotifySettings, Secret};
pub(crate) use self::otlp::provide_tls;
pub(crate) use self::push::PushSettings;
pub(crate) use self::resend::resend;
pub(crate) use self::scrape::{Scrape, Series, text};
use self::shown::Shown;
pub(crate) use self::start::start;
use super::json::Report;
use super::listen::Name;

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
    /// The file that the figures go into as Prometheus text.
    pub(crate) metrics_file: Option<PathBuf>,
    /// The gateway that they are pushed to.
    pub(crate) push: PushSettings,
    /// Whether figures name the last run.
    pub(crate) run_info: RunInfo,
    /// How log events are written to standard error.
    pub(crate) log_format: LogFormat,
    /// Where the pages of a run, and those of `serve`, are answered.
    pub(crate) listen: Option<String>,
    /// By which names they may be asked for, besides the address's own.
    pub(crate) listen_names: Vec<Name>,
    /// How long the program may stay for its telemetry when its work is done.
    pub(crate) flush_timeout: Duration,
    /// How much the traces tell.
    pub(crate) spans: Policy,
    /// Who is told of a run when it has ended.
    pub(crate) notify: NotifySettings,
    /// Whether to send at all.
    pub(crate) telemetry: TelemetryMode,
    /// Whether there are figures: not of what applies nothing by intention, and would overwrite those of a run.
    pub(crate) counted: bool,
}

/// Mistakes in the settings of telemetry, found where telemetry is required.
#[derive(Debug, Error)]
#[error("telemetry is required but cannot be set up: {}", problems.join("; "))]
pub(crate) struct ExportError {
    /// Each names the variable or option that caused it.
    pub(crate) problems: Vec<String>,
}

/// How long collectors may take at the end of a run that was given up.
const HURRIED: Duration = Duration::from_millis(800);

/// The exporters of one process.
pub(crate) struct Export {
    logs: Logs,
    figures: Option<Shown>,
    traces: Option<otlp::Traces>,
    records: Option<otlp::Logs>,
    notices: Notices,
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

    /// Whether the run is to read the journal's totals, which cost a few queries.
    pub(crate) fn wanted(&self) -> Wanted {
        if self.figures.is_some() { Wanted::Read } else { Wanted::Leave }
    }

    /// The figures, where somebody sees them.
    pub(crate) fn figures(&self) -> Option<Figures> {
        self.figures.as_ref().map(|shown| shown.figures().clone())
    }

    /// Whoever asked us to stop has waited long enough: what is sent now has a moment only.
    pub(crate) fn hurry(&mut self) {
        self.flush_timeout = self.flush_timeout.min(HURRIED);
    }

    /// Closes the root span with the exit code, puts the figures, sends what is left and tells of the run whoever is to be told,
    /// within the flush timeout. The report has everything but the warnings.
    ///
    /// What comes back are warnings, at most one for each exporter.
    pub(crate) fn finish(self, report: &Report<'_>) -> Vec<String> {
        let remarks = self.logs.remarks();
        self.logs.close(report.exit_code.into());
        let budget = Budget::starting_now(self.flush_timeout);
        let records = self.records.as_ref().map(otlp::Logs::task);
        let figures = self.figures.iter().flat_map(Shown::tasks);
        let traces = self.traces.map(otlp::Traces::into_task);
        let notices = self.notices.tasks(report);
        let tasks = traces.into_iter().chain(records).chain(figures).chain(notices);
        let mut flushed = flush::within(budget, tasks.collect());
        flushed.iter().for_each(|flushed| tell(&remarks, flushed));
        // What was just told is sent where a receiver of records is known to listen.
        if let Some(records) = self.records.filter(otlp::Logs::is_well)
            && flushed.iter().all(|flushed| flushed.kind != Kind::Signal(Signal::Logs) || flushed.failure.is_none())
        {
            flushed.extend(flush::within(budget, vec![records.task()]));
        }
        // Those who read the figures see there what failed elsewhere.
        if let Some(figures) = self.figures.filter(|_| flushed.iter().any(|flushed| flushed.failure.is_some())) {
            // A place that had the page before has it all the same.
            let _ = flush::within(budget, figures.put_again().collect());
        }
        let failures = flushed.into_iter().filter_map(|flushed| flushed.failure);
        failures.map(|failure| format!("telemetry: {failure}")).collect()
    }
}

/// Says of one exporter what became of its last work.
fn tell(remarks: &Remarks, flushed: &Flushed) {
    let signal = flushed.kind.word();
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
        self.notices.observe(event);
        if let Some(figures) = &mut self.figures {
            figures.observe(event);
        }
    }

    fn current_span(&self) -> Option<RemoteParent> {
        self.logs.current_span()
    }
}
