//! Values of columns.

use std::time::{Duration, SystemTime};

use super::word;
use crate::database::Value;
use crate::report::{CheckStatus, Outcome};

/// An outcome as the journal writes it; an unknown word counts as an error.
pub(super) fn outcome(text: Option<String>) -> Outcome {
    let text = text.unwrap_or_default();
    Outcome::ALL.into_iter().find(|outcome| word(*outcome) == text).unwrap_or(Outcome::Error)
}

/// A check's status as the journal writes it; an unknown word counts as a failure.
pub(super) fn status(text: Option<&str>) -> CheckStatus {
    let known = [CheckStatus::Ok, CheckStatus::Warn, CheckStatus::Skipped];
    known.into_iter().find(|status| Some(status.word()) == text).unwrap_or(CheckStatus::Fail)
}

pub(super) fn number<T: std::str::FromStr + Default>(text: Option<String>) -> T {
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Seconds rounded to whole microseconds, so that a sum does not depend on the order of its parts.
pub(super) fn without_blur(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

pub(super) fn milliseconds(text: Option<String>) -> Duration {
    Duration::try_from_secs_f64(number::<f64>(text) / 1000.0).unwrap_or_default()
}

pub(super) fn moment(text: Option<String>) -> Option<SystemTime> {
    text.and_then(|text| humantime::parse_rfc3339(&text).ok())
}

pub(super) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

pub(super) fn count(number: usize) -> Value {
    Value::Int(number.try_into().unwrap_or(i64::MAX))
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
