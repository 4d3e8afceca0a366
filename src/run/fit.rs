//! What can be known of a plan's statements before the first one is sent: whether the server takes them as they were read.

use crate::database::Abilities;
use crate::plan::{Objection, Plan};
use crate::script;

/// Every statement that is larger than the server takes, and every file that its session reads in another way than we did.
pub(super) fn objections(plan: &Plan<'_>, abilities: Abilities) -> Vec<Objection> {
    let mut objections = Vec::new();
    for step in &plan.steps {
        let (version, name) = (step.migration.version.clone(), step.migration.name.clone());
        let otherwise = script::read_otherwise(&step.script.text, abilities.dialect, abilities.backslash_escapes);
        objections.extend(otherwise.map(|(mode, place)| Objection::Backslash {
            version: version.clone(),
            name: name.clone(),
            path: step.script.path.clone(),
            line: place.line,
            column: place.column,
            mode,
        }));
        let Some(limit) = abilities.largest_statement else { continue };
        let pending = step.statements().iter().skip(step.done);
        objections.extend(pending.filter(|statement| (statement.end - statement.start) as u64 > limit).map(
            |statement| Objection::TooLarge {
                version: version.clone(),
                name: name.clone(),
                line: statement.line,
                bytes: (statement.end - statement.start) as u64,
                limit,
            },
        ));
    }
    objections
}
