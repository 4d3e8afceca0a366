//! Mistakes in the settings of telemetry.

use thiserror::Error;

/// Telemetry is required, and its settings have mistakes.
#[derive(Debug, Error)]
#[error("telemetry is required but cannot be set up: {}", problems.join("; "))]
pub(crate) struct ExportError {
    /// Each names the variable or the option.
    pub(crate) problems: Vec<String>,
}
