//! Names of spans, attributes and labels.

/// The instrumentation scope of spans, metrics and logs, and the `tracing` target of every span and event.
pub const SCOPE: &str = "migrascope";

/// The release of OpenTelemetry's semantic conventions that our names follow.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.42.0";

/// Root span of a run that applies.
pub const SPAN_UP: &str = "migrascope up";
/// Root span of a run that reverts.
pub const SPAN_DOWN: &str = "migrascope down";
/// Root span of the health checks alone.
pub const SPAN_HEALTH_ALONE: &str = "migrascope health";
/// Root span of a change of history, or of the resumption of a half-way migration.
pub const SPAN_REPAIR: &str = "migrascope repair";
/// Root span of a baseline.
pub const SPAN_BASELINE: &str = "migrascope baseline";
/// Root span of the migrations before an application's start.
pub const SPAN_EXEC: &str = "migrascope exec";
/// Root span of waiting for a schema.
pub const SPAN_WAIT: &str = "migrascope wait";
/// The root span's name for `tracing`; OpenTelemetry sees [`SPAN_UP`] or [`SPAN_DOWN`].
pub const SPAN_RUN: &str = "migrascope";
/// Connecting to the database.
pub const SPAN_CONNECT: &str = "connect";
/// Waiting for the lock, until it is acquired or the wait times out.
pub const SPAN_LOCK: &str = "acquire lock";
/// Reading the history and making the plan.
pub const SPAN_PLAN: &str = "plan";
/// One migration.
pub const SPAN_MIGRATE: &str = "migrate";
/// One statement, for `tracing`; OpenTelemetry sees its summary.
pub const SPAN_STATEMENT: &str = "statement";
/// Writing the ledger row, and the commit where the migration is atomic.
pub const SPAN_RECORD: &str = "record ledger";
/// A retry after a transient failure.
pub const SPAN_ATTEMPT: &str = "attempt";
/// A hook, for `tracing`; OpenTelemetry sees which.
pub const SPAN_HOOK: &str = "migrascope hook";
/// The command that makes a backup.
pub const SPAN_HOOK_BACKUP: &str = "migrascope hook backup";
/// The command before the first migration.
pub const SPAN_HOOK_BEFORE: &str = "migrascope hook before";
/// SQL before a migration.
pub const SPAN_HOOK_BEFORE_EACH: &str = "migrascope hook before_each";
/// SQL after a migration.
pub const SPAN_HOOK_AFTER_EACH: &str = "migrascope hook after_each";
/// The command at the end of the run.
pub const SPAN_HOOK_AFTER: &str = "migrascope hook after";
/// Releasing the lock.
pub const SPAN_UNLOCK: &str = "release lock";

/// Event on a migration's span: a statement ended; instead of its span, where a run has many migrations.
pub const EVENT_STATEMENT: &str = "migrascope.statement.finished";
/// Event on a migration's span: the ledger row was written; instead of its span, where a run has many migrations.
pub const EVENT_RECORD: &str = "migrascope.ledger.recorded";
/// Reading the state before a run, which its health checks compare with.
pub const SPAN_STATE: &str = "state before";
/// The health checks.
pub const SPAN_HEALTH: &str = "health check";
/// The health check that connects.
pub const CHECK_CONNECT: &str = "connect";
/// The health check whether the server takes writes.
pub const CHECK_WRITABLE: &str = "writable";
/// One health check.
pub const SPAN_CHECK: &str = "check";

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
/// A statement's text, where the policy includes it.
pub const DB_QUERY_TEXT: &str = "db.query.text";
/// The operation of a statement: [`OPERATION_INSERT`] or [`OPERATION_DELETE`] for the ledger, others for migrations.
pub const DB_OPERATION_NAME: &str = "db.operation.name";
/// Inserting the row of an applied migration.
pub const OPERATION_INSERT: &str = "INSERT";
/// Deleting the row of a reverted migration.
pub const OPERATION_DELETE: &str = "DELETE";
/// Label of rows that were updated.
pub const OPERATION_UPDATE: &str = "UPDATE";
/// Label of rows that another operation changed; the conventions' value for anything that is not listed.
pub const OPERATION_OTHER: &str = "_OTHER";
/// The table of the ledger's statements.
pub const DB_COLLECTION_NAME: &str = "db.collection.name";
/// SQLSTATE, error number or result code of a failure.
pub const DB_RESPONSE_STATUS_CODE: &str = "db.response.status_code";
/// Host name, address or socket path.
pub const SERVER_ADDRESS: &str = "server.address";
/// The port, unless it is the default one.
pub const SERVER_PORT: &str = "server.port";
/// The database's code or a word of low cardinality; on failure only.
pub const ERROR_TYPE: &str = "error.type";
/// Error type: no connection, without a code.
pub const ERROR_CONNECT: &str = "connect";
/// Error type: the database refused without a code.
pub const ERROR_DATABASE: &str = "database";
/// Error type: timed out waiting for the lock.
pub const ERROR_LOCK_TIMEOUT: &str = "lock_timeout";
/// Error type: a health check failed.
pub const ERROR_UNHEALTHY: &str = "unhealthy";
/// Error type: the process failed before or after the run; the conventions' value for an unnamed error.
pub const ERROR_OTHER: &str = "_OTHER";
/// The program's file name.
pub const PROCESS_EXECUTABLE_NAME: &str = "process.executable.name";
/// The process id.
pub const PROCESS_PID: &str = "process.pid";
/// The exit code of the process.
pub const PROCESS_EXIT_CODE: &str = "process.exit.code";

/// Resource: the program, unless the user names it otherwise.
pub const SERVICE_NAME: &str = "service.name";
/// Resource: the program's version.
pub const SERVICE_VERSION: &str = "service.version";
/// Resource: the run, since no instance outlives it; for metrics the database, whose series continue from run to run.
pub const SERVICE_INSTANCE_ID: &str = "service.instance.id";
/// Resource: the container's id.
pub const CONTAINER_ID: &str = "container.id";
/// Resource: the machine.
pub const HOST_NAME: &str = "host.name";
/// Resource: the Kubernetes pod.
pub const K8S_POD_NAME: &str = "k8s.pod.name";
/// Resource: the pod's unique id.
pub const K8S_POD_UID: &str = "k8s.pod.uid";
/// Resource: the pod's namespace.
pub const K8S_NAMESPACE_NAME: &str = "k8s.namespace.name";
/// Resource: the machine in the cluster.
pub const K8S_NODE_NAME: &str = "k8s.node.name";
/// Resource: the container in the pod.
pub const K8S_CONTAINER_NAME: &str = "k8s.container.name";

/// The run's id, a UUID.
pub const RUN_ID: &str = "migrascope.run.id";
/// Label: the trace of the run, 32 hexadecimal digits.
pub const TRACE_ID: &str = "migrascope.trace.id";
/// `up`, `down`, `health`, `repair`, `baseline`, `wait` or `exec`.
pub const COMMAND: &str = "migrascope.command";
/// The logical name of the database: on the root span, and a label of every metric.
pub const TARGET: &str = "migrascope.target";
/// The environment that an application starts in: `development`, `production` or `test`.
pub const POLICY_ENVIRONMENT: &str = "migrascope.policy.environment";
/// The policy's decision: `migrate`, `look` or `leave`.
pub const POLICY_DECISION: &str = "migrascope.policy.decision";
/// The reason of the decision.
pub const POLICY_REASON: &str = "migrascope.policy.reason";
/// How the run or the migration ended: `success`, `failure`, `error`, `timeout`, `cancellation` or `skip`.
pub const OUTCOME: &str = "migrascope.outcome";
/// Why the plan was refused: words of [`crate::plan::RefusalReason`], separated by commas.
pub const REFUSAL_REASONS: &str = "migrascope.refusal.reasons";
/// Label: why the plan was refused, one word of [`crate::plan::RefusalReason`].
pub const REFUSAL_REASON: &str = "migrascope.refusal.reason";
/// The number of migrations in the plan.
pub const MIGRATIONS_PLANNED: &str = "migrascope.migrations.planned";
/// Migrations of the run that succeeded, in either direction.
pub const MIGRATIONS_APPLIED: &str = "migrascope.migrations.applied";
/// Migrations that were pending when the plan was made.
pub const MIGRATIONS_PENDING: &str = "migrascope.migrations.pending";
/// The highest applied version before the run.
pub const SCHEMA_VERSION_FROM: &str = "migrascope.schema.version.from";
/// Applied migrations whose file has changed since.
pub const CHECKSUM_MISMATCHES: &str = "migrascope.checksum.mismatches";
/// Applied migrations that have no file.
pub const MIGRATIONS_MISSING: &str = "migrascope.migrations.missing";
/// The number of attempts to connect.
pub const CONNECT_ATTEMPTS: &str = "migrascope.connect.attempts";
/// The kind of lock: [`LOCK_ADVISORY`].
pub const LOCK_KIND: &str = "migrascope.lock.kind";
/// The ledger's table that the lock guards.
pub const LOCK_KEY: &str = "migrascope.lock.key";
/// Seconds waited for the lock.
pub const LOCK_WAIT: &str = "migrascope.lock.wait";
/// The session that held the lock when the wait began.
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
/// The session that blocks or blocked a statement, in one line.
pub const BLOCKER: &str = "migrascope.blocker";
/// The number of attempts of the migration, or of one of its statements.
pub const MIGRATION_ATTEMPTS: &str = "migrascope.migration.attempts";
/// The statement's number in its migration, from 1.
pub const STATEMENT_INDEX: &str = "migrascope.statement.index";
/// SHA-256 of the statement's text with LF line ends.
pub const STATEMENT_SHA256: &str = "migrascope.statement.sha256";
/// The seconds that a statement took; on its event, since a span has times.
pub const STATEMENT_DURATION: &str = "migrascope.statement.duration";
/// Rows affected or returned.
pub const STATEMENT_ROWS: &str = "migrascope.statement.rows";
/// Seconds for the ledger row and the commit. The span itself is shorter where they went out with the last statement.
pub const RECORD_DURATION: &str = "migrascope.record.duration";
/// Health checks that were made.
pub const HEALTH_CHECKS: &str = "migrascope.health.checks";
/// Health checks that failed.
pub const HEALTH_CHECKS_FAILED: &str = "migrascope.health.failed";
/// The check's name.
pub const HEALTH_CHECK_NAME: &str = "migrascope.check.name";
/// `ok`, `warn`, `fail` or `skipped`.
pub const HEALTH_CHECK_STATUS: &str = "migrascope.check.status";
/// The value that the check measured.
pub const HEALTH_CHECK_VALUE: &str = "migrascope.check.value";
/// The limit of the value.
pub const HEALTH_CHECK_THRESHOLD: &str = "migrascope.check.threshold";

/// Which hook: `backup`, `before`, `before_each`, `after_each` or `after`.
pub const HOOK_NAME: &str = "migrascope.hook.name";
/// The exit code of a hook's command.
pub const HOOK_EXIT_CODE: &str = "migrascope.hook.exit_code";
/// Log records: seconds that it took.
pub const ELAPSED: &str = "migrascope.elapsed";
/// Log records: the script's file, with the path of the settings.
pub const SCRIPT_FILE: &str = "migrascope.script.file";
/// Log records: the line in the script, from 1.
pub const SCRIPT_LINE: &str = "migrascope.script.line";
/// Log records: the column in the line, from 1.
pub const SCRIPT_COLUMN: &str = "migrascope.script.column";
/// Log records: the signal's name.
pub const SIGNAL: &str = "migrascope.signal";
/// Log records and a label: the signal of an exporter: `traces`, `metrics`, `logs` or `notifications`.
pub const TELEMETRY_SIGNAL: &str = "migrascope.telemetry.signal";
/// Label: the kind of exporter: [`EXPORTER_OTLP`], [`EXPORTER_PUSHGATEWAY`], [`EXPORTER_TEXTFILE`], [`EXPORTER_GRAFANA`] or
/// [`EXPORTER_WEBHOOK`].
pub const TELEMETRY_EXPORTER: &str = "migrascope.telemetry.exporter";
/// Exporter: OTLP, over HTTP or gRPC.
pub const EXPORTER_OTLP: &str = "otlp";
/// Exporter: a Pushgateway.
pub const EXPORTER_PUSHGATEWAY: &str = "pushgateway";
/// Exporter: a file for the textfile collector.
pub const EXPORTER_TEXTFILE: &str = "textfile";
/// Exporter: an annotation in Grafana.
pub const EXPORTER_GRAFANA: &str = "grafana";
/// Exporter: a webhook.
pub const EXPORTER_WEBHOOK: &str = "webhook";
/// Log records: items that were not delivered.
pub const TELEMETRY_LOST: &str = "migrascope.telemetry.lost";

/// Label: `up` or `down`; of a run, `down` for that command and `up` for every other.
pub const DIRECTION: &str = "migrascope.direction";
/// Label: `connect`, `lock`, `plan`, `apply` or `health`.
pub const STAGE: &str = "migrascope.stage";
/// The reason of a retry: `lock_timeout`, `deadlock` or `serialization`.
pub const RETRY_REASON: &str = "migrascope.retry.reason";
/// The number of the attempt, from 1.
pub const ATTEMPT: &str = "migrascope.attempt";
/// The maximum number of attempts.
pub const ATTEMPTS: &str = "migrascope.attempts";
/// Log records: how a user changed the history, such as `mark-applied`.
pub const CHANGE: &str = "migrascope.history.change";
/// Log records: the number of migrations that were changed.
pub const CHANGED_MIGRATIONS: &str = "migrascope.history.migrations";
/// Log records: an index, in quotes.
pub const INDEX_NAME: &str = "migrascope.index.name";
/// Log records: seconds until the next attempt.
pub const RETRY_PAUSE: &str = "migrascope.retry.pause";
/// Label: the kind of lock that was waited for.
pub const LOCK: &str = "migrascope.lock";
/// Label: the health check, from a closed set, or the file's name of a user's own check.
pub const HEALTH_CHECK: &str = "migrascope.check";
/// Label: a version, of the schema or of the program.
pub const VERSION: &str = "migrascope.version";
/// Label: the commit that the program was built from.
pub const REVISION: &str = "migrascope.revision";

/// The runner's own lock, which does not stop sessions that do not acquire it.
pub const LOCK_ADVISORY: &str = "advisory";
/// Stage: connecting.
pub const STAGE_CONNECT: &str = "connect";
/// Stage: waiting for the lock.
pub const STAGE_LOCK: &str = "lock";
/// Stage: reading the history and making the plan.
pub const STAGE_PLAN: &str = "plan";
/// Stage: the migrations, recording included.
pub const STAGE_APPLY: &str = "apply";
/// Stage: the health checks.
pub const STAGE_HEALTH: &str = "health";

/// Labels of every metric.
pub const COMMON_LABELS: &[&str] = &[TARGET, DB_SYSTEM_NAME, DB_NAMESPACE];

/// A table's name for `db.collection.name`: without quotes.
#[must_use]
pub fn collection(table: &str) -> String {
    table.replace(['"', '`'], "")
}

/// An error type for a label: [`ERROR_OTHER`] for anything that is not a code or a word, such as text that a user wrote into the journal.
#[must_use]
pub fn error_type(kind: &str) -> &str {
    const LONGEST: usize = 32;
    let is_word = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_word && kind.len() <= LONGEST { kind } else { ERROR_OTHER }
}

/// The name of a label or attribute in Prometheus text: `db_system_name`.
#[must_use]
pub fn prometheus_label(attribute: &str) -> String {
    attribute.replace('.', "_")
}
