//! Replaces shell commands in builds without the feature `commands`.

use super::supervisor::Supervisor;
use super::variables::HookVariables;
use crate::database::Session;
use crate::error::HookFault;
use crate::stop::Stop;

/// The environment that a command would have.
#[expect(dead_code, reason = "this build starts none")]
pub(super) struct Environment<'e> {
    pub(super) variables: &'e HookVariables,
    pub(super) trace: &'e [(&'static str, String)],
    pub(super) stop: &'e Stop,
}

/// Refuses to run the command.
pub(super) async fn run(
    _text: &str,
    _environment: &Environment<'_>,
    _supervisor: Supervisor<'_>,
    _session: &mut dyn Session,
) -> Result<(), HookFault> {
    Err(HookFault::NotStarted(
        "this build cannot run commands: it was built without the cargo feature \"commands\"".to_owned(),
    ))
}
