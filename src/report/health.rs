//! What the health checks have found.

use std::time::Duration;

use serde::Serialize;

use super::seconds;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    /// As it should be.
    Ok,
    /// To be looked at, but no reason to stop a deployment.
    Warn,
    /// The database is unhealthy.
    Fail,
    /// It could not be made, and its message says why.
    Skipped,
}

impl CheckStatus {
    /// The word for attributes and people.
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

/// What the number of a check counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// A part of a whole, between 0 and 1.
    Ratio,
    /// Things that were found.
    Count,
}

/// One check that was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckReport {
    /// Its name: one of a closed set, or the file's for a check of one's own.
    pub name: String,
    /// How it ended.
    pub status: CheckStatus,
    /// What was measured or counted, where there is a number to it.
    pub value: Option<f64>,
    /// What the value may not pass: the one that it has passed, otherwise the nearest.
    pub threshold: Option<f64>,
    /// What both are.
    pub unit: Option<Unit>,
    /// What was found, or the database's words; may quote the database's contents.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// How long it took.
    #[serde(serialize_with = "seconds", rename = "elapsed_seconds")]
    pub elapsed: Duration,
}

/// The checks of one examination, in the order in which they were made.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct HealthReport {
    /// Each of them.
    pub checks: Vec<CheckReport>,
    /// How long all of them took.
    #[serde(serialize_with = "seconds", rename = "elapsed_seconds")]
    pub elapsed: Duration,
}

impl HealthReport {
    /// The checks that ended like this.
    pub fn with(&self, status: CheckStatus) -> impl Iterator<Item = &CheckReport> {
        self.checks.iter().filter(move |check| check.status == status)
    }

    /// Whether no check failed.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.with(CheckStatus::Fail).next().is_none()
    }
}
