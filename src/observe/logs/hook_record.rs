//! The records of hooks.

use std::time::Duration;

use tracing::{Level, event};

use super::run_attributes::RunAttributes;
use crate::error::Error;
use crate::event::Hook;
use crate::observe::disclosure::disclose_run;
use crate::observe::names;
use crate::plan::Step;

pub(super) fn hook_started(run: &RunAttributes, hook: Hook, step: Option<&Step<'_>>) {
    event!(
        name: names::LOG_HOOK_STARTED,
        target: names::SCOPE,
        Level::INFO,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::HOOK_NAME } = hook.word(),
        { names::MIGRATION_VERSION } = step.map(|step| step.migration.key.as_str()),
        "the hook {hook} has started"
    );
}

/// The command is left out, and so is the database's message about its SQL.
pub(super) fn hook_finished(
    run: &RunAttributes,
    hook: Hook,
    step: Option<&Step<'_>>,
    elapsed: Duration,
    error: Option<&Error>,
) {
    let version = step.map(|step| step.migration.key.as_str());
    let code = match error {
        Some(Error::Hook { fault, .. }) => fault.exit_code(),
        Some(_) => None,
        None => hook.is_command().then_some(0),
    };
    match error {
        None => event!(
            name: names::LOG_HOOK_FINISHED,
            target: names::SCOPE,
            Level::INFO,
            { names::RUN_ID } = &*run.id,
            { names::TARGET } = run.target(),
            { names::HOOK_NAME } = hook.word(),
            { names::HOOK_EXIT_CODE } = code,
            { names::MIGRATION_VERSION } = version,
            { names::ELAPSED } = elapsed.as_secs_f64(),
            "the hook {hook} has finished"
        ),
        Some(error) => event!(
            name: names::LOG_HOOK_FINISHED,
            target: names::SCOPE,
            Level::ERROR,
            { names::RUN_ID } = &*run.id,
            { names::TARGET } = run.target(),
            { names::HOOK_NAME } = hook.word(),
            { names::HOOK_EXIT_CODE } = code,
            { names::MIGRATION_VERSION } = version,
            { names::ERROR_TYPE } = error.kind(),
            { names::ELAPSED } = elapsed.as_secs_f64(),
            "{}",
            disclose_run(error)
        ),
    }
}
