//! How each span of the tree begins: its parent, its kind, and the fields that it has now or will have.

use std::time::SystemTime;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::field::Empty;
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::open::Cut;
use super::policy::Sampling;
use super::sql::Told;
use crate::database::{DatabaseError, Identity};
use crate::error::Error;
use crate::event::{Command, RemoteParent, RunContext};
use crate::history::Direction;
use crate::migration::Dialect;
use crate::observe::disclosure::{disclose, disclose_run};
use crate::observe::names;
use crate::plan::{RefusalReason, Step};

/// The database in attributes.
#[derive(Default)]
pub(super) struct Place {
    pub(super) system: &'static str,
    pub(super) dialect: Option<Dialect>,
    namespace: String,
    address: Option<String>,
    port: Option<u16>,
}

impl Place {
    pub(super) fn of(identity: &Identity) -> Self {
        Self {
            system: identity.system,
            dialect: Some(identity.dialect()),
            namespace: identity.namespace(),
            address: identity.address.clone(),
            port: identity.unusual_port(),
        }
    }

    /// Fills the fields of a span that began before it was known who would answer.
    pub(super) fn record(&self, span: &Span) {
        span.record(names::DB_SYSTEM_NAME, self.system);
        span.record(names::DB_NAMESPACE, self.namespace.as_str());
        if let Some(address) = &self.address {
            span.record(names::SERVER_ADDRESS, address.as_str());
        }
        if let Some(port) = self.port {
            span.record(names::SERVER_PORT, i64::from(port));
        }
    }
}

pub(super) fn root(context: &RunContext, sampling: Sampling) -> Span {
    let remote = context.trace.as_ref().and_then(|trace| trace.parent.as_ref());
    let parent = if remote.is_some() { None } else { Span::current().id() };
    let span = info_span!(
        target: names::SCOPE,
        parent: parent,
        names::SPAN_RUN,
        { names::OTEL_NAME } = match context.command {
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
        { names::COMMAND } = context.command.word(),
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
        adopt(&span, remote, sampling);
    }
    span
}

/// A recorded parent becomes the parent; an unrecorded one is linked to, so that the run is recorded all the same,
/// unless its word is law.
fn adopt(span: &Span, remote: &RemoteParent, sampling: Sampling) {
    let flags = if remote.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let caller = SpanContext::new(
        TraceId::from_bytes(remote.trace_id),
        SpanId::from_bytes(remote.span_id),
        flags,
        true,
        remote.state.parse::<TraceState>().unwrap_or_default(),
    );
    if remote.sampled || sampling == Sampling::Parent {
        // An error says that no subscriber maps spans to OpenTelemetry: there is no trace to be part of.
        let _ = span.set_parent(Context::new().with_remote_span_context(caller));
    } else {
        span.add_link(caller);
    }
}

/// A span of ours as a process that we start sees it; `None` where no subscriber maps spans to OpenTelemetry.
pub(super) fn seen_from_outside(span: &Span) -> Option<RemoteParent> {
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

pub(super) fn migrate(root: &Span, step: &Step<'_>) -> Span {
    info_span!(
        target: names::SCOPE,
        parent: root,
        names::SPAN_MIGRATE,
        { names::OTEL_KIND } = names::KIND_INTERNAL,
        { names::OTEL_STATUS_CODE } = Empty,
        { names::OTEL_STATUS_DESCRIPTION } = Empty,
        { names::MIGRATION_VERSION } = step.migration.version.as_str(),
        { names::MIGRATION_NAME } = step.migration.name,
        { names::MIGRATION_DIRECTION } = step.direction.word(),
        { names::MIGRATION_CHECKSUM } = step.script.checksum().as_str(),
        { names::MIGRATION_TRANSACTIONAL } = step.atomic.is_yes(),
        { names::MIGRATION_ATTEMPTS } = Empty,
        { names::OUTCOME } = Empty,
        { names::ERROR_TYPE } = Empty,
    )
}

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

/// SQLite's statements are the client's as well: they wait for the disk and for other processes' locks, and what draws
/// database calls looks for this kind.
pub(super) fn statement(migrate: &Span, place: &Place, told: &Told<'_>, number: i64) -> Span {
    info_span!(
        target: names::SCOPE,
        parent: migrate,
        names::SPAN_STATEMENT,
        { names::OTEL_NAME } = told.summary.unwrap_or(place.system),
        { names::OTEL_KIND } = names::KIND_CLIENT,
        { names::OTEL_STATUS_CODE } = Empty,
        { names::OTEL_STATUS_DESCRIPTION } = Empty,
        { names::DB_SYSTEM_NAME } = place.system,
        { names::DB_NAMESPACE } = place.namespace,
        { names::DB_QUERY_SUMMARY } = told.summary,
        { names::DB_QUERY_TEXT } = told.text.as_deref(),
        { names::SERVER_ADDRESS } = place.address,
        { names::SERVER_PORT } = place.port.map(i64::from),
        { names::STATEMENT_INDEX } = number,
        { names::STATEMENT_SHA256 } = told.sha256.as_str(),
        { names::STATEMENT_ROWS } = Empty,
        { names::BLOCKER } = Empty,
        { names::DB_RESPONSE_STATUS_CODE } = Empty,
        { names::OUTCOME } = Empty,
        { names::ERROR_TYPE } = Empty,
    )
}

/// The one statement that we have written ourselves, so its operation and its table are known without reading SQL.
pub(super) fn record(migrate: &Span, place: &Place, direction: Direction, ledger: &str) -> Span {
    info_span!(
        target: names::SCOPE,
        parent: migrate,
        names::SPAN_RECORD,
        { names::OTEL_KIND } = names::KIND_CLIENT,
        { names::OTEL_STATUS_CODE } = Empty,
        { names::OTEL_STATUS_DESCRIPTION } = Empty,
        { names::DB_SYSTEM_NAME } = place.system,
        { names::DB_NAMESPACE } = place.namespace,
        { names::DB_OPERATION_NAME } = match direction {
            Direction::Up => names::OPERATION_INSERT,
            Direction::Down => names::OPERATION_DELETE,
        },
        { names::DB_COLLECTION_NAME } = ledger,
        { names::SERVER_ADDRESS } = place.address,
        { names::SERVER_PORT } = place.port.map(i64::from),
        { names::RECORD_DURATION } = Empty,
        { names::DB_RESPONSE_STATUS_CODE } = Empty,
        { names::OUTCOME } = Empty,
        { names::ERROR_TYPE } = Empty,
    )
}

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

/// Marks a span as failed; the description must not hold SQL or values.
pub(super) fn fail(span: &Span, error_type: &str, description: Option<&str>) {
    span.record(names::ERROR_TYPE, error_type);
    match description {
        Some(description) => span.record(names::OTEL_STATUS_DESCRIPTION, description),
        None => span.record(names::OTEL_STATUS_CODE, names::STATUS_ERROR),
    };
}

/// Marks a span as cut off.
pub(super) fn cut(span: &Span, cut: &Cut<'_>) {
    span.record(names::OUTCOME, cut.outcome);
    fail(span, cut.error_type, Some(cut.description));
}

/// Marks the root span or that of the plan as failed.
pub(super) fn fail_by(span: &Span, error: &Error) {
    if let Some(reasons) = RefusalReason::joined(&error.refusal_reasons()) {
        span.record(names::REFUSAL_REASONS, reasons.as_str());
    }
    fail(span, error.kind(), Some(&disclose_run(error)));
}

/// Marks the span of a database call as failed.
pub(super) fn fail_at_database(span: &Span, error: &DatabaseError) {
    fail_in_words(span, error, disclose(error));
}

/// The same with this description.
pub(super) fn fail_in_words(span: &Span, error: &DatabaseError, description: Option<&str>) {
    if let Some(code) = &error.code {
        span.record(names::DB_RESPONSE_STATUS_CODE, code.as_str());
    }
    fail(span, error.error_type(), description);
}

/// Ends a span in the past: a statement that went out in one message with the commit ended before the answer came.
pub(super) fn end_at(span: &Span, end: SystemTime) {
    span.context().span().end_with_timestamp(end);
}

/// Keeps a span from being exported: its parent is exchanged for a context that suppresses telemetry. To be called
/// before anything has asked for its OpenTelemetry context, which is when the span would be built.
pub(super) fn discard(span: &Span) {
    // An error says that no subscriber maps spans to OpenTelemetry: there is nothing to be kept from it.
    let _ = span.set_parent(Context::new().with_telemetry_suppressed());
}
