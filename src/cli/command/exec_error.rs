//! The error of a run in front of an application, which is not started, or started all the same.

use migrascope::policy::{Decision, Environment, Policy};

use super::stopped::Stopped;
use crate::cli::exit::Exit;
use crate::cli::explain;

/// Adds to each error whether the application starts. Where the policy applies nothing, the error is a warning and the application starts.
pub(super) fn add_consequence(stopped: Stopped, policy: &Policy) -> Stopped {
    let is_interrupted = matches!(stopped.exit, Exit::Interrupted | Exit::Terminated);
    let starts = policy.decision() == Decision::Look && !is_interrupted;
    let Stopped { mut exit, mut error } = stopped;
    if starts {
        exit = Exit::Done;
        error.problems = error.problems.into_iter().map(explain::warning).collect();
    }
    if let Some(last) = error.problems.last_mut() {
        let note = match starts {
            true => "nothing was to be applied, and the application is started all the same",
            false => "the application was not started",
        };
        last.add_notes([note.to_owned()]);
        if !starts && !is_interrupted && policy.environment == Environment::Development {
            last.add_help(["migrascope up applies what is pending without starting it".to_owned()]);
        }
    }
    Stopped { exit, error }
}
