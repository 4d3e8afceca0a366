//! The last line: what came out, and why not more.

use migrascope::database::Identity;
use migrascope::event::Hook;
use migrascope::history::Running;
use migrascope::plan::{Atomic, Note, Plan, RefusalReason, Step};
use migrascope::{Error, Report as Run, Status};
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::escape::shortened;
use crate::cli::exit::Exit;
use crate::cli::explain::Diagnosis;
use crate::cli::settings::Detail;

/// What a command ends with; the parts that it does not have are left out.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Report<'a> {
    /// The command's name.
    pub(crate) command: &'a str,
    /// The process's exit code.
    pub(crate) exit_code: u8,
    /// What a run did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) run: Option<&'a Run>,
    /// What `plan`, `status`, `verify`, `health` and `new` found or made.
    #[serde(flatten)]
    pub(crate) found: Option<Value>,
    /// Why it did not succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Problem>,
    /// The settings file that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) settings_file: Option<String>,
    /// The variables that were read from a `.env` file.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(crate) from_dotenv: &'a [String],
    /// What the process has warned of, such as telemetry that could not be sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
}

/// Why a command did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// The database's code, or a word.
    pub(crate) kind: String,
    /// The one line.
    pub(crate) message: String,
    /// Why a plan was refused, each reason once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) reasons: Vec<RefusalReason>,
    /// Everything that is wrong, one by one, as it is shown to people.
    pub(crate) problems: Vec<Diagnosis>,
}

impl Problem {
    /// An error of the library and its explanation.
    pub(crate) fn new(error: &Error, problems: Vec<Diagnosis>) -> Self {
        Self {
            kind: error.kind().to_owned(),
            message: shortened(&error.to_string()).into_owned(),
            reasons: error.refusal_reasons(),
            problems,
        }
    }

    /// Something else that is wrong.
    pub(crate) fn of_kind(kind: &str, problems: Vec<Diagnosis>) -> Self {
        let message = problems.first().map(|first| first.message.clone()).unwrap_or_default();
        Self { kind: kind.to_owned(), message, reasons: Vec::new(), problems }
    }
}

impl<'a> Report<'a> {
    /// A report with nothing in it yet.
    pub(crate) fn new(command: &'a str, exit: Exit) -> Self {
        Self { command, exit_code: exit.code(), ..Self::default() }
    }
}

/// A plan.
pub(crate) fn plan(plan: &Plan<'_>) -> Value {
    json!({
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
        "notes": notes(&plan.notes),
    })
}

/// One step of a plan, its statements counted.
pub(crate) fn step(step: &Step<'_>) -> Value {
    let why = match &step.atomic {
        Atomic::Yes => None,
        Atomic::No { why } => Some(why),
    };
    json!({
        "version": step.migration.version.as_str(),
        "name": step.migration.name,
        "direction": step.direction,
        "path": step.script.path(),
        "atomic": why.is_none(),
        "not_atomic_because": why,
        "foreign_keys": step.foreign_keys.map(|on| if on { "on" } else { "off" }),
        "statements": step.statements().len(),
    })
}

/// A plan with every statement.
pub(crate) fn whole_plan(identity: &Identity, made: &Plan<'_>, hooks: &[Hook]) -> Value {
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

fn notes(notes: &[Note]) -> Vec<String> {
    notes.iter().map(ToString::to_string).collect()
}

/// The health checks alone.
pub(crate) fn health(run: &Run) -> Value {
    json!({ "run_id": run.run_id, "trace_id": run.trace_id, "health": run.health })
}

/// The status.
pub(crate) fn status(status: &Status) -> Value {
    json!({
        "database": status.identity,
        "version": status.schema.version.as_ref().map(|version| version.as_str()),
        "applied": status.schema.applied,
        "pending": status.schema.pending,
        "migrations": status.rows,
        "running": status.running.as_ref().map(|run| running(run, Detail::Full)),
        "objections": status.objections.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "reasons": RefusalReason::of(&status.objections),
        "notes": notes(&status.notes),
    })
}

/// The run that is going on; whose it is and where is a detail.
pub(crate) fn running(run: &Running, detail: Detail) -> Value {
    let mut value = json!({
        "run_id": run.run_id,
        "command": run.command,
        "direction": run.direction,
        "since": run.began,
        "elapsed_seconds": run.elapsed.as_secs_f64(),
        "migrations": run.migrations,
        "migrations_done": run.migrations_done,
        "migration": run.attempt.as_ref().map(|attempt| json!({
            "version": attempt.version.as_str(),
            "name": attempt.name,
            "direction": attempt.direction,
            "statement": attempt.statement(),
            "statements": attempt.total,
            "since": attempt.began,
            "elapsed_seconds": attempt.elapsed.as_secs_f64(),
        })),
        "certain": run.certain,
    });
    if detail == Detail::Full {
        for (key, known) in [("user", &run.operator), ("host", &run.host), ("pod", &run.pod)] {
            value[key] = json!(known);
        }
    }
    value
}
