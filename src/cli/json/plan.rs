//! Plans as JSON.

use migrascope::database::ServerInfo;
use migrascope::event::Hook;
use migrascope::plan::{Atomic, Note, Plan, Step};
use serde_json::{Value, json};

/// A plan with the number of statements of each step.
pub(super) fn plan(plan: &Plan<'_>) -> Value {
    json!({
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
        "notes": notes(&plan.notes),
    })
}

/// A step with the number of its statements.
pub(super) fn step(step: &Step<'_>) -> Value {
    let why = match &step.atomic {
        Atomic::Yes => None,
        Atomic::No { why } => Some(why),
    };
    json!({
        "version": step.migration.key.as_str(),
        "name": step.migration.name,
        "direction": step.direction,
        "path": step.script.path(),
        "atomic": why.is_none(),
        "not_atomic_because": why,
        "foreign_keys": step.foreign_keys.map(|on| if on { "on" } else { "off" }),
        "statements": step.statements().len(),
    })
}

/// A plan with every statement, for the command `plan`.
pub(crate) fn whole_plan(identity: &ServerInfo, made: &Plan<'_>, hooks: &[Hook]) -> Value {
    json!({
        "hooks": hooks.iter().map(|hook| hook.word()).collect::<Vec<_>>(),
        "database": identity,
        "steps": made.steps.iter().map(whole_step).collect::<Vec<_>>(),
        "notes": notes(&made.notes),
    })
}

fn whole_step(whole: &Step<'_>) -> Value {
    let mut body = step(whole);
    let statements = whole.statements().iter().enumerate().map(|(index, statement)| {
        json!({
            "line": statement.line,
            "column": statement.column,
            "summary": statement.summary,
            "alone": whole.goes_alone(index),
        })
    });
    body["statements"] = statements.collect();
    body
}

pub(super) fn notes(notes: &[Note]) -> Vec<String> {
    notes.iter().map(ToString::to_string).collect()
}
