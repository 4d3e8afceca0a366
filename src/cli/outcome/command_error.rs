//! Why a command did not succeed.

use migrascope::Error;
use migrascope::plan::RefusalReason;
use serde::Serialize;

use crate::cli::escape::shortened;
use crate::cli::explain::Diagnosis;

/// The error of a command with every diagnosis, as JSON shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct CommandError {
    /// The database's code, or a word.
    pub(crate) kind: String,
    /// One line.
    pub(crate) message: String,
    /// Why a plan was refused, each reason once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) reasons: Vec<RefusalReason>,
    /// Every problem, as people see it.
    pub(crate) problems: Vec<Diagnosis>,
}

impl CommandError {
    /// An error of the library and its explanation.
    pub(crate) fn new(error: &Error, problems: Vec<Diagnosis>) -> Self {
        Self {
            kind: error.kind().to_owned(),
            message: shortened(&error.to_string()).into_owned(),
            reasons: error.refusal_reasons(),
            problems,
        }
    }

    /// An error of the command line; its message is that of the first problem.
    pub(crate) fn of_kind(kind: &str, problems: Vec<Diagnosis>) -> Self {
        let message = problems.first().map(|first| first.message.clone()).unwrap_or_default();
        Self { kind: kind.to_owned(), message, reasons: Vec::new(), problems }
    }
}
