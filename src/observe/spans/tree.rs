//! Begins each span of the tree: its parent, its kind, and the fields that it has now or later.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::field::Empty;
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::database::DatabaseAttributes;
use super::policy::Sampling;
use super::statement_text::StatementText;
use crate::event::{Command, RemoteParent, RunContext};
use crate::history::Direction;
use crate::observe::names;
use crate::plan::Step;

/// The root span of a run.
pub(super) fn root(command: Command, context: &RunContext, sampling: Sampling) -> Span {
    let remote = context.trace.as_ref().and_then(|trace| trace.parent.as_ref());
    let parent = if remote.is_some() { None } else { Span::current().id() };
    let span = info_span!(
        target: names::SCOPE,
        parent: parent,
        names::SPAN_RUN,
        { names::OTEL_NAME } = match command {
            Command::Up => names::SPAN_UP,
            Command::Down => names::SPAN_DOWN,
            Command::Health => names::SPAN_HEALTH_ALONE,
            Command::Repair => names::SPAN_REPAIR,
            Command::Baseline => names::SPAN_BASELINE,
            Command::Wait => names::SPAN_WAIT,
            Command::Exec => names::SPAN_EXEC,
        },
        { names::OTEL_KIND } = names::KIND_INTERNAL,
        { names::OTEL_STATUS_CODE } = Empty,
        { names::OTEL_STATUS_DESCRIPTION } = Empty,
        { names::PROCESS_EXECUTABLE_NAME } = executable_name(),
        { names::PROCESS_PID } = i64::from(std::process::id()),
        { names::PROCESS_EXIT_CODE } = Empty,
        { names::RUN_ID } = context.run_id,
        { names::COMMAND } = command.word(),
        { names::TARGET } = context.target,
        { names::POLICY_ENVIRONMENT } = Empty,
        { names::POLICY_DECISION } = Empty,
        { names::POLICY_REASON } = Empty,
        { names::OUTCOME } = Empty,
        { names::MIGRATIONS_PLANNED } = Empty,
        { names::MIGRATIONS_APPLIED } = Empty,
        { names::REFUSAL_REASONS } = Empty,
        { names::ERROR_TYPE } = Empty,
    );
    if let Some(remote) = remote {
        set_remote_parent(&span, remote, sampling);
    }
    span
}

/// Makes a sampled remote span the parent. A span that is not sampled is linked to, so that the run is recorded all the same, unless the
/// sampling follows the parent.
fn set_remote_parent(span: &Span, remote: &RemoteParent, sampling: Sampling) {
    let flags = if remote.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let caller = SpanContext::new(
        TraceId::from_bytes(remote.trace_id),
        SpanId::from_bytes(remote.span_id),
        flags,
        true,
        remote.state.parse::<TraceState>().unwrap_or_default(),
    );
    if remote.sampled || sampling == Sampling::Parent {
        // An error means that no subscriber maps spans to OpenTelemetry.
        let _ = span.set_parent(Context::new().with_remote_span_context(caller));
    } else {
        span.add_link(caller);
    }
}

/// A span as the parent of a process that is started; `None` where no subscriber maps spans to OpenTelemetry.
pub(super) fn as_remote_parent(span: &Span) -> Option<RemoteParent> {
    let context = span.context();
    let span = context.span();
    let ours = span.span_context();
    ours.is_valid().then(|| RemoteParent {
        trace_id: ours.trace_id().to_bytes(),
        span_id: ours.span_id().to_bytes(),
        sampled: ours.is_sampled(),
        state: ours.trace_state().header(),
    })
}

fn executable_name() -> String {
    let path = std::env::current_exe().ok();
    path.as_deref().and_then(|path| path.file_name()).unwrap_or_default().to_string_lossy().into_owned()
}

/// The connection.
pub(super) fn connect(root: &Span) -> Span {
    info_span!(
        target: names::SCOPE,
        parent: root,
        names::SPAN_CONNECT,
        { names::OTEL_KIND } = names::KIND_CLIENT,
        { names::OTEL_STATUS_CODE } = Empty,
        { names::OTEL_STATUS_DESCRIPTION } = Empty,
        { names::DB_SYSTEM_NAME } = Empty,
        { names::DB_NAMESPACE } = Empty,
        { names::SERVER_ADDRESS } = Empty,
        { names::SERVER_PORT } = Empty,
        { names::CONNECT_ATTEMPTS } = Empty,
        { names::OUTCOME } = Empty,
        { names::ERROR_TYPE } = Empty,
    )
}

/// Acquiring the lock.
pub(super) fn lock(root: &Span, key: &str) -> Span {
    info_span!(
        target: names::SCOPE,
        parent: root,
        names::SPAN_LOCK,
        { names::OTEL_KIND } = names::KIND_INTERNAL,
        { names::OTEL_STATUS_CODE } = Empty,
        { names::OTEL_STATUS_DESCRIPTION } = Empty,
        { names::LOCK_KIND } = names::LOCK_ADVISORY,
        { names::LOCK_KEY } = key,
        { names::LOCK_WAIT } = Empty,
        { names::LOCK_HOLDER } = Empty,
        { names::OUTCOME } = Empty,
        { names::ERROR_TYPE } = Empty,
    )
}

/// Reading the history and planning.
pub(super) fn plan(root: &Span) -> Span {
    info_span!(
        target: names::SCOPE,
        parent: root,
        names::SPAN_PLAN,
        { names::OTEL_KIND } = names::KIND_INTERNAL,
        { names::OTEL_STATUS_CODE } = Empty,
        { names::OTEL_STATUS_DESCRIPTION } = Empty,
        { names::SCHEMA_VERSION_FROM } = Empty,
        { names::MIGRATIONS_PENDING } = Empty,
        { names::CHECKSUM_MISMATCHES } = Empty,
        { names::MIGRATIONS_MISSING } = Empty,
        { names::REFUSAL_REASONS } = Empty,
        { names::OUTCOME } = Empty,
        { names::ERROR_TYPE } = Empty,
    )
}

/// One migration.
pub(super) fn migrate(root: &Span, step: &Step<'_>) -> Span {
    info_span!(
        target: names::SCOPE,
        parent: root,
        names::SPAN_MIGRATE,
        { names::OTEL_KIND } = names::KIND_INTERNAL,
        { names::OTEL_STATUS_CODE } = Empty,
        { names::OTEL_STATUS_DESCRIPTION } = Empty,
        { names::MIGRATION_VERSION } = step.migration.key.as_str(),
        { names::MIGRATION_NAME } = step.migration.name,
        { names::MIGRATION_DIRECTION } = step.direction.word(),
        { names::MIGRATION_CHECKSUM } = step.script.checksum().as_str(),
        { names::MIGRATION_TRANSACTIONAL } = step.atomic.is_yes(),
        { names::MIGRATION_ATTEMPTS } = Empty,
        { names::OUTCOME } = Empty,
        { names::ERROR_TYPE } = Empty,
    )
}

/// A retry of a migration or a statement.
pub(super) fn attempt(migrate: &Span, number: u32) -> Span {
    info_span!(
        target: names::SCOPE,
        parent: migrate,
        names::SPAN_ATTEMPT,
        { names::OTEL_KIND } = names::KIND_INTERNAL,
        { names::OTEL_STATUS_CODE } = Empty,
        { names::OTEL_STATUS_DESCRIPTION } = Empty,
        { names::ATTEMPT } = i64::from(number),
        { names::OUTCOME } = Empty,
        { names::ERROR_TYPE } = Empty,
    )
}

/// SQLite's statements have the kind `client` as well: they wait for the disk and for the locks of other processes, and tools find
/// database calls by this kind.
pub(super) fn statement(migrate: &Span, database: &DatabaseAttributes, text: &StatementText<'_>, number: i64) -> Span {
    info_span!(
        target: names::SCOPE,
        parent: migrate,
        names::SPAN_STATEMENT,
        { names::OTEL_NAME } = text.summary.unwrap_or(database.system),
        { names::OTEL_KIND } = names::KIND_CLIENT,
        { names::OTEL_STATUS_CODE } = Empty,
        { names::OTEL_STATUS_DESCRIPTION } = Empty,
        { names::DB_SYSTEM_NAME } = database.system,
        { names::DB_NAMESPACE } = database.namespace,
        { names::DB_QUERY_SUMMARY } = text.summary,
        { names::DB_QUERY_TEXT } = text.text.as_deref(),
        { names::SERVER_ADDRESS } = database.address,
        { names::SERVER_PORT } = database.port.map(i64::from),
        { names::STATEMENT_INDEX } = number,
        { names::STATEMENT_SHA256 } = text.sha256.as_str(),
        { names::STATEMENT_ROWS } = Empty,
        { names::BLOCKER } = Empty,
        { names::DB_RESPONSE_STATUS_CODE } = Empty,
        { names::OUTCOME } = Empty,
        { names::ERROR_TYPE } = Empty,
    )
}

/// The ledger row: a statement of our own, so operation and table are known without parsing SQL.
pub(super) fn record(migrate: &Span, database: &DatabaseAttributes, direction: Direction, ledger: &str) -> Span {
    info_span!(
        target: names::SCOPE,
        parent: migrate,
        names::SPAN_RECORD,
        { names::OTEL_KIND } = names::KIND_CLIENT,
        { names::OTEL_STATUS_CODE } = Empty,
        { names::OTEL_STATUS_DESCRIPTION } = Empty,
        { names::DB_SYSTEM_NAME } = database.system,
        { names::DB_NAMESPACE } = database.namespace,
        { names::DB_OPERATION_NAME } = match direction {
            Direction::Up => names::OPERATION_INSERT,
            Direction::Down => names::OPERATION_DELETE,
        },
        { names::DB_COLLECTION_NAME } = ledger,
        { names::SERVER_ADDRESS } = database.address,
        { names::SERVER_PORT } = database.port.map(i64::from),
        { names::RECORD_DURATION } = Empty,
        { names::DB_RESPONSE_STATUS_CODE } = Empty,
        { names::OUTCOME } = Empty,
        { names::ERROR_TYPE } = Empty,
    )
}

/// Releasing the lock.
pub(super) fn unlock(root: &Span, held: f64) -> Span {
    info_span!(
        target: names::SCOPE,
        parent: root,
        names::SPAN_UNLOCK,
        { names::OTEL_KIND } = names::KIND_INTERNAL,
        { names::OTEL_STATUS_CODE } = Empty,
        { names::OTEL_STATUS_DESCRIPTION } = Empty,
        { names::LOCK_HELD } = held,
        { names::DB_RESPONSE_STATUS_CODE } = Empty,
        { names::ERROR_TYPE } = Empty,
    )
}
