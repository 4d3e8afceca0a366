//! The bodies of events.

use std::time::Duration;

use migrascope::Error;
use migrascope::database::DatabaseError;
use migrascope::event::{Command, Event, Hook, RunContext, Witness};
use migrascope::plan::Step;
use migrascope::report::CheckStatus;
use serde_json::{Value, json};

use super::event_name::EventName;
use super::plan;
use super::status::schema_state;

/// The name and the body of an event; `None` for an event that is not written.
pub(super) fn of(event: &Event<'_>) -> Option<(EventName, Value)> {
    Some(match event {
        Event::RunStarted { command, run, expected, .. } => {
            (EventName::RunStarted, json!({ "database": expected, "run": context(*command, run) }))
        }
        Event::PolicyDecided { decided } => (EventName::PolicyDecided, json!({ "policy": decided })),
        Event::ConnectStarted => (EventName::ConnectStarted, json!({})),
        Event::ConnectFinished { result, elapsed } => (
            EventName::ConnectFinished,
            json!({ "database": result.ok(), "elapsed_seconds": seconds(*elapsed), "error": result.err().map(database) }),
        ),
        Event::PlanStarted => (EventName::PlanStarted, json!({})),
        Event::PlanFinished { result, elapsed, schema } => (
            EventName::PlanFinished,
            json!({
                "plan": result.as_ref().ok().map(|made| plan::plan(made)),
                "elapsed_seconds": seconds(*elapsed),
                "schema_state": schema_state(schema),
                "error": result.as_ref().err().map(|refused| error(refused)),
            }),
        ),
        Event::RunFinished { report, error: failed, schema } => (
            EventName::RunFinished,
            json!({
                "outcome": report.outcome,
                "elapsed_seconds": seconds(report.elapsed),
                "schema_state": schema.map(schema_state),
                "error": failed.map(error),
            }),
        ),
        other => {
            return of_lock(other).or_else(|| of_step(other)).or_else(|| of_health(other)).or_else(|| of_hook(other));
        }
    })
}

fn of_lock(event: &Event<'_>) -> Option<(EventName, Value)> {
    Some(match event {
        Event::SchemaAwaited { schema, error: failed, waited } => (
            EventName::SchemaAwaited,
            json!({
                "waited_seconds": seconds(*waited),
                "schema_state": schema.map(schema_state),
                "error": failed.map(error),
            }),
        ),
        Event::LockStarted { ledger } => (EventName::LockStarted, json!({ "ledger": ledger })),
        Event::LockWaited { holder, waited } => {
            (EventName::LockWaited, json!({ "holder": holder, "waited_seconds": seconds(*waited) }))
        }
        Event::LockFinished { error: failed, acquired, waited, retries } => (
            EventName::LockFinished,
            json!({
                "acquired": acquired,
                "waited_seconds": seconds(*waited),
                "retries": retries,
                "error": failed.map(error),
            }),
        ),
        Event::LockReleased { held, error: failed } => {
            (EventName::LockReleased, json!({ "held_seconds": seconds(*held), "error": failed.map(database) }))
        }
        _ => return None,
    })
}

fn of_step(event: &Event<'_>) -> Option<(EventName, Value)> {
    Some(match event {
        Event::MigrationStarted { step, index, of } => {
            let mut body = plan::step(step);
            body["index"] = json!(index);
            body["of"] = json!(of);
            (EventName::MigrationStarted, body)
        }
        Event::StatementStarted { step, index } => (EventName::StatementStarted, statement(step, *index)),
        Event::StatementRunning { step, index, elapsed } => {
            let mut body = statement(step, *index);
            body["elapsed_seconds"] = json!(seconds(*elapsed));
            (EventName::StatementRunning, body)
        }
        Event::StatementFinished { step, index, elapsed, result } => {
            let mut body = statement(step, *index);
            body["elapsed_seconds"] = json!(seconds(*elapsed));
            body["rows"] = json!(result.ok());
            body["error"] = json!(result.err().map(database));
            (EventName::StatementFinished, body)
        }
        Event::StatementBlocked { step, index, blocker, elapsed } => {
            let mut body = statement(step, *index);
            body["blocker"] = json!(blocker);
            body["elapsed_seconds"] = json!(seconds(*elapsed));
            (EventName::StatementBlocked, body)
        }
        Event::Retrying { step, index, reason, error, attempt, of, pause, blocker } => {
            let mut body = statement(step, *index);
            body["reason"] = json!(reason);
            body["error"] = json!(database(error));
            body["attempt"] = json!(attempt);
            body["attempts"] = json!(of);
            body["pause_seconds"] = json!(seconds(*pause));
            body["blocker"] = json!(blocker);
            (EventName::Retrying, body)
        }
        Event::AttemptStarted { step, attempt } => {
            (EventName::AttemptStarted, json!({ "version": step.migration.key.as_str(), "attempt": attempt }))
        }
        Event::InvalidIndexDropped { step, index, name } => {
            let mut body = statement(step, *index);
            body["index"] = json!(name);
            (EventName::InvalidIndexDropped, body)
        }
        Event::DoubtSettled { step, index, ran, witness } => {
            let mut body = statement(step, *index);
            body["took_effect"] = json!(ran);
            body["known_by"] = json!(match witness {
                Witness::Database => "database",
                Witness::Operator => "operator",
            });
            (EventName::DoubtSettled, body)
        }
        Event::TransactionRefused { step, index, error: refusal } => {
            let mut body = statement(step, *index);
            body["error"] = json!(database(refusal));
            (EventName::TransactionRefused, body)
        }
        Event::SettingRestored { step, index } => (EventName::SettingRestored, statement(step, *index)),
        Event::HistoryChanged { change, migrations } => (
            EventName::HistoryChanged,
            json!({ "change": change.word(), "version": change.key().as_str(), "migrations": migrations }),
        ),
        Event::RecordFinished { step, elapsed, error: failed } => (
            EventName::Recorded,
            json!({
                "version": step.migration.key.as_str(),
                "elapsed_seconds": seconds(*elapsed),
                "error": failed.map(database),
            }),
        ),
        Event::MigrationFinished { report, .. } => (EventName::MigrationFinished, json!({ "migration": report })),
        _ => return None,
    })
}

fn of_health(event: &Event<'_>) -> Option<(EventName, Value)> {
    Some(match event {
        Event::StateStarted => (EventName::StateStarted, json!({})),
        Event::StateFinished { elapsed } => (EventName::StateFinished, json!({ "elapsed_seconds": seconds(*elapsed) })),
        Event::HealthStarted => (EventName::HealthStarted, json!({})),
        Event::CheckStarted { name } => (EventName::CheckStarted, json!({ "name": name })),
        Event::CheckFinished { check } => (EventName::HealthChecked, json!({ "check": check })),
        Event::HealthFinished { report } => {
            let failed: Vec<&str> = report.with(CheckStatus::Fail).map(|check| check.name.as_str()).collect();
            let body =
                json!({ "healthy": report.is_healthy(), "failed": failed, "elapsed_seconds": seconds(report.elapsed) });
            (EventName::HealthFinished, body)
        }
        _ => return None,
    })
}

fn of_hook(event: &Event<'_>) -> Option<(EventName, Value)> {
    Some(match event {
        Event::HookStarted { hook, step } => (EventName::HookStarted, around(*hook, *step)),
        Event::HookRunning { hook, step, elapsed } => {
            let mut body = around(*hook, *step);
            body["elapsed_seconds"] = json!(seconds(*elapsed));
            (EventName::HookRunning, body)
        }
        Event::HookFinished { hook, step, elapsed, error: failed } => {
            let code = match failed {
                Some(Error::Hook { fault, .. }) => fault.exit_code(),
                Some(_) => None,
                None => hook.is_command().then_some(0),
            };
            let mut body = around(*hook, *step);
            body["elapsed_seconds"] = json!(seconds(*elapsed));
            body["exit_code"] = json!(code);
            body["error"] = json!(failed.map(error));
            (EventName::HookFinished, body)
        }
        _ => return None,
    })
}

fn around(hook: Hook, step: Option<&Step<'_>>) -> Value {
    json!({ "hook": hook.word(), "version": step.map(|step| step.migration.key.as_str()) })
}

fn context(command: Command, run: &RunContext) -> Value {
    json!({
        "command": command.word(),
        "target": run.target,
        "trace_id": run.trace.as_ref().map(|trace| trace.trace_id_hex()),
        "user": run.operator.user,
        "host": run.operator.host,
        "pod": run.operator.pod,
        "tool_version": run.tool_version,
    })
}

fn statement(step: &Step<'_>, index: usize) -> Value {
    let statements = step.statements();
    let statement = statements.get(index);
    json!({
        "version": step.migration.key.as_str(),
        "statement": index + 1,
        "of": statements.len(),
        "line": statement.map(|statement| statement.line),
        "column": statement.map(|statement| statement.column),
        "summary": statement.map(|statement| &statement.summary),
    })
}

fn error(error: &Error) -> Value {
    let mut body = json!({ "kind": error.kind(), "message": error.to_string() });
    if let Error::Refused(_) = error {
        body["reasons"] = json!(error.refusal_reasons());
    }
    body
}

fn database(error: &DatabaseError) -> Value {
    json!({ "code": error.code, "message": error.message, "detail": error.detail, "hint": error.hint })
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
