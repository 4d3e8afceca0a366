//! The settings of telemetry, notifications and the listener.

use std::path::PathBuf;
use std::time::Duration;

use super::sources::Sources;
use super::{notify, trace};
use crate::cli::args::GlobalArgs;
use crate::cli::option::choices::{LOG_FORMAT, SWITCH, TELEMETRY, choose, duration};
use crate::cli::telemetry::{HostPattern, LogFormat, PushSettings, RunInfo, TelemetryMode, TelemetrySettings};

pub(super) fn resolve(sources: &mut Sources<'_>, args: &GlobalArgs) -> TelemetrySettings {
    let modes = [TelemetryMode::Off, TelemetryMode::Auto, TelemetryMode::Required];
    let run_info = |text: &str| choose(text, SWITCH, [RunInfo::On, RunInfo::Off]);
    let mode = |text: &str| choose(text, TELEMETRY, modes);
    let log_format = |text: &str| choose(text, LOG_FORMAT, [LogFormat::Off, LogFormat::Text, LogFormat::Json]);
    TelemetrySettings {
        metrics_file: sources.path("metrics-file", args.metrics_file.as_deref()),
        listen: sources.first("listen", args.listen.as_deref()).map(|raw| raw.text),
        listen_names: sources.values("listen-name", &args.listen_name, HostPattern::parse),
        push: push(sources, args),
        run_info: sources.value("metrics-run-info", args.metrics_run_info.as_deref(), run_info).unwrap_or_default(),
        log_format: sources.value("log-format", args.log_format.as_deref(), log_format).unwrap_or_default(),
        mode: sources.value("telemetry", args.telemetry.as_deref(), mode).unwrap_or(TelemetryMode::Auto),
        flush_timeout: sources
            .value("telemetry-flush-timeout", args.telemetry_flush_timeout.as_deref(), duration)
            .unwrap_or(Duration::from_secs(5)),
        spans: trace::resolve(sources, args),
        counted: true,
        notify: notify::resolve(sources, &args.notify),
    }
}

fn push(sources: &mut Sources<'_>, args: &GlobalArgs) -> PushSettings {
    let url = sources.first("push-url", args.push_url.as_deref());
    let token = sources.first("push-token-file", args.push_token_file.as_deref());
    sources.protect(token.as_ref(), url.as_ref());
    PushSettings {
        url: url.map(|raw| raw.text),
        token_file: token.map(|raw| PathBuf::from(raw.text)),
        ca: sources.path("push-ca", args.push_ca.as_deref()),
    }
}
