//! A hook that failed: why, what has changed in the database, what to do next.

use migrascope::Error;
use migrascope::error::HookFault;
use migrascope::event::Hook;
use migrascope::history::Direction;
use migrascope::report::Outcome;

use super::diagnosis::Diagnosis;
use super::failure_context::FailureContext;
use crate::cli::words::counted;

pub(super) fn failed(error: &Error, hook: Hook, fault: &HookFault, context: FailureContext<'_>) -> Diagnosis {
    let mut diagnosis = Diagnosis::error(error.to_string());
    if let HookFault::Refused(failure) = fault {
        diagnosis.excerpt = Some(super::failure::excerpt(failure));
        diagnosis.add_notes(failure.statement.map(|number| format!("statement {number}: {}", failure.summary)));
        diagnosis.add_notes(failure.detail.iter().map(|detail| format!("detail: {detail}")));
        diagnosis.add_notes(failure.hint.iter().map(|hint| format!("hint: {hint}")));
    }
    if matches!(fault, HookFault::TimedOut(_)) {
        diagnosis.add_help(["--hook-timeout 30min gives hooks more time".to_owned()]);
    }
    diagnosis.add_help([next(hook, fault, context)]);
    diagnosis
}

/// What has changed so far, and what to do next.
fn next(hook: Hook, fault: &HookFault, context: FailureContext<'_>) -> String {
    let steps = context.report.map(|report| report.steps.as_slice()).unwrap_or_default();
    let done = steps.iter().filter(|step| step.outcome == Outcome::Success).count();
    let verb = if context.direction == Direction::Down { "reverted" } else { "applied" };
    let (are, them) = if done == 1 { ("IS", "it") } else { ("ARE", "them") };
    let migrations = format!("the {} of this run {are} {verb} and recorded", counted(done, "migration"));
    let again = match fault {
        HookFault::Interrupted => "run again",
        _ => "fix what stopped it, and run again",
    };
    match (hook, done) {
        (Hook::Backup, _) => format!("nothing was changed; {again}"),
        (Hook::Before | Hook::BeforeEach, 0) => format!("no migration was started; {again}"),
        (Hook::Before | Hook::BeforeEach, _) => format!("{migrations}; {again} for the others"),
        (Hook::AfterEach, _) => format!(
            "{migrations}: do by hand what the hook should have done after the last one, then run again for the others"
        ),
        // After the last migration.
        _ => {
            format!("{migrations}: do not run {them} again, but do by hand what the hook should have done")
        }
    }
}
