//! Why a command stops before its end.

use migrascope::history::Direction;
use migrascope::{Error, Report};

use crate::cli::exit::Exit;
use crate::cli::explain::{self, Diagnosis, FailureContext};
use crate::cli::outcome::CommandError;

/// The error that stops a command, and what the process exits with.
pub(super) struct Stopped {
    pub(super) exit: Exit,
    pub(super) error: CommandError,
}

impl Stopped {
    /// By an error of the library; `report` has what was done before.
    pub(super) fn by(error: &Error, direction: Direction, report: Option<&Report>) -> Self {
        let context = FailureContext { report, direction };
        Self { exit: Exit::of(error, None), error: CommandError::new(error, explain::error(error, context)) }
    }

    /// By mistakes in arguments, settings or files.
    pub(super) fn by_usage(kind: &str, problems: Vec<Diagnosis>) -> Self {
        Self { exit: Exit::Usage, error: CommandError::of_kind(kind, problems) }
    }

    /// By an address that cannot be listened on.
    pub(super) fn by_address(message: String) -> Self {
        let help = "name an address of this machine and a port that is free; port 0 is any free one";
        Self::by_usage("listen", vec![Diagnosis::error(message).help(help)])
    }
}

impl From<CommandError> for Stopped {
    fn from(error: CommandError) -> Self {
        Self { exit: Exit::Unexpected, error }
    }
}
