//! Commands around the run. SQL hooks around each migration are files in the directory of the migrations.

use std::time::Duration;

use migrascope::run::Hooks;

use super::sources::Sources;
use crate::cli::args::GlobalArgs;
use crate::cli::option::choices::duration;

pub(super) fn resolve(sources: &mut Sources<'_>, args: &GlobalArgs) -> Hooks {
    let default = Hooks::default();
    Hooks {
        backup: sources.value("backup-command", args.backup_command.as_deref(), command),
        before: sources.value("before", args.before.as_deref(), command),
        after: sources.value("after", args.after.as_deref(), command),
        timeout: sources.value("hook-timeout", args.hook_timeout.as_deref(), timeout).unwrap_or(default.timeout),
        ..default
    }
}

/// Refuses an empty command: it would succeed and look like a backup.
fn command(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("expected a command".to_owned()) } else { Ok(text.to_owned()) }
}

fn timeout(text: &str) -> Result<Duration, String> {
    duration(text)
        .and_then(|limit| if limit.is_zero() { Err("expected a limit above 0".to_owned()) } else { Ok(limit) })
}
