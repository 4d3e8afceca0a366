//! From which value on a check warns or fails.

use std::collections::BTreeMap;

use crate::report::{BuiltIn, CheckStatus};

/// How bad a value is that has come to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The check ends as `warn`.
    Warn,
    /// The check ends as `fail`.
    Fail,
}

/// The limits of checks where they are other than the default, which `docs/health.md` has for each.
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
    /// The value has the unit of the check, see [`BuiltIn::unit`]: seconds, a share between 0 and 1, or a number of things, which is
    /// what a check of one's own has.
    pub fn set(&mut self, check: impl Into<String>, severity: Severity, from: Option<f64>) {
        self.0.insert((check.into(), severity), from);
    }

    /// The names of the checks that have limits here, each once, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut last = None;
        self.0.keys().map(|(name, _)| name.as_str()).filter(move |name| last.replace(*name) != Some(*name))
    }

    /// The limits of one of our checks.
    pub(super) fn of(&self, check: BuiltIn) -> Limits {
        let (warn, fail) = match check {
            BuiltIn::Connect | BuiltIn::Ping => (None, None),
            BuiltIn::Connections => (Some(0.80), Some(0.95)),
            BuiltIn::ReplicaLag => (Some(10.0), Some(60.0)),
            // A constraint is added to a large table like that on purpose, to validate it later.
            BuiltIn::UnvalidatedConstraints => (Some(1.0), None),
            BuiltIn::InvalidIndexes | BuiltIn::QuickCheck | BuiltIn::ForeignKeys => (None, Some(1.0)),
            BuiltIn::Read | BuiltIn::WriteRollback | BuiltIn::Writable => (None, None),
        };
        self.over(check.name(), Limits { warn, fail })
    }

    /// The limits of a check of one's own.
    pub(super) fn of_own(&self, name: &str) -> Limits {
        self.over(name, Limits { warn: None, fail: Some(1.0) })
    }

    fn over(&self, name: &str, default: Limits) -> Limits {
        let of = |severity| self.0.get(&(name.to_owned(), severity)).copied();
        Limits { warn: of(Severity::Warn).unwrap_or(default.warn), fail: of(Severity::Fail).unwrap_or(default.fail) }
    }
}

/// The two limits of a check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limits {
    pub(super) warn: Option<f64>,
    pub(super) fail: Option<f64>,
}

impl Limits {
    /// How a value stands to them, and the one that it has come to, or will come to next.
    pub(super) fn judge(self, value: f64) -> (CheckStatus, Option<f64>) {
        let reached = |limit: Option<f64>| limit.is_some_and(|limit| value >= limit);
        match self {
            Self { fail, .. } if reached(fail) => (CheckStatus::Fail, fail),
            Self { warn, .. } if reached(warn) => (CheckStatus::Warn, warn),
            Self { warn, fail } => (CheckStatus::Ok, warn.or(fail)),
        }
    }
}
