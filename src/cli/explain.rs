//! What a tired person needs: where, why, what next.

mod advice;
mod connection;
mod diagnosis;
mod failure;
mod files;
mod health;
mod hook;
mod refusal;

use migrascope::Error;
use migrascope::history::Direction;
use migrascope::report::Report;

pub(crate) use self::diagnosis::{Diagnosis, Excerpt, Severity};
pub(crate) use self::files::checks;
use self::refusal::settlement;
pub(crate) use self::refusal::{note, objection};
pub(crate) use super::escape::one_line;

/// What is known around an error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    /// What the run did before, where it came that far.
    pub(crate) report: Option<&'a Report>,
    /// Which way it was going.
    pub(crate) direction: Direction,
}

/// An error in the words for people: one diagnosis for each thing that is wrong.
pub(crate) fn error(error: &Error, around: Surroundings<'_>) -> Vec<Diagnosis> {
    match error {
        Error::Url(url) => vec![connection::url(url)],
        Error::Layout(layout) => files::layout(layout),
        Error::Connect { source, .. } => vec![connection::refused(error, source)],
        Error::ReadOnly { .. } => vec![connection::read_only(error)],
        Error::Pooled { .. } => vec![connection::pooled(error)],
        Error::Lock { waited, holder } => vec![connection::locked(*waited, holder.as_deref())],
        Error::Refused(objections) => refusal::objections(objections),
        Error::Migration { failure, .. } => vec![failure::failed(error, failure, around)],
        Error::Own { source, .. } => vec![connection::own(error, source)],
        Error::Unhealthy { failed } => vec![health::unhealthy(error, failed, around)],
        Error::Hook { hook, fault, .. } => vec![hook::failed(error, *hook, fault, around)],
        Error::Abandoned { .. } => vec![connection::abandoned(error)],
        Error::Interrupted { failure } => vec![failure::interrupted(failure.as_deref(), around)],
        other => vec![Diagnosis::error(chain(other))],
    }
}

/// The same, for what stops nobody.
pub(crate) fn warning(diagnosis: Diagnosis) -> Diagnosis {
    Diagnosis { severity: Severity::Warning, ..diagnosis }
}

/// An error with its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
