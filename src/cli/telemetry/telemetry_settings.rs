//! Where telemetry goes, and how much of it.

use std::path::PathBuf;
use std::time::Duration;

use migrascope::observe::spans::SpanPolicy;

use super::host_pattern::HostPattern;
use super::notify_settings::NotifySettings;
use super::push_settings::PushSettings;

/// Everything that options say about telemetry.
#[derive(Debug, Clone)]
pub(crate) struct TelemetrySettings {
    /// The file that metrics are written to as Prometheus text.
    pub(crate) metrics_file: Option<PathBuf>,
    /// The Pushgateway that metrics are pushed to.
    pub(crate) push: PushSettings,
    /// Whether metrics name the last run.
    pub(crate) run_info: RunInfo,
    /// The format of log lines on standard error.
    pub(crate) log_format: LogFormat,
    /// The address that the pages of a run, and those of `serve`, are served on.
    pub(crate) listen: Option<String>,
    /// Host names that requests may name besides the address's own.
    pub(crate) listen_names: Vec<HostPattern>,
    /// How long the process may stay for its telemetry after its work is done.
    pub(crate) flush_timeout: Duration,
    /// What spans contain.
    pub(crate) spans: SpanPolicy,
    /// Which recipients are notified of which runs.
    pub(crate) notify: NotifySettings,
    /// Whether telemetry is sent at all.
    pub(crate) mode: TelemetryMode,
    /// Whether the run has metrics. `wait` and `exec` without migrations have none: they would overwrite those of a run.
    pub(crate) counted: bool,
}

/// Whether telemetry is sent, and what a mistake in its settings does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TelemetryMode {
    /// Nothing is sent or written.
    Off,
    /// What is configured is sent; a mistake is a warning.
    #[default]
    Auto,
    /// What is configured is sent; a mistake stops the program before it connects to the database.
    Required,
}

/// The format of log lines on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum LogFormat {
    /// None are written.
    #[default]
    Off,
    /// Text for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Whether metrics name the last run, which adds a series with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum RunInfo {
    /// They do not.
    #[default]
    Off,
    /// They do.
    On,
}
