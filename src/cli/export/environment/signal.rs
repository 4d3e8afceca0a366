//! The three kinds of telemetry.

/// A kind of telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::export) enum Signal {
    /// Spans.
    Traces,
    /// Metrics.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    pub(in crate::cli::export) const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// `traces`, `metrics` or `logs`, as in paths and messages.
    pub(in crate::cli::export) fn word(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

    /// What a request consists of.
    pub(in crate::cli::export) fn items(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Metrics => "data points",
            Self::Logs => "log records",
        }
    }

    /// `OTEL_EXPORTER_OTLP_TRACES_<what>`.
    pub(super) fn variable(self, what: &str) -> String {
        format!("OTEL_EXPORTER_OTLP_{}_{what}", self.word().to_ascii_uppercase())
    }

    /// `OTEL_TRACES_EXPORTER`.
    pub(super) fn exporter_variable(self) -> String {
        format!("OTEL_{}_EXPORTER", self.word().to_ascii_uppercase())
    }
}
