//! Health checks: whether they follow a run, their thresholds, and the user's own checks.

use std::path::PathBuf;

use migrascope::health::{Severity, Thresholds};
use migrascope::report::{BuiltIn, Unit};

use super::raw_value::{RawValue, invalid};
use super::sources::Sources;
use crate::cli::args::GlobalArgs;
use crate::cli::option::choices::{SWITCH, choose, duration};

/// The settings of health checks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HealthSettings {
    /// Whether they follow a run that changed something.
    pub(crate) after_run: AfterRun,
    /// The directory of the user's own checks.
    pub(crate) checks: Checks,
    /// The values at which checks warn and fail.
    pub(crate) thresholds: Thresholds,
}

/// What is done after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum AfterRun {
    /// The checks are made.
    #[default]
    Examine,
    /// No checks are made.
    Skip,
}

/// A directory of checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Checks {
    /// A directory that must exist.
    Named(PathBuf),
    /// The default one, if it exists.
    Default,
}

impl Checks {
    /// The directory to read; `None` where there is none and none is named.
    pub(crate) fn directory(&self) -> Option<PathBuf> {
        match self {
            Self::Named(path) => Some(path.clone()),
            // A dangling link is returned, so that reading it is an error.
            Self::Default => {
                Some(PathBuf::from("checks")).filter(|path| path.is_dir() || path.is_symlink() && !path.exists())
            }
        }
    }
}

pub(super) fn resolve(sources: &mut Sources<'_>, args: &GlobalArgs) -> HealthSettings {
    let switch = |text: &str| choose(text, SWITCH, [AfterRun::Examine, AfterRun::Skip]);
    HealthSettings {
        after_run: sources.value("health", args.health.as_deref(), switch).unwrap_or_default(),
        checks: sources
            .first("checks", args.checks.as_deref())
            .map_or(Checks::Default, |raw| Checks::Named(PathBuf::from(raw.text))),
        thresholds: thresholds(sources, args),
    }
}

fn thresholds(sources: &mut Sources<'_>, args: &GlobalArgs) -> Thresholds {
    let mut thresholds = Thresholds::default();
    let warn = sources.every("health-warn", &args.health_warn).into_iter().map(|raw| (Severity::Warn, raw));
    let fail = sources.every("health-fail", &args.health_fail).into_iter().map(|raw| (Severity::Fail, raw));
    for (severity, raw) in warn.chain(fail) {
        for text in raw.text.split(',') {
            match threshold(text) {
                Ok((check, from)) => thresholds.set(check, severity, from),
                Err(reason) => {
                    let raw = RawValue { text: text.trim().to_owned(), ..raw.clone() };
                    sources.problems.push(invalid(&raw, &reason));
                }
            }
        }
    }
    thresholds
}

/// A check and its threshold: `connections=90%`, `replica_lag=2min`, `invalid_indexes=never`.
fn threshold(text: &str) -> Result<(&str, Option<f64>), String> {
    let (check, value) = text.split_once('=').ok_or("expected CHECK=VALUE, such as connections=90%")?;
    let (check, value) = (check.trim(), value.trim());
    // An unknown name may be one of the user's own checks, which count rows; that is known when they are read.
    let unit = BuiltIn::named(check).map_or(Some(Unit::Count), BuiltIn::unit);
    let unit = unit.ok_or_else(|| format!("{check} has no threshold: it measures no number"))?;
    if value == "never" {
        return Ok((check, None));
    }
    let from = match unit {
        Unit::Seconds => duration(value)?.as_secs_f64(),
        Unit::Ratio => ratio(value).ok_or("expected a ratio such as 90% or 0.9")?,
        _ => value.parse::<u32>().map(f64::from).map_err(|_| "expected a number, 1 or above")?,
    };
    if from > 0.0 { Ok((check, Some(from))) } else { Err("expected a value above 0".to_owned()) }
}

/// A ratio between 0 and 1.
fn ratio(text: &str) -> Option<f64> {
    let ratio = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
        None => text.parse().ok()?,
    };
    (0.0..=1.0).contains(&ratio).then_some(ratio)
}
