//! Checks the statements of a plan before the first one is sent: whether the server accepts their size, and whether it splits them in the
//! same way.

use crate::database::Capabilities;
use crate::event::Hook;
use crate::health::Health;
use crate::migration::Script;
use crate::plan::{Objection, Plan};

use super::options::Options;

/// The objections to statements that exceed the server's size limit, and to files that its session would split differently.
pub(super) fn objections(plan: &Plan<'_>, options: &Options, capabilities: Capabilities) -> Vec<Objection> {
    let hook = |hook: Hook| Some((format!("the hook {}", hook.word()), options.hooks.script(hook)?.script()));
    let own = match &options.health {
        Health::Check { custom, .. } => custom.as_slice(),
        Health::Skip => &[],
    };
    let checks = own.iter().map(|check| (format!("the check {}", check.name), check.script.script()));
    // These scripts run only if a migration runs.
    let scripts = Hook::ALL.into_iter().filter_map(hook).chain(checks).filter(|_| !plan.steps.is_empty());
    let mut objections: Vec<_> = scripts.filter_map(|(name, script)| backslash(name, script, capabilities)).collect();
    for step in &plan.steps {
        objections.extend(backslash(format!("migration {}", step.migration), step.script, capabilities));
        let Some(limit) = capabilities.largest_statement else { continue };
        let pending = step.statements().iter().skip(step.done);
        objections.extend(pending.filter(|statement| (statement.end - statement.start) as u64 > limit).map(
            |statement| Objection::TooLarge {
                key: step.migration.key.clone(),
                name: step.migration.name.clone(),
                line: statement.line,
                bytes: (statement.end - statement.start) as u64,
                limit,
            },
        ));
    }
    objections
}

fn backslash(name: String, script: &Script, capabilities: Capabilities) -> Option<Objection> {
    let (mode, place) = capabilities.read_otherwise(script.text())?;
    let place = script.place(place.byte);
    let (line, column) = (place.line, place.column);
    Some(Objection::Backslash { script: name, path: script.path().to_owned(), line, column, mode })
}
