//! The catalogue of log events: their names, which never vary, and their severities.

/// The severity of a log event, as both OpenTelemetry and `tracing` name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Normal progress of a run.
    Info,
    /// Something waits, is slow or needs attention, and the run continues.
    Warn,
    /// Something failed.
    Error,
}

impl Severity {
    /// `INFO`, `WARN` or `ERROR`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// One log event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEvent {
    /// Its name: OpenTelemetry's event name, and the name of the `tracing` event.
    pub name: &'static str,
    /// Its severity; two where it depends on the outcome.
    pub severities: &'static [Severity],
}

const INFO: &[Severity] = &[Severity::Info];
const WARN: &[Severity] = &[Severity::Warn];
const ERROR: &[Severity] = &[Severity::Error];

/// A run began.
pub const LOG_RUN_STARTED: &str = "migrascope.run.started";
/// A run ended, with any outcome.
pub const LOG_RUN_FINISHED: &str = "migrascope.run.finished";
/// Another runner holds the lock; emitted once a run.
pub const LOG_LOCK_WAITING: &str = "migrascope.lock.waiting";
/// The lock was acquired.
pub const LOG_LOCK_ACQUIRED: &str = "migrascope.lock.acquired";
/// The wait for the lock timed out.
pub const LOG_LOCK_TIMEOUT: &str = "migrascope.lock.timeout";
/// Files of applied migrations have changed.
pub const LOG_CHECKSUM_MISMATCH: &str = "migrascope.checksum.mismatch";
/// Files of applied migrations are missing.
pub const LOG_MIGRATIONS_MISSING: &str = "migrascope.migrations.missing";
/// A migration is recorded as half-applied.
pub const LOG_SCHEMA_DIRTY: &str = "migrascope.schema.dirty";
/// A migration began.
pub const LOG_MIGRATION_STARTED: &str = "migrascope.migration.started";
/// A migration was applied.
pub const LOG_MIGRATION_APPLIED: &str = "migrascope.migration.applied";
/// A migration was reverted.
pub const LOG_MIGRATION_REVERTED: &str = "migrascope.migration.reverted";
/// A migration did not succeed.
pub const LOG_MIGRATION_FAILED: &str = "migrascope.migration.failed";
/// A statement took more than a second.
pub const LOG_STATEMENT_SLOW: &str = "migrascope.statement.slow";
/// A statement failed temporarily and is retried.
pub const LOG_STATEMENT_RETRYING: &str = "migrascope.statement.retrying";
/// An invalid index of an earlier attempt was dropped.
pub const LOG_INDEX_DROPPED: &str = "migrascope.index.dropped";
/// The run waits for the schema; emitted once.
pub const LOG_SCHEMA_AWAITED: &str = "migrascope.schema.awaited";
/// The policy decided whether an application's start applies migrations.
pub const LOG_POLICY_DECIDED: &str = "migrascope.policy.decided";
/// A user changed the history.
pub const LOG_HISTORY_CHANGED: &str = "migrascope.history.changed";
/// A hook began.
pub const LOG_HOOK_STARTED: &str = "migrascope.hook.started";
/// A hook ended, with any outcome.
pub const LOG_HOOK_FINISHED: &str = "migrascope.hook.finished";
/// A health check has failed.
pub const LOG_HEALTH_CHECK_FAILED: &str = "migrascope.health_check.failed";
/// The process received a signal to stop.
pub const LOG_SIGNAL_RECEIVED: &str = "migrascope.signal.received";
/// An exporter has lost items; emitted once for each exporter.
pub const LOG_TELEMETRY_DEGRADED: &str = "migrascope.telemetry.degraded";
/// An exporter has finished its last export.
pub const LOG_TELEMETRY_FLUSHED: &str = "migrascope.telemetry.flushed";

const fn event(name: &'static str, severities: &'static [Severity]) -> LogEvent {
    LogEvent { name, severities }
}

/// Every log event, in the order of the documentation.
pub const LOG_EVENTS: &[LogEvent] = &[
    event(LOG_RUN_STARTED, INFO),
    event(LOG_RUN_FINISHED, &[Severity::Info, Severity::Error]),
    event(LOG_POLICY_DECIDED, INFO),
    event(LOG_SCHEMA_AWAITED, INFO),
    event(LOG_LOCK_WAITING, WARN),
    event(LOG_LOCK_ACQUIRED, INFO),
    event(LOG_LOCK_TIMEOUT, ERROR),
    event(LOG_CHECKSUM_MISMATCH, WARN),
    event(LOG_MIGRATIONS_MISSING, WARN),
    event(LOG_SCHEMA_DIRTY, WARN),
    event(LOG_MIGRATION_STARTED, INFO),
    event(LOG_MIGRATION_APPLIED, INFO),
    event(LOG_MIGRATION_REVERTED, INFO),
    event(LOG_MIGRATION_FAILED, ERROR),
    event(LOG_STATEMENT_SLOW, WARN),
    event(LOG_STATEMENT_RETRYING, WARN),
    event(LOG_INDEX_DROPPED, WARN),
    event(LOG_HISTORY_CHANGED, WARN),
    event(LOG_HOOK_STARTED, INFO),
    event(LOG_HOOK_FINISHED, &[Severity::Info, Severity::Error]),
    event(LOG_HEALTH_CHECK_FAILED, ERROR),
    event(LOG_SIGNAL_RECEIVED, WARN),
    event(LOG_TELEMETRY_DEGRADED, WARN),
    event(LOG_TELEMETRY_FLUSHED, INFO),
];
