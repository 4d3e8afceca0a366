//! A database that is unhealthy: the checks that failed, their values, and that nothing needs to be run again.

use migrascope::Error;
use migrascope::history::Direction;
use migrascope::report::{CheckReport, Outcome};

use super::diagnosis::Diagnosis;
use super::failure_context::FailureContext;
use crate::cli::words::{self, counted};

pub(super) fn unhealthy(error: &Error, failed: &[CheckReport], context: FailureContext<'_>) -> Diagnosis {
    let mut diagnosis = Diagnosis::error(error.to_string());
    for check in failed {
        diagnosis.add_notes([found(check)]);
        diagnosis.add_help(check.help.iter().map(|help| format!("{}: {help}", check.name)));
    }
    diagnosis.add_help(applied(context));
    diagnosis
}

/// An interrupted check is not known to be healthy.
pub(super) fn interrupted(context: FailureContext<'_>) -> Diagnosis {
    let mut diagnosis = Diagnosis::error("interrupted during the health checks");
    diagnosis.add_help([applied(context).unwrap_or_else(|| "run migrascope health to repeat them".to_owned())]);
    diagnosis
}

fn found(check: &CheckReport) -> String {
    let measured = match (check.value, check.threshold) {
        (Some(value), Some(threshold)) => {
            let (value, threshold) = (words::quantity(value, check.unit), words::quantity(threshold, check.unit));
            format!(" (value {value}, threshold {threshold})")
        }
        _ => String::new(),
    };
    format!("{}{measured}: {}", check.name, check.message)
}

/// Whether to run again, the first question after a run that failed.
fn applied(context: FailureContext<'_>) -> Option<String> {
    let done = context.report?.steps.iter().filter(|step| step.outcome == Outcome::Success).count();
    let verb = if context.direction == Direction::Down { "reverted" } else { "applied" };
    let (are, them) = if done == 1 { ("IS", "it") } else { ("ARE", "them") };
    (done > 0).then(|| {
        format!(
            "the {} of this run {are} {verb} and recorded: do not run {them} again; migrascope health checks again",
            counted(done, "migration")
        )
    })
}
