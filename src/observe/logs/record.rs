//! Each record: its name, severity, fields and message.

use std::time::Duration;

use tracing::{Level, event};

use super::run_attributes::RunAttributes;
use crate::database::{DatabaseError, ServerInfo};
use crate::error::Error;
use crate::event::{Command, RunContext};
use crate::history::Direction;
use crate::migration::Statement;
use crate::observe::disclosure::disclose_run;
use crate::observe::names;
use crate::plan::{Change, RefusalReason, Step};
use crate::policy::Decided;
use crate::report::{CheckReport, Failure, Outcome, Report, RetryReason, StepReport};

pub(super) fn run_started(run: &RunAttributes, command: Command, context: &RunContext, expected: &ServerInfo) {
    event!(
        name: names::LOG_RUN_STARTED,
        target: names::SCOPE,
        Level::INFO,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::COMMAND } = command.word(),
        { names::VERSION } = context.tool_version,
        { names::DB_SYSTEM_NAME } = expected.system,
        { names::DB_NAMESPACE } = expected.namespace(),
        "{} has started",
        command.word()
    );
}

pub(super) fn policy_decided(run: &RunAttributes, decided: &Decided) {
    event!(
        name: names::LOG_POLICY_DECIDED,
        target: names::SCOPE,
        Level::INFO,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::POLICY_ENVIRONMENT } = decided.environment.word(),
        { names::POLICY_DECISION } = decided.decision.word(),
        { names::POLICY_REASON } = decided.why,
        "{decided}"
    );
}

pub(super) fn schema_awaited(run: &RunAttributes, pending: Option<usize>) {
    event!(
        name: names::LOG_SCHEMA_AWAITED,
        target: names::SCOPE,
        Level::INFO,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::MIGRATIONS_PENDING } = pending,
        "waiting for the schema"
    );
}

pub(super) fn run_finished(run: &RunAttributes, report: &Report, error: Option<&Error>) {
    let elapsed = report.elapsed.as_secs_f64();
    let applied = report.steps.iter().filter(|step| step.outcome == Outcome::Success).count();
    match error {
        None => event!(
            name: names::LOG_RUN_FINISHED,
            target: names::SCOPE,
            Level::INFO,
            { names::RUN_ID } = &*run.id,
            { names::TARGET } = run.target(),
            { names::OUTCOME } = report.outcome.word(),
            { names::MIGRATIONS_APPLIED } = applied,
            { names::ELAPSED } = elapsed,
            "{} has finished",
            report.command
        ),
        Some(error) => event!(
            name: names::LOG_RUN_FINISHED,
            target: names::SCOPE,
            Level::ERROR,
            { names::RUN_ID } = &*run.id,
            { names::TARGET } = run.target(),
            { names::OUTCOME } = report.outcome.word(),
            { names::MIGRATIONS_APPLIED } = applied,
            { names::ELAPSED } = elapsed,
            { names::ERROR_TYPE } = error.kind(),
            { names::REFUSAL_REASONS } = RefusalReason::joined(&error.refusal_reasons()).as_deref(),
            "{} has failed: {}",
            report.command,
            disclose_run(error)
        ),
    }
}

pub(super) fn lock_waiting(run: &RunAttributes, holder: Option<&str>) {
    event!(
        name: names::LOG_LOCK_WAITING,
        target: names::SCOPE,
        Level::WARN,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::LOCK_HOLDER } = holder,
        "another runner holds the lock"
    );
}

pub(super) fn lock_acquired(run: &RunAttributes, waited: Duration) {
    event!(
        name: names::LOG_LOCK_ACQUIRED,
        target: names::SCOPE,
        Level::INFO,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::LOCK_WAIT } = waited.as_secs_f64(),
        "lock acquired"
    );
}

pub(super) fn lock_timeout(run: &RunAttributes, waited: Duration, holder: Option<&str>) {
    event!(
        name: names::LOG_LOCK_TIMEOUT,
        target: names::SCOPE,
        Level::ERROR,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::ERROR_TYPE } = names::ERROR_LOCK_TIMEOUT,
        { names::LOCK_WAIT } = waited.as_secs_f64(),
        { names::LOCK_HOLDER } = holder,
        "timed out waiting for the lock"
    );
}

pub(super) fn checksum_mismatch(run: &RunAttributes, changed: usize) {
    event!(
        name: names::LOG_CHECKSUM_MISMATCH,
        target: names::SCOPE,
        Level::WARN,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::CHECKSUM_MISMATCHES } = changed,
        "files of applied migrations have changed: {changed}"
    );
}

pub(super) fn migrations_missing(run: &RunAttributes, missing: usize) {
    event!(
        name: names::LOG_MIGRATIONS_MISSING,
        target: names::SCOPE,
        Level::WARN,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::MIGRATIONS_MISSING } = missing,
        "files of applied migrations are gone: {missing}"
    );
}

pub(super) fn schema_dirty(run: &RunAttributes) {
    event!(
        name: names::LOG_SCHEMA_DIRTY,
        target: names::SCOPE,
        Level::WARN,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        "a migration is recorded as half-applied"
    );
}

pub(super) fn migration_started(run: &RunAttributes, step: &Step<'_>) {
    let (version, name) = (step.migration.key.as_str(), step.migration.name.as_str());
    event!(
        name: names::LOG_MIGRATION_STARTED,
        target: names::SCOPE,
        Level::INFO,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::MIGRATION_VERSION } = version,
        { names::MIGRATION_NAME } = name,
        { names::MIGRATION_DIRECTION } = step.direction.word(),
        { names::MIGRATION_TRANSACTIONAL } = step.atomic.is_yes(),
        "migration {version} ({name}) has started"
    );
}

/// The name of an event is a constant of its call site, so the two directions are two events.
pub(super) fn migration_done(run: &RunAttributes, report: &StepReport) {
    let (version, name, elapsed) = (report.version.as_str(), report.name.as_str(), report.elapsed.as_secs_f64());
    match report.direction {
        Direction::Up => event!(
            name: names::LOG_MIGRATION_APPLIED,
            target: names::SCOPE,
            Level::INFO,
            { names::RUN_ID } = &*run.id,
            { names::TARGET } = run.target(),
            { names::MIGRATION_VERSION } = version,
            { names::MIGRATION_NAME } = name,
            { names::MIGRATION_DIRECTION } = report.direction.word(),
            { names::ELAPSED } = elapsed,
            "migration {version} ({name}) is applied"
        ),
        Direction::Down => event!(
            name: names::LOG_MIGRATION_REVERTED,
            target: names::SCOPE,
            Level::INFO,
            { names::RUN_ID } = &*run.id,
            { names::TARGET } = run.target(),
            { names::MIGRATION_VERSION } = version,
            { names::MIGRATION_NAME } = name,
            { names::MIGRATION_DIRECTION } = report.direction.word(),
            { names::ELAPSED } = elapsed,
            "migration {version} ({name}) is reverted"
        ),
    }
}

/// `disclosed` is what may be disclosed of the database's error.
pub(super) fn migration_failed(run: &RunAttributes, report: &StepReport, disclosed: Option<&str>) {
    let (version, name) = (report.version.as_str(), report.name.as_str());
    let failure = report.failure.as_ref();
    let error_type = failure.map_or(report.outcome.word(), Failure::error_type);
    let colon = if disclosed.is_some() { ": " } else { "" };
    event!(
        name: names::LOG_MIGRATION_FAILED,
        target: names::SCOPE,
        Level::ERROR,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::MIGRATION_VERSION } = version,
        { names::MIGRATION_NAME } = name,
        { names::MIGRATION_DIRECTION } = report.direction.word(),
        { names::OUTCOME } = report.outcome.word(),
        { names::ERROR_TYPE } = error_type,
        { names::STATEMENT_INDEX } = failure.and_then(|failure| failure.statement),
        { names::SCRIPT_FILE } = failure.map(|failure| failure.path.display().to_string()),
        { names::SCRIPT_LINE } = failure.map(|failure| failure.line),
        { names::SCRIPT_COLUMN } = failure.map(|failure| failure.column),
        { names::ELAPSED } = report.elapsed.as_secs_f64(),
        "migration {version} ({name}) has failed{colon}{}",
        disclosed.unwrap_or_default()
    );
}

pub(super) fn statement_slow(
    run: &RunAttributes,
    step: &Step<'_>,
    statement: &Statement,
    number: usize,
    elapsed: Duration,
) {
    event!(
        name: names::LOG_STATEMENT_SLOW,
        target: names::SCOPE,
        Level::WARN,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::MIGRATION_VERSION } = step.migration.key.as_str(),
        { names::STATEMENT_INDEX } = number,
        { names::DB_QUERY_SUMMARY } = statement.summary.as_str(),
        { names::ELAPSED } = elapsed.as_secs_f64(),
        "{} took {:.1} s",
        statement.summary,
        elapsed.as_secs_f64()
    );
}

/// A failed attempt that is retried.
pub(super) struct Retry<'r> {
    /// The statement's index, from 0.
    pub(super) index: usize,
    pub(super) reason: RetryReason,
    pub(super) error: &'r DatabaseError,
    pub(super) attempt: u32,
    pub(super) of: u32,
    pub(super) pause: Duration,
    pub(super) blocker: Option<String>,
}

pub(super) fn statement_retrying(run: &RunAttributes, step: &Step<'_>, retry: &Retry<'_>) {
    let summary = step.statements().get(retry.index).map(|statement| statement.summary.as_str());
    let pause = retry.pause.as_secs_f64();
    event!(
        name: names::LOG_STATEMENT_RETRYING,
        target: names::SCOPE,
        Level::WARN,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::MIGRATION_VERSION } = step.migration.key.as_str(),
        { names::STATEMENT_INDEX } = retry.index + 1,
        { names::DB_QUERY_SUMMARY } = summary,
        { names::RETRY_REASON } = retry.reason.word(),
        { names::ERROR_TYPE } = retry.error.error_type(),
        { names::ATTEMPT } = retry.attempt,
        { names::ATTEMPTS } = retry.of,
        { names::RETRY_PAUSE } = pause,
        { names::BLOCKER } = retry.blocker.as_deref(),
        "{} failed ({}), retrying in {pause:.1} s",
        summary.unwrap_or("a statement"),
        retry.reason.word()
    );
}

/// The database's message is left out: it may quote rows.
pub(super) fn index_dropped(run: &RunAttributes, step: &Step<'_>, name: &str) {
    event!(
        name: names::LOG_INDEX_DROPPED,
        target: names::SCOPE,
        Level::WARN,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::MIGRATION_VERSION } = step.migration.key.as_str(),
        { names::INDEX_NAME } = name,
        "the invalid index {name} was dropped: an earlier attempt to build it had failed"
    );
}

pub(super) fn history_changed(run: &RunAttributes, change: &Change, migrations: usize) {
    event!(
        name: names::LOG_HISTORY_CHANGED,
        target: names::SCOPE,
        Level::WARN,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::CHANGE } = change.word(),
        { names::MIGRATION_VERSION } = change.key().as_str(),
        { names::CHANGED_MIGRATIONS } = migrations,
        "history was changed by hand: {} {}",
        change.word(),
        change.key()
    );
}

pub(super) fn health_check_failed(run: &RunAttributes, check: &CheckReport) {
    event!(
        name: names::LOG_HEALTH_CHECK_FAILED,
        target: names::SCOPE,
        Level::ERROR,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::HEALTH_CHECK_NAME } = check.name.as_str(),
        { names::HEALTH_CHECK_VALUE } = check.value,
        { names::HEALTH_CHECK_THRESHOLD } = check.threshold,
        { names::ERROR_TYPE } = names::ERROR_UNHEALTHY,
        { names::ELAPSED } = check.elapsed.as_secs_f64(),
        "the health check {} has failed",
        check.name
    );
}

pub(super) fn signal_received(run: &RunAttributes, signal: &str) {
    event!(
        name: names::LOG_SIGNAL_RECEIVED,
        target: names::SCOPE,
        Level::WARN,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::SIGNAL } = signal,
        "received {signal}, stopping"
    );
}

pub(super) fn telemetry_flushed(run: &RunAttributes, signal: &str, outcome: Outcome, elapsed: Duration) {
    event!(
        name: names::LOG_TELEMETRY_FLUSHED,
        target: names::SCOPE,
        Level::INFO,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::TELEMETRY_SIGNAL } = signal,
        { names::OUTCOME } = outcome.word(),
        { names::ELAPSED } = elapsed.as_secs_f64(),
        "the export of {signal} has finished"
    );
}

pub(super) fn telemetry_degraded(run: &RunAttributes, signal: &str, reason: &str, lost: usize) {
    event!(
        name: names::LOG_TELEMETRY_DEGRADED,
        target: names::SCOPE,
        Level::WARN,
        { names::RUN_ID } = &*run.id,
        { names::TARGET } = run.target(),
        { names::TELEMETRY_SIGNAL } = signal,
        { names::TELEMETRY_LOST } = lost,
        "{reason}"
    );
}
