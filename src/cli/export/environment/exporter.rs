//! `OTEL_{TRACES,METRICS,LOGS}_EXPORTER`: whether a signal is to be sent.

use super::{Reader, Signal, words};
use crate::cli::settings::choices::suggestion;

/// Whether a signal is to be sent by OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Not at all.
    No,
    /// Nobody has said anything: where an endpoint is known.
    WithEndpoint,
    /// Asked for by name.
    Yes,
}

impl Reader<'_> {
    pub(super) fn wanted(&mut self, signal: Signal) -> Wanted {
        let name = signal.exporter_variable();
        let Some(list) = self.get(&name) else { return Wanted::WithEndpoint };
        let mut wanted = Wanted::No;
        for word in words(&list) {
            match word {
                "otlp" => wanted = Wanted::Yes,
                "none" => {}
                "prometheus" if signal == Signal::Metrics => {
                    self.notes.push(format!("{name}: {word} is left out, options of the command line ask for it"));
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
        wanted
    }
}
