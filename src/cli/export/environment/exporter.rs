//! `OTEL_{TRACES,METRICS,LOGS}_EXPORTER`: whether a signal is exported.

use super::lookup::items;
use super::reader::Reader;
use super::signal::Signal;
use crate::cli::option::choices::suggestion;

/// Whether the user asks for the export of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExportRequest {
    /// Another exporter is named, or none.
    No,
    /// No exporter is named: the signal is exported where an endpoint is set.
    WithEndpoint,
    /// `otlp` is named.
    Yes,
}

impl Reader<'_> {
    pub(super) fn export_request(&mut self, signal: Signal) -> ExportRequest {
        let name = signal.exporter_variable();
        let Some(list) = self.get(&name) else { return ExportRequest::WithEndpoint };
        let mut request = ExportRequest::No;
        for item in items(&list) {
            match item {
                "otlp" => request = ExportRequest::Yes,
                "none" => {}
                "prometheus" if signal == Signal::Metrics => {
                    self.notes.push(format!("{name}: {item} is ignored, command line options select it"));
                }
                "console" => {
                    let instead = if signal == Signal::Logs { "; --log-format writes to standard error" } else { "" };
                    self.problems.push(format!("{name}: console is not supported, known are otlp and none{instead}"));
                }
                other => self.problems.push(format!(
                    "{name}: unknown exporter {other:?}, known are otlp and none{}",
                    suggestion(other, ["otlp", "none"])
                )),
            }
        }
        request
    }
}
