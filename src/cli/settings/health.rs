//! Whether health checks are made after a run, and where one's own are.

use std::path::PathBuf;

use super::choices::{SWITCH, choose};
use super::source::Sources;
use crate::cli::args::Options;

/// What the command line says about health checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HealthSettings {
    /// Whether they are made after a run that has done something.
    pub(crate) after_run: AfterRun,
    /// Where the files of one's own are.
    pub(crate) checks: Checks,
}

/// What is done after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum AfterRun {
    /// The checks are made.
    #[default]
    Examine,
    /// They are not.
    Skip,
}

/// A directory of checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Checks {
    /// This one, which must be there.
    Named(PathBuf),
    /// The usual one, where it is there.
    Usual,
}

impl Checks {
    /// The directory to read; `None` where there is none and none was asked for.
    pub(crate) fn directory(&self) -> Option<PathBuf> {
        match self {
            Self::Named(path) => Some(path.clone()),
            Self::Usual => Some(PathBuf::from("checks")).filter(|usual| usual.is_dir()),
        }
    }
}

pub(super) fn resolve(sources: &mut Sources<'_>, typed: &Options) -> HealthSettings {
    let switch = |text: &str| choose(text, SWITCH, [AfterRun::Examine, AfterRun::Skip]);
    HealthSettings {
        after_run: sources.value("health", typed.health.as_deref(), switch).unwrap_or_default(),
        checks: sources
            .first("checks", typed.checks.as_deref())
            .map_or(Checks::Usual, |given| Checks::Named(PathBuf::from(given.text))),
    }
}
