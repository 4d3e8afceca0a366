//! The results of the health checks.

use std::time::Duration;

use serde::Serialize;

use super::seconds;

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    /// Healthy.
    Ok,
    /// Needs attention, but is no reason to stop a deployment.
    Warn,
    /// The database is unhealthy.
    Fail,
    /// The check could not run; its message says why.
    Skipped,
}

impl CheckStatus {
    /// The word for attributes and terminal output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
        }
    }
}

/// The unit of a check's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// A ratio between 0 and 1.
    Ratio,
    /// A number of objects that were found.
    Count,
}

/// The report of one check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckReport {
    /// Its name: from a closed set, or from the file of a custom check.
    pub name: String,
    /// Its result.
    pub status: CheckStatus,
    /// The measured value, where there is one.
    pub value: Option<f64>,
    /// The threshold for the value: the one that it exceeds, otherwise the nearest.
    pub threshold: Option<f64>,
    /// The unit of both.
    pub unit: Option<Unit>,
    /// What was found, or the database's message; may quote data from the database.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// How long it took.
    #[serde(serialize_with = "seconds", rename = "elapsed_seconds")]
    pub elapsed: Duration,
}

/// The checks of one health check run, in the order in which they ran.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct HealthReport {
    /// The reports of the checks.
    pub checks: Vec<CheckReport>,
    /// How long all of them took.
    #[serde(serialize_with = "seconds", rename = "elapsed_seconds")]
    pub elapsed: Duration,
}

impl HealthReport {
    /// The checks with this result.
    pub fn with(&self, status: CheckStatus) -> impl Iterator<Item = &CheckReport> {
        self.checks.iter().filter(move |check| check.status == status)
    }

    /// Whether no check failed.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.with(CheckStatus::Fail).next().is_none()
    }
}
