//! Everything that exports the telemetry of a run.

use std::time::Duration;

use migrascope::event::RemoteParent;
use migrascope::observe::logs::{Logs, Remarks};
use migrascope::report::Outcome;
use migrascope::run::JournalCounters;
use migrascope::{Event, Observer};

use super::delivery::Kind;
use super::environment::Signal;
use super::flush::{self, Budget, Flushed};
use super::metrics::ProcessMetrics;
use super::metrics_pipeline::MetricsPipeline;
use super::notify::Notifications;
use super::otlp;
use crate::cli::outcome::CommandReport;

/// The flush timeout of a run that was abandoned.
const SHORT_FLUSH: Duration = Duration::from_millis(800);

/// The exporters of one process, as an observer of its run.
pub(crate) struct Exporters {
    pub(super) logs: Logs,
    pub(super) metrics: Option<MetricsPipeline>,
    pub(super) traces: Option<otlp::Traces>,
    pub(super) records: Option<otlp::Logs>,
    pub(super) notifications: Notifications,
    pub(super) flush_timeout: Duration,
    pub(super) warnings: Vec<String>,
}

impl Exporters {
    /// Mistakes in the settings, to be shown before the run; empty the second time.
    pub(crate) fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Logs what is not an event of the run, such as a signal.
    pub(crate) fn remarks(&self) -> Remarks {
        self.logs.remarks()
    }

    /// Whether the run has to read the journal's totals, which costs a few queries.
    pub(crate) fn journal_counters(&self) -> JournalCounters {
        if self.metrics.is_some() { JournalCounters::Read } else { JournalCounters::Skip }
    }

    /// The metrics; `None` where they are exported nowhere.
    pub(crate) fn metrics(&self) -> Option<ProcessMetrics> {
        self.metrics.as_ref().map(|pipeline| pipeline.metrics().clone())
    }

    /// Leaves the last exports a moment only: the user who abandoned the run has waited long enough.
    pub(crate) fn shorten_flush(&mut self) {
        self.flush_timeout = self.flush_timeout.min(SHORT_FLUSH);
    }

    /// Closes the root span with the exit code, exports what is left and sends notifications, within the flush timeout. `report` is
    /// complete but for its warnings.
    ///
    /// Returns warnings, at most one for each exporter.
    pub(crate) fn finish(self, report: &CommandReport<'_>) -> Vec<String> {
        let remarks = self.logs.remarks();
        self.logs.close(report.exit_code.into());
        let budget = Budget::starting_now(self.flush_timeout);
        let records = self.records.as_ref().map(otlp::Logs::flush_task);
        let metrics = self.metrics.iter().flat_map(MetricsPipeline::flush_tasks);
        let traces = self.traces.map(otlp::Traces::into_flush_task);
        let notifications = self.notifications.flush_tasks(report);
        let tasks = traces.into_iter().chain(records).chain(metrics).chain(notifications);
        let mut flushed = flush::within(budget, tasks.collect());
        flushed.iter().for_each(|flushed| log(&remarks, flushed));
        // The records about the flush itself are sent where the receiver of records has taken all before.
        if let Some(records) = self.records.filter(otlp::Logs::has_lost_nothing)
            && flushed.iter().all(|flushed| flushed.kind != Kind::Signal(Signal::Logs) || flushed.failure.is_none())
        {
            flushed.extend(flush::within(budget, vec![records.flush_task()]));
        }
        // Failures of other exporters are a metric, so the page is pushed once more.
        if let Some(metrics) = self.metrics.filter(|_| flushed.iter().any(|flushed| flushed.failure.is_some())) {
            // Its result is dropped: each of these sinks has taken the page before.
            let _ = flush::within(budget, metrics.push_again().collect());
        }
        let failures = flushed.into_iter().filter_map(|flushed| flushed.failure);
        failures.map(|failure| format!("telemetry: {failure}")).collect()
    }
}

/// Logs the result of an exporter's last work.
fn log(remarks: &Remarks, flushed: &Flushed) {
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

impl Observer for Exporters {
    fn observe(&mut self, event: &Event<'_>) {
        self.logs.observe(event);
        self.notifications.observe(event);
        if let Some(metrics) = &mut self.metrics {
            metrics.observe(event);
        }
    }

    fn current_span(&self) -> Option<RemoteParent> {
        self.logs.current_span()
    }
}
