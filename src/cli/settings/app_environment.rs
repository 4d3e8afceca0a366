//! The environment that an application starts in.

use migrascope::policy::Environment;

use super::sources::Sources;
use crate::cli::args::GlobalArgs;

/// The environment and the option or variable that names it, for a message.
pub(super) fn resolve(sources: &mut Sources<'_>, args: &GlobalArgs) -> Option<(Environment, String)> {
    let named_by = sources.first("env", args.env.as_deref()).map(|raw| raw.origin.to_string())?;
    let environment = sources.value("env", args.env.as_deref(), Environment::parse)?;
    Some((environment, named_by))
}
