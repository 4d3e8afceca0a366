//! The status, the running migration and the health checks as JSON.

use migrascope::history::Running;
use migrascope::plan::{RefusalReason, Schema};
use migrascope::{Report, Status};
use serde_json::{Value, json};

use super::plan::notes;
use crate::cli::presentation::Detail;

/// The report of the health checks alone.
pub(crate) fn health(run: &Report) -> Value {
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

/// The running run; its operator is shown in full detail only.
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
            "version": attempt.key.as_str(),
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

/// The state of the schema, as in every event.
pub(crate) fn schema_state(schema: &Schema) -> Value {
    json!({
        "version": schema.version.as_ref().map(|version| version.as_str()),
        "applied": schema.applied,
        "pending": schema.pending,
        "changed": schema.changed,
        "missing": schema.missing,
        "half_way": schema.dirty,
    })
}
