//! Thresholds of checks: from which value on they warn or fail.

use std::collections::BTreeMap;

use crate::report::{BuiltIn, CheckStatus};

/// What reaching a threshold means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The check ends as `warn`.
    Warn,
    /// The check ends as `fail`.
    Fail,
}

/// The thresholds that differ from the defaults, which `docs/health.md` lists.
///
/// ```
/// use migrascope::health::{Severity, Thresholds};
///
/// let mut thresholds = Thresholds::default();
/// thresholds.set("connections", Severity::Fail, Some(0.99));
/// thresholds.set("invalid_indexes", Severity::Fail, None);
/// assert_eq!(thresholds.names().collect::<Vec<_>>(), ["connections", "invalid_indexes"]);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Thresholds(BTreeMap<(String, Severity), Option<f64>>);

impl Thresholds {
    /// From this value on the check warns or fails; with `None` it never does, whatever the value.
    ///
    /// The value has the unit of the check, see [`BuiltIn::unit`]: seconds, a ratio between 0 and 1, or a number of faults, as for a custom check.
    pub fn set(&mut self, check: impl Into<String>, severity: Severity, from: Option<f64>) {
        self.0.insert((check.into(), severity), from);
    }

    /// The names of the checks with thresholds here, each once, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut last = None;
        self.0.keys().map(|(name, _)| name.as_str()).filter(move |name| last.replace(*name) != Some(*name))
    }

    /// The thresholds of a built-in check.
    pub(super) fn of(&self, check: BuiltIn) -> Limits {
        let (warn, fail) = match check {
            BuiltIn::Connect | BuiltIn::Ping => (None, None),
            BuiltIn::Connections => (Some(0.80), Some(0.95)),
            BuiltIn::ReplicaLag => (Some(10.0), Some(60.0)),
            // Large tables often get a constraint as NOT VALID on purpose, to be validated later.
            BuiltIn::UnvalidatedConstraints => (Some(1.0), None),
            BuiltIn::InvalidIndexes | BuiltIn::QuickCheck | BuiltIn::ForeignKeys => (None, Some(1.0)),
            BuiltIn::Read | BuiltIn::WriteRollback | BuiltIn::Writable => (None, None),
        };
        self.over(check.name(), Limits { warn, fail })
    }

    /// The thresholds of a custom check.
    pub(super) fn of_own(&self, name: &str) -> Limits {
        self.over(name, Limits { warn: None, fail: Some(1.0) })
    }

    fn over(&self, name: &str, default: Limits) -> Limits {
        let of = |severity| self.0.get(&(name.to_owned(), severity)).copied();
        Limits { warn: of(Severity::Warn).unwrap_or(default.warn), fail: of(Severity::Fail).unwrap_or(default.fail) }
    }
}

/// The two thresholds of a check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limits {
    pub(super) warn: Option<f64>,
    pub(super) fail: Option<f64>,
}

impl Limits {
    /// The status of a value, and the threshold that it has reached or would reach next.
    pub(super) fn evaluate(self, value: f64) -> (CheckStatus, Option<f64>) {
        let reached = |limit: Option<f64>| limit.is_some_and(|limit| value >= limit);
        match self {
            Self { fail, .. } if reached(fail) => (CheckStatus::Fail, fail),
            Self { warn, .. } if reached(warn) => (CheckStatus::Warn, warn),
            Self { warn, fail } => (CheckStatus::Ok, warn.or(fail)),
        }
    }
}
