//! Every name that leaves the process as telemetry: spans, attributes, labels, metrics and their buckets.
//!
//! Names of OpenTelemetry's semantic conventions are used where there is one; everything else begins with `migrascope.`.
//! Names never carry a value: versions, files and messages are attributes.

/// The instrumentation scope of spans and metrics, and the `tracing` target of every span.
pub const SCOPE: &str = "migrascope";

/// Root span of a run that applies.
pub const SPAN_UP: &str = "migrascope up";
/// Root span of a run that reverts.
pub const SPAN_DOWN: &str = "migrascope down";
/// The root span's name for `tracing`; OpenTelemetry sees [`SPAN_UP`] or [`SPAN_DOWN`].
pub const SPAN_RUN: &str = "migrascope";
/// Making the connection.
pub const SPAN_CONNECT: &str = "connect";
/// Asking for the lock, until it is had or given up.
pub const SPAN_LOCK: &str = "acquire lock";
/// Reading the history and making the plan.
pub const SPAN_PLAN: &str = "plan";
/// One migration.
pub const SPAN_MIGRATE: &str = "migrate";
/// One statement, for `tracing`; OpenTelemetry sees its summary.
pub const SPAN_STATEMENT: &str = "statement";
/// Writing the ledger row, and the commit where the migration is atomic.
pub const SPAN_RECORD: &str = "record ledger";
/// Giving the lock back.
pub const SPAN_UNLOCK: &str = "release lock";

/// Overrides a span's name in OpenTelemetry; read by `tracing-opentelemetry`, never exported.
pub const OTEL_NAME: &str = "otel.name";
/// A span's kind; read by `tracing-opentelemetry`, never exported.
pub const OTEL_KIND: &str = "otel.kind";
/// A span's status; read by `tracing-opentelemetry`, never exported.
pub const OTEL_STATUS_CODE: &str = "otel.status_code";
/// Why a span failed; makes its status an error; read by `tracing-opentelemetry`, never exported.
pub const OTEL_STATUS_DESCRIPTION: &str = "otel.status_description";
/// The kind of a span that waits for another system.
pub const KIND_CLIENT: &str = "client";
/// The kind of a span inside the process.
pub const KIND_INTERNAL: &str = "internal";
/// The status of a span that failed.
pub const STATUS_ERROR: &str = "error";

/// `postgresql`, `mysql`, `mariadb` or `sqlite`.
pub const DB_SYSTEM_NAME: &str = "db.system.name";
/// `database|schema`, or the database alone.
pub const DB_NAMESPACE: &str = "db.namespace";
/// `{operation} {target}` of a statement, such as `CREATE TABLE users`.
pub const DB_QUERY_SUMMARY: &str = "db.query.summary";
/// SQLSTATE, error number or result code of a failure.
pub const DB_RESPONSE_STATUS_CODE: &str = "db.response.status_code";
/// Host name, address or socket path.
pub const SERVER_ADDRESS: &str = "server.address";
/// The port, unless it is the usual one.
pub const SERVER_PORT: &str = "server.port";
/// The database's code or a word of low cardinality; on failure only.
pub const ERROR_TYPE: &str = "error.type";
/// Error type: no connection, and no code for it.
pub const ERROR_CONNECT: &str = "connect";
/// Error type: the database refused without a code.
pub const ERROR_DATABASE: &str = "database";
/// Error type: the lock was waited for in vain.
pub const ERROR_LOCK_TIMEOUT: &str = "lock_timeout";
/// Error type: the process failed before or after the run; the conventions' word for an unnamed error.
pub const ERROR_OTHER: &str = "_OTHER";
/// The program's file name.
pub const PROCESS_EXECUTABLE_NAME: &str = "process.executable.name";
/// The process id.
pub const PROCESS_PID: &str = "process.pid";
/// What the process exits with.
pub const PROCESS_EXIT_CODE: &str = "process.exit.code";

/// The run's id, a UUID.
pub const RUN_ID: &str = "migrascope.run.id";
/// `up` or `down`.
pub const COMMAND: &str = "migrascope.command";
/// The logical name of the database: on the root span, and a label of every metric.
pub const TARGET: &str = "migrascope.target";
/// How the run or the migration ended: `success`, `failure`, `error`, `timeout`, `cancellation` or `skip`.
pub const OUTCOME: &str = "migrascope.outcome";
/// Migrations that the plan has.
pub const MIGRATIONS_PLANNED: &str = "migrascope.migrations.planned";
/// Migrations of the run that succeeded, in either direction.
pub const MIGRATIONS_APPLIED: &str = "migrascope.migrations.applied";
/// Migrations that were pending when the plan was made.
pub const MIGRATIONS_PENDING: &str = "migrascope.migrations.pending";
/// The highest applied version before the run.
pub const SCHEMA_VERSION_FROM: &str = "migrascope.schema.version.from";
/// Applied migrations whose file has changed since.
pub const CHECKSUM_MISMATCHES: &str = "migrascope.checksum.mismatches";
/// What sort of lock: [`LOCK_ADVISORY`].
pub const LOCK_KIND: &str = "migrascope.lock.kind";
/// The ledger's table that the lock guards.
pub const LOCK_KEY: &str = "migrascope.lock.key";
/// Seconds waited for the lock.
pub const LOCK_WAIT: &str = "migrascope.lock.wait";
/// Who had the lock when we began to wait.
pub const LOCK_HOLDER: &str = "migrascope.lock.holder";
/// Seconds that the lock was held.
pub const LOCK_HELD: &str = "migrascope.lock.held";
/// The migration's version.
pub const MIGRATION_VERSION: &str = "migrascope.migration.version";
/// The migration's name.
pub const MIGRATION_NAME: &str = "migrascope.migration.name";
/// `up` or `down`.
pub const MIGRATION_DIRECTION: &str = "migrascope.migration.direction";
/// SHA-256 of the script.
pub const MIGRATION_CHECKSUM: &str = "migrascope.migration.checksum";
/// Whether the migration runs in one transaction with its ledger row.
pub const MIGRATION_TRANSACTIONAL: &str = "migrascope.migration.transactional";
/// The statement's number in its migration, from 1.
pub const STATEMENT_INDEX: &str = "migrascope.statement.index";
/// Rows affected or returned.
pub const STATEMENT_ROWS: &str = "migrascope.statement.rows";
/// Seconds for the ledger row and the commit. The span itself is shorter where they went out with the last statement.
pub const RECORD_DURATION: &str = "migrascope.record.duration";

/// Label: `up` or `down`.
pub const DIRECTION: &str = "migrascope.direction";
/// Label: `connect`, `lock`, `plan` or `apply`.
pub const STAGE: &str = "migrascope.stage";
/// Label: the sort of lock that was waited for.
pub const LOCK: &str = "migrascope.lock";
/// Label: a version, of the schema or of the program.
pub const VERSION: &str = "migrascope.version";
/// Label: the commit that the program was built from.
pub const REVISION: &str = "migrascope.revision";

/// The runner's own lock: whoever does not ask for it is not kept out.
pub const LOCK_ADVISORY: &str = "advisory";
/// Stage: making the connection.
pub const STAGE_CONNECT: &str = "connect";
/// Stage: waiting for the lock.
pub const STAGE_LOCK: &str = "lock";
/// Stage: reading the history and making the plan.
pub const STAGE_PLAN: &str = "plan";
/// Stage: the migrations, recording included.
pub const STAGE_APPLY: &str = "apply";

/// Labels of every metric.
pub const COMMON_LABELS: &[&str] = &[TARGET, DB_SYSTEM_NAME, DB_NAMESPACE];

/// Upper bounds in seconds for runs and migrations: milliseconds to hours.
pub const DURATION_BUCKETS: &[f64] =
    &[0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14400.0];
/// Upper bounds in seconds for waiting: nobody waits longer than a minute by default.
pub const WAIT_BUCKETS: &[f64] = &[0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0];

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
    /// Its unit in UCUM; empty for truth values and versions, which have none.
    pub unit: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Labels besides [`COMMON_LABELS`].
    pub labels: &'static [&'static str],
    /// What it tells.
    pub description: &'static str,
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

/// The name of a label or attribute in Prometheus text: `db_system_name`.
#[must_use]
pub fn prometheus_label(attribute: &str) -> String {
    attribute.replace('.', "_")
}

const SECONDS: &str = "s";
const MIGRATIONS: &str = "{migration}";

const fn gauge(name: &'static str, unit: &'static str, description: &'static str) -> Metric {
    Metric { name, unit, kind: Kind::Gauge, labels: &[], description }
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
/// How long the last run took.
pub const LAST_RUN_DURATION: Metric = gauge("migrascope.last_run.duration", SECONDS, "How long the last run took");
/// Where the time of the last run went.
pub const LAST_RUN_STAGE_DURATION: Metric = labelled(
    gauge("migrascope.last_run.stage.duration", SECONDS, "How long each stage of the last run took"),
    &[STAGE],
);
/// What the last run did.
pub const LAST_RUN_MIGRATIONS: Metric = labelled(
    gauge("migrascope.last_run.migrations", MIGRATIONS, "Migrations that the last run began, by their outcome"),
    &[OUTCOME],
);
/// Whether a run is going on.
pub const RUN_IN_PROGRESS: Metric = gauge("migrascope.run.in_progress", "", "Whether a run is going on");
/// When the run began.
pub const RUN_START_TIMESTAMP: Metric =
    gauge("migrascope.run.start.timestamp", SECONDS, "When the present or last run began");
/// When the run last gave a sign of life.
pub const RUN_HEARTBEAT_TIMESTAMP: Metric =
    gauge("migrascope.run.heartbeat.timestamp", SECONDS, "When the present or last run last gave a sign of life");
/// The schema's version as a number.
pub const SCHEMA_VERSION: Metric = gauge(
    "migrascope.schema.version",
    "",
    "The highest applied version, where a double holds it exactly; 0 if none is applied",
);
/// The schema's version as text.
pub const SCHEMA_INFO: Metric =
    labelled(gauge("migrascope.schema.info", "", "1, with the highest applied version as a label"), &[VERSION]);
/// Whether a half-applied migration is recorded.
pub const SCHEMA_DIRTY: Metric =
    gauge("migrascope.schema.dirty", "", "Whether a migration is recorded as half-applied");
/// Migrations applied.
pub const APPLIED: Metric = gauge("migrascope.migrations.applied", MIGRATIONS, "Migrations that are applied");
/// Migrations pending.
pub const PENDING: Metric =
    gauge("migrascope.migrations.pending", MIGRATIONS, "Migrations on disk that are not applied");
/// Applied files that were edited.
pub const MISMATCHES: Metric =
    gauge(CHECKSUM_MISMATCHES, MIGRATIONS, "Applied migrations whose file has changed since");
/// Runs.
pub const RUNS: Metric = Metric {
    name: "migrascope.runs",
    unit: "{run}",
    kind: Kind::Counter,
    labels: &[OUTCOME],
    description: "Runs that ended, by their outcome",
};
/// Migrations.
pub const MIGRATIONS_RUN: Metric = Metric {
    name: "migrascope.migrations",
    unit: MIGRATIONS,
    kind: Kind::Counter,
    labels: &[DIRECTION, OUTCOME],
    description: "Migrations that were begun, by their direction and outcome",
};
/// How long runs take.
pub const RUN_DURATION: Metric = Metric {
    name: "migrascope.run.duration",
    unit: SECONDS,
    kind: Kind::Histogram(DURATION_BUCKETS),
    labels: &[DIRECTION, OUTCOME],
    description: "How long runs take",
};
/// How long migrations take.
pub const MIGRATION_DURATION: Metric = Metric {
    name: "migrascope.migration.duration",
    unit: SECONDS,
    kind: Kind::Histogram(DURATION_BUCKETS),
    labels: &[DIRECTION, OUTCOME],
    description: "How long migrations take, recording included",
};
/// How long a lock is waited for.
pub const LOCK_WAIT_DURATION: Metric = Metric {
    name: "migrascope.lock.wait.duration",
    unit: SECONDS,
    kind: Kind::Histogram(WAIT_BUCKETS),
    labels: &[LOCK],
    description: "How long a lock is waited for",
};
/// Which program wrote this.
pub const BUILD_INFO: Metric =
    labelled(gauge("migrascope.build.info", "", "1, with the program's version as a label"), &[VERSION, REVISION]);

/// Every metric, in the order of the documentation.
pub const METRICS: &[Metric] = &[
    LAST_RUN_TIMESTAMP,
    LAST_SUCCESS_TIMESTAMP,
    LAST_FAILURE_TIMESTAMP,
    LAST_RUN_SUCCESS,
    LAST_RUN_DURATION,
    LAST_RUN_STAGE_DURATION,
    LAST_RUN_MIGRATIONS,
    RUN_IN_PROGRESS,
    RUN_START_TIMESTAMP,
    RUN_HEARTBEAT_TIMESTAMP,
    SCHEMA_VERSION,
    SCHEMA_INFO,
    SCHEMA_DIRTY,
    APPLIED,
    PENDING,
    MISMATCHES,
    RUNS,
    MIGRATIONS_RUN,
    RUN_DURATION,
    MIGRATION_DURATION,
    LOCK_WAIT_DURATION,
    BUILD_INFO,
];
