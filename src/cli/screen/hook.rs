//! Hooks for people. Commands are not shown: they may contain a password.

use std::time::Duration;

use migrascope::Error;
use migrascope::event::Hook;
use migrascope::plan::Step;

use super::style::{BAD, DIM, GOOD};
use crate::cli::escape::one_line;
use crate::cli::words;

/// The line before a command's own output.
pub(super) fn begun(hook: Hook) -> String {
    format!("hook {hook}")
}

/// The line of a hook that is still running.
pub(super) fn running(hook: Hook, step: Option<&Step<'_>>, elapsed: Duration) -> String {
    format!("{} still running, {}", name(hook, step), words::so_far(elapsed))
}

/// The line of a hook that has ended.
pub(super) fn finished(hook: Hook, step: Option<&Step<'_>>, elapsed: Duration, error: Option<&Error>) -> String {
    let (sign, style) = if error.is_some() { ('✗', BAD) } else { ('✓', GOOD) };
    let why = match error {
        Some(Error::Hook { fault, .. }) => format!("  {}", one_line(&fault.to_string())),
        _ => String::new(),
    };
    let time = words::duration(elapsed);
    format!("{style}{sign}{style:#} {}  {DIM}{time}{DIM:#}{why}", name(hook, step))
}

fn name(hook: Hook, step: Option<&Step<'_>>) -> String {
    let migration = step.map(|step| format!(" {}", one_line(&step.migration.to_string()))).unwrap_or_default();
    format!("hook {hook}{migration}")
}
