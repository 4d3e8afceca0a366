//! What can be known of a plan's statements before the first one is sent: whether the server takes them as they were read.

use crate::database::Abilities;
use crate::event::Hook;
use crate::migration::Script;
use crate::plan::{Objection, Plan};
use crate::script;

use super::Hooks;

/// Every statement that is larger than the server takes, and every file that its session reads in another way than we did.
pub(super) fn objections(plan: &Plan<'_>, hooks: &Hooks, abilities: Abilities) -> Vec<Objection> {
    let scripts =
        Hook::ALL.into_iter().filter_map(|hook| Some((format!("the hook {}", hook.word()), hooks.script(hook)?)));
    // They run around migrations alone.
    let scripts = scripts.filter(|_| !plan.steps.is_empty());
    let mut objections: Vec<_> = scripts.filter_map(|(name, script)| backslash(name, script, abilities)).collect();
    for step in &plan.steps {
        objections.extend(backslash(format!("migration {}", step.migration), step.script, abilities));
        let Some(limit) = abilities.largest_statement else { continue };
        let pending = step.statements().iter().skip(step.done);
        objections.extend(pending.filter(|statement| (statement.end - statement.start) as u64 > limit).map(
            |statement| Objection::TooLarge {
                version: step.migration.version.clone(),
                name: step.migration.name.clone(),
                line: statement.line,
                bytes: (statement.end - statement.start) as u64,
                limit,
            },
        ));
    }
    objections
}

fn backslash(name: String, script: &Script, abilities: Abilities) -> Option<Objection> {
    let (mode, place) = script::read_otherwise(&script.text, abilities.dialect, abilities.backslash_escapes)?;
    let (line, column) = (place.line, place.column);
    Some(Objection::Backslash { script: name, path: script.path.clone(), line, column, mode })
}
