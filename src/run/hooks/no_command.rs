//! Stands in for shell commands in a library that was built without the feature `commands`.

use super::supervisor::Supervisor;
use super::variables::HookVariables;
use crate::database::Session;
use crate::error::HookFault;
use crate::stop::Stop;

/// What a command would be started with.
#[expect(dead_code, reason = "this build starts none")]
pub(super) struct Environment<'e> {
    pub(super) variables: &'e HookVariables,
    pub(super) trace: &'e [(&'static str, String)],
    pub(super) stop: &'e Stop,
}

/// Refuses.
pub(super) async fn run(
    _text: &str,
    _environment: &Environment<'_>,
    _supervisor: Supervisor<'_>,
    _session: &mut dyn Session,
) -> Result<(), HookFault> {
    Err(HookFault::NotStarted("this build runs no commands: it needs cargo's feature \"commands\"".to_owned()))
}
