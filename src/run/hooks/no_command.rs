//! Stands where commands of the shell would be run, in a library that was built without them.

use super::facts::Facts;
use super::vigil::Vigil;
use crate::database::Session;
use crate::error::HookFault;
use crate::run::Stop;

/// Refuses.
pub(super) async fn run(
    _text: &str,
    _facts: &Facts,
    _trace: &[(&'static str, String)],
    _vigil: Vigil<'_>,
    _with: (&mut dyn Session, &Stop),
) -> Result<(), HookFault> {
    Err(HookFault::NotStarted("this build runs no commands: it needs cargo's feature \"commands\"".to_owned()))
}
