//! Whether health checks follow a run, and with which thresholds.

use std::sync::LazyLock;

use super::threshold::Thresholds;
use crate::layout::CustomCheck;

/// Thresholds without any change.
static DEFAULT: LazyLock<Thresholds> = LazyLock::new(Thresholds::default);

/// Whether health checks follow a run that has changed something.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Health {
    /// No checks: an embedder decides whether its start waits for them.
    #[default]
    Skip,
    /// The built-in checks, then these.
    Check {
        /// Custom checks, in the order in which they run.
        custom: Vec<CustomCheck>,
        /// From which values on checks warn and fail, where that is not the default.
        thresholds: Thresholds,
    },
}

impl Health {
    /// The custom checks.
    pub(super) fn custom(&self) -> &[CustomCheck] {
        match self {
            Self::Check { custom, .. } => custom,
            Self::Skip => &[],
        }
    }

    pub(super) fn thresholds(&self) -> &Thresholds {
        match self {
            Self::Check { thresholds, .. } => thresholds,
            Self::Skip => &DEFAULT,
        }
    }
}
