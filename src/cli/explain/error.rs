//! Errors of the library for people.

use migrascope::Error;

use super::diagnosis::{Diagnosis, Severity};
use super::failure_context::FailureContext;
use super::{connection, failure, files, health, hook, refusal};

/// The diagnoses of an error, one for each problem.
pub(crate) fn error(error: &Error, context: FailureContext<'_>) -> Vec<Diagnosis> {
    match error {
        Error::Url(url) => vec![connection::url(url)],
        Error::Layout(layout) => files::layout(layout),
        Error::Connect { source, .. } => vec![connection::refused(error, source)],
        Error::ReadOnly { .. } => vec![connection::read_only(error)],
        Error::Pooled { .. } => vec![connection::pooled(error)],
        Error::Lock { waited, holder } => vec![connection::locked(*waited, holder.as_deref())],
        Error::Refused(objections) => refusal::objections(objections),
        Error::Migration { failure, .. } => vec![failure::failed(error, failure, context)],
        Error::Own { source, .. } => vec![connection::own(error, source)],
        Error::Unhealthy { failed } => vec![health::unhealthy(error, failed, context)],
        Error::Hook { hook, fault, .. } => vec![hook::failed(error, *hook, fault, context)],
        Error::Abandoned { .. } => vec![connection::abandoned(error)],
        Error::Interrupted { failure } => vec![failure::interrupted(failure.as_deref(), context)],
        other => vec![Diagnosis::error(chain(other))],
    }
}

/// The same diagnosis as a warning.
pub(crate) fn warning(diagnosis: Diagnosis) -> Diagnosis {
    Diagnosis { severity: Severity::Warning, ..diagnosis }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
