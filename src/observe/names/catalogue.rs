//! The catalogue of metrics, with their buckets.

use super::attributes::{
    CHECKSUM_MISMATCHES, DB_COLLECTION_NAME, DB_OPERATION_NAME, DIRECTION, ERROR_TYPE, HEALTH_CHECK, LOCK,
    MIGRATIONS_APPLIED, MIGRATIONS_MISSING, MIGRATIONS_PENDING, OUTCOME, REFUSAL_REASON, RETRY_REASON, REVISION,
    RUN_ID, STAGE, TELEMETRY_EXPORTER, TELEMETRY_SIGNAL, TRACE_ID, VERSION, prometheus_label,
};

pub use crate::journal::{
    CHECK_BOUNDS as CHECK_BUCKETS, DURATION_BOUNDS as DURATION_BUCKETS, WAIT_BOUNDS as WAIT_BUCKETS,
};

/// The kinds of metrics, as Prometheus calls them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A value that goes up and down.
    Gauge,
    /// A total that only grows; its Prometheus name ends in `_total`.
    Counter,
    /// A distribution over these upper bounds.
    Histogram(&'static [f64]),
}

impl Kind {
    /// `gauge`, `counter` or `histogram`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// Its OpenTelemetry name.
    pub name: &'static str,
    /// Its unit in UCUM; empty for booleans and versions.
    pub unit: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Labels besides [`super::COMMON_LABELS`].
    pub labels: &'static [&'static str],
    /// Its description, as exported.
    pub description: &'static str,
    /// Whether only a present run changes it. Other metrics are read from the journal, which other runs change too.
    pub of_present_run: bool,
}

impl Metric {
    /// Its name in Prometheus text: `migrascope_run_duration_seconds`.
    #[must_use]
    pub fn prometheus_name(&self) -> String {
        let unit = if self.unit == SECONDS { "_seconds" } else { "" };
        let total = if self.kind == Kind::Counter { "_total" } else { "" };
        format!("{}{unit}{total}", prometheus_label(self.name))
    }
}

const SECONDS: &str = "s";
const MIGRATIONS: &str = "{migration}";
const RETRIES: &str = "{retry}";

const fn gauge(name: &'static str, unit: &'static str, description: &'static str) -> Metric {
    Metric { name, unit, kind: Kind::Gauge, labels: &[], description, of_present_run: false }
}

const fn of_present_run(metric: Metric) -> Metric {
    Metric { of_present_run: true, ..metric }
}

const fn labelled(metric: Metric, labels: &'static [&'static str]) -> Metric {
    Metric { labels, ..metric }
}

/// When the last run ended.
pub const LAST_RUN_TIMESTAMP: Metric =
    gauge("migrascope.last_run.timestamp", SECONDS, "When the last run ended, whatever its outcome");
/// When a run last succeeded.
pub const LAST_SUCCESS_TIMESTAMP: Metric =
    gauge("migrascope.last_success.timestamp", SECONDS, "When a run last succeeded; 0 if never");
/// When a run last ended in any other way.
pub const LAST_FAILURE_TIMESTAMP: Metric =
    gauge("migrascope.last_failure.timestamp", SECONDS, "When a run last ended without success; 0 if never");
/// Whether the last run succeeded.
pub const LAST_RUN_SUCCESS: Metric = gauge("migrascope.last_run.success", "", "Whether the last run succeeded");
/// Why the last run did not succeed.
pub const LAST_RUN_ERROR: Metric = labelled(
    gauge("migrascope.last_run.error", "", "1, with why the last run did not succeed as labels; absent where it did"),
    &[ERROR_TYPE, REFUSAL_REASON],
);
/// How long the last run took.
pub const LAST_RUN_DURATION: Metric = gauge("migrascope.last_run.duration", SECONDS, "How long the last run took");
/// The durations of the last run's stages.
pub const LAST_RUN_STAGE_DURATION: Metric = labelled(
    gauge("migrascope.last_run.stage.duration", SECONDS, "How long each stage of the last run took"),
    &[STAGE],
);
/// The migrations of the last run.
pub const LAST_RUN_MIGRATIONS: Metric = labelled(
    gauge("migrascope.last_run.migrations", MIGRATIONS, "Migrations that the last run started, by their outcome"),
    &[OUTCOME],
);
/// How many rows the last run changed.
pub const ROWS_AFFECTED: Metric = labelled(
    gauge("migrascope.rows.affected", "{row}", "Rows that the statements of the last run changed, by operation"),
    &[DB_OPERATION_NAME],
);
/// Whether a run is in progress.
pub const RUN_IN_PROGRESS: Metric =
    of_present_run(gauge("migrascope.run.in_progress", "", "Whether a run is in progress"));
/// Whether a run of another process holds its lock.
pub const RUN_LOCK_HELD: Metric = gauge(
    "migrascope.run.lock_held",
    "",
    "Whether the run in progress holds its lock; 0 where its process is dead or runs without it: its statement may still run",
);
/// Retries of the present or last run.
pub const RUN_RETRIES: Metric = of_present_run(labelled(
    gauge("migrascope.run.retries", RETRIES, "Retries of migrations and statements in the present or last run"),
    &[RETRY_REASON],
));
/// When the run began.
pub const RUN_START_TIMESTAMP: Metric =
    of_present_run(gauge("migrascope.run.start.timestamp", SECONDS, "When the present or last run began"));
/// When the run was last known to be alive.
pub const RUN_HEARTBEAT_TIMESTAMP: Metric = of_present_run(gauge(
    "migrascope.run.heartbeat.timestamp",
    SECONDS,
    "When the present or last run was last known to be alive",
));
/// The schema's version as a number.
pub const SCHEMA_VERSION: Metric = of_present_run(gauge(
    "migrascope.schema.version",
    "",
    "The highest applied version, where a double holds it exactly; 0 if none is applied",
));
/// The schema's version as text.
pub const SCHEMA_INFO: Metric = of_present_run(labelled(
    gauge("migrascope.schema.info", "", "1, with the highest applied version as a label"),
    &[VERSION],
));
/// Whether a half-applied migration is recorded.
pub const SCHEMA_DIRTY: Metric =
    of_present_run(gauge("migrascope.schema.dirty", "", "Whether a migration is recorded as half-applied"));
/// Migrations applied.
pub const APPLIED: Metric = of_present_run(gauge(MIGRATIONS_APPLIED, MIGRATIONS, "Migrations that are applied"));
/// Migrations pending.
pub const PENDING: Metric =
    of_present_run(gauge(MIGRATIONS_PENDING, MIGRATIONS, "Migrations on disk that are not applied"));
/// Applied files that were edited.
pub const MISMATCHES: Metric =
    of_present_run(gauge(CHECKSUM_MISMATCHES, MIGRATIONS, "Applied migrations whose file has changed since"));
/// Applied migrations without a file.
pub const MISSING: Metric =
    of_present_run(gauge(MIGRATIONS_MISSING, MIGRATIONS, "Applied migrations whose file is missing"));
/// Runs.
pub const RUNS: Metric = Metric {
    name: "migrascope.runs",
    unit: "{run}",
    kind: Kind::Counter,
    labels: &[OUTCOME],
    description: "Runs that ended, by their outcome",
    of_present_run: false,
};
/// Migrations.
pub const MIGRATIONS_RUN: Metric = Metric {
    name: "migrascope.migrations",
    unit: MIGRATIONS,
    kind: Kind::Counter,
    labels: &[DIRECTION, OUTCOME],
    description: "Migrations that were started, by their direction and outcome",
    of_present_run: false,
};
/// Retries of the lock.
pub const LOCK_RETRIES: Metric = Metric {
    name: "migrascope.lock.retries",
    unit: RETRIES,
    kind: Kind::Counter,
    labels: &[RETRY_REASON],
    description: "Retries of the lock because it was held",
    of_present_run: false,
};
/// Retries of migrations and statements.
pub const STATEMENT_RETRIES: Metric = Metric {
    name: "migrascope.statement.retries",
    unit: RETRIES,
    kind: Kind::Counter,
    labels: &[RETRY_REASON],
    description: "Retries of migrations and statements, by their reason",
    of_present_run: false,
};
/// How long runs take.
pub const RUN_DURATION: Metric = Metric {
    name: "migrascope.run.duration",
    unit: SECONDS,
    kind: Kind::Histogram(DURATION_BUCKETS),
    labels: &[DIRECTION, OUTCOME],
    description: "How long runs take",
    of_present_run: false,
};
/// How long migrations take.
pub const MIGRATION_DURATION: Metric = Metric {
    name: "migrascope.migration.duration",
    unit: SECONDS,
    kind: Kind::Histogram(DURATION_BUCKETS),
    labels: &[DIRECTION, OUTCOME],
    description: "How long migrations take, recording included",
    of_present_run: false,
};
/// How long a lock is waited for.
pub const LOCK_WAIT_DURATION: Metric = Metric {
    name: "migrascope.lock.wait.duration",
    unit: SECONDS,
    kind: Kind::Histogram(WAIT_BUCKETS),
    labels: &[LOCK],
    description: "How long a lock is waited for",
    of_present_run: false,
};
/// Whether each health check succeeded.
pub const HEALTH_CHECK_SUCCESS: Metric = labelled(
    gauge("migrascope.health_check.success", "", "Whether the health check succeeded, with a warning or without"),
    &[HEALTH_CHECK],
);
/// How long each health check takes.
pub const HEALTH_CHECK_DURATION: Metric = Metric {
    name: "migrascope.health_check.duration",
    unit: SECONDS,
    kind: Kind::Histogram(CHECK_BUCKETS),
    labels: &[HEALTH_CHECK],
    description: "How long health checks take",
    of_present_run: false,
};
/// How long our own statements take: those that write the ledger.
pub const CLIENT_OPERATION_DURATION: Metric = Metric {
    name: "db.client.operation.duration",
    unit: SECONDS,
    kind: Kind::Histogram(CHECK_BUCKETS),
    labels: &[DB_OPERATION_NAME, DB_COLLECTION_NAME, ERROR_TYPE],
    description: "How long writing a row of the ledger takes, the commit included",
    of_present_run: false,
};
/// Exports that failed.
pub const EXPORT_FAILURES: Metric = Metric {
    name: "migrascope.telemetry.export.failures",
    unit: "{export}",
    kind: Kind::Counter,
    labels: &[TELEMETRY_SIGNAL, TELEMETRY_EXPORTER],
    description: "Exports of telemetry that failed in this process",
    of_present_run: false,
};
/// Which run was the last one.
pub const LAST_RUN_INFO: Metric = labelled(
    gauge("migrascope.last_run.info", "", "1, with the ids of the last run and its trace as labels"),
    &[RUN_ID, TRACE_ID],
);
/// How long each migration of the last run took.
pub const LAST_RUN_MIGRATION_DURATION: Metric = labelled(
    gauge("migrascope.last_run.migration.duration", SECONDS, "How long each migration of the last run took"),
    &[VERSION],
);
/// The version of the program.
pub const BUILD_INFO: Metric =
    labelled(gauge("migrascope.build.info", "", "1, with the program's version as a label"), &[VERSION, REVISION]);

/// Every metric, in the order of the documentation.
pub const METRICS: &[Metric] = &[
    LAST_RUN_TIMESTAMP,
    LAST_SUCCESS_TIMESTAMP,
    LAST_FAILURE_TIMESTAMP,
    LAST_RUN_SUCCESS,
    LAST_RUN_ERROR,
    LAST_RUN_DURATION,
    LAST_RUN_STAGE_DURATION,
    LAST_RUN_MIGRATIONS,
    ROWS_AFFECTED,
    RUN_IN_PROGRESS,
    RUN_LOCK_HELD,
    RUN_RETRIES,
    RUN_START_TIMESTAMP,
    RUN_HEARTBEAT_TIMESTAMP,
    SCHEMA_VERSION,
    SCHEMA_INFO,
    SCHEMA_DIRTY,
    APPLIED,
    PENDING,
    MISMATCHES,
    MISSING,
    RUNS,
    MIGRATIONS_RUN,
    LOCK_RETRIES,
    STATEMENT_RETRIES,
    RUN_DURATION,
    MIGRATION_DURATION,
    LOCK_WAIT_DURATION,
    HEALTH_CHECK_SUCCESS,
    HEALTH_CHECK_DURATION,
    CLIENT_OPERATION_DURATION,
    EXPORT_FAILURES,
    LAST_RUN_INFO,
    LAST_RUN_MIGRATION_DURATION,
    BUILD_INFO,
];
