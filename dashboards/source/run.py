"""Run: what did the last run of one database do, and where did its time go?"""

import overview
from dashboard import constant, dashboard, datasource, explore, regions, run_marks
from overview import outcome_colours
from panels import (BLUE, GREEN, GREY, ORANGE, RED, YELLOW, Json, bar_gauge, link, override, query, stat, state_timeline, steps,
                    table, time_series, values)
from series import LOCK_STAGE, NAME, SUCCESS, failed, grown, last, last_quantile, least, now, quantile, since

YES_NO = values({1: ("yes", BLUE), 0: ("no", GREY)})
OUTCOME = values({0: ("succeeded", GREEN), 1: ("did not succeed", RED)})
WINDOW = "$__rate_interval"


def variables() -> list[Json]:
    return [
        *overview.variables(many=False),
        datasource("tempo"),
        datasource("loki"),
        constant("log_stream", "service_name=`migrascope`"),
    ]


def last_run() -> list[Json]:
    version = now("migrascope_schema_info", by="migrascope_version")
    return [
        stat("Outcome", "How the last run ended. An active run does not count yet.", "none", failed(),
             mappings=OUTCOME, thresholds=steps(base=GREY)),
        stat("Ended", "When the last run ended.", "dateTimeFromNow", f"{now('migrascope_last_run_timestamp_seconds')} * 1000",
             thresholds=steps(base=BLUE)),
        stat("Duration", "From start to end, including connecting, waiting for the lock and health checks.", "s",
             last("migrascope_last_run_duration_seconds"), thresholds=steps((60, YELLOW), (600, ORANGE), base=BLUE)),
        stat("Schema version", "The highest applied version.", "none", version, legend="{{migrascope_version}}", text="name",
             thresholds=steps(base=BLUE)),
        stat("Pending", "Migrations on disk that are not applied.", "none", now("migrascope_migrations_pending"),
             thresholds=steps((1, YELLOW))),
        stat("Half-way", "Whether a migration is recorded as half-applied.", "none", now("migrascope_schema_dirty"),
             mappings=values({0: ("no", GREEN), 1: ("yes", RED)}), thresholds=steps((1, RED))),
    ]


def what_it_did() -> list[Json]:
    return [
        bar_gauge("Stages", "How long each stage of the last run took.", "s",
                  last("migrascope_last_run_stage_duration_seconds", by="migrascope_stage"), "{{migrascope_stage}}", size=(6, 8)),
        bar_gauge("Migrations", "Migrations that the last run started, by outcome.", "none",
                  f"{last('migrascope_last_run_migrations', by='migrascope_outcome')} > 0 "
                  f"or {last('migrascope_last_run_migrations', SUCCESS, 'migrascope_outcome')}",
                  "{{migrascope_outcome}}", size=(6, 8), decimals=0, overrides=outcome_colours()),
        bar_gauge("Rows", "Rows that the statements of the last run inserted, updated and deleted, as reported by the server.", "short",
                  last("migrascope_rows_affected", by="db_operation_name"), "{{db_operation_name}}", size=(6, 8), decimals=0),
        bar_gauge("Slowest migrations", "The migrations of the last run that took longest. Only with --metrics-run-info on.", "s",
                  f"sort_desc(topk(8, {last('migrascope_last_run_migration_duration_seconds', by='migrascope_version')}))",
                  "{{migrascope_version}}", size=(6, 8)),
        why(),
        run_ids(),
    ]


def why() -> Json:
    labels = "error_type, migrascope_refusal_reason"
    return table(
        "Why it did not succeed", "The database's code or a word, and each reason of a refused run. No row: it succeeded.",
        [query(last("migrascope_last_run_error", by=labels), table=True)],
        {"migrascope_target": "Target", "error_type": "Error", "migrascope_refusal_reason": "Refused because"}, size=(8, 4))


def run_ids() -> Json:
    logs = ("{${log_stream}} | json | %s=`${__value.raw}`")
    return table(
        "Trace and logs of the last run", "Links to the trace and to the log records of the last run. Only with --metrics-run-info on; "
        "there is a trace id if traces are exported or TRACEPARENT is set.",
        [query(last("migrascope_last_run_info", by="db_namespace, migrascope_run_id, migrascope_trace_id"), table=True)],
        {"migrascope_target": "Target", "db_namespace": "Database", "migrascope_run_id": "Run", "migrascope_trace_id": "Trace"},
        size=(16, 4), overrides=[
            override("Trace", links=[
                link("The trace", explore("tempo", queryType="traceql", query="${__value.raw}"), blank=True),
                link("Logs with this trace id", explore("loki", queryType="range", expr=logs % "trace_id"), blank=True)]),
            override("Run", links=[
                link("Logs with this run id", explore("loki", queryType="range", expr=logs % "migrascope_run_id"), blank=True)]),
        ])


def going_on() -> list[Json]:
    return [
        state_timeline("Running", "Whether a run is active.", now("migrascope_run_in_progress"), NAME, mappings=YES_NO, size=(6, 6)),
        state_timeline("Lock held", "Whether the active run holds its lock, as observed by serve and push. If it does not, its process is dead or has lost the lock, "
                       "and the server may still be executing its statement.", now("migrascope_run_lock_held"), NAME,
                       mappings=values({1: ("yes", GREEN), 0: ("no", RED)}), size=(6, 6)),
        time_series("Running for", "How long the active run has been running; 0 if there is none.", "s",
                    [query(since("migrascope_run_start_timestamp_seconds"), NAME)],
                    size=(6, 6)),
        time_series("Since the last heartbeat", "How long ago the active run sent its last heartbeat; it sends one every ten seconds. "
                    "Minutes mean that its process is gone.", "s",
                    [query(since("migrascope_run_heartbeat_timestamp_seconds"), NAME)],
                    size=(6, 6)),
    ]


def over_time() -> list[Json]:
    runs = grown("migrascope_runs_total", WINDOW, by="migrascope_outcome")
    migrations = grown("migrascope_migrations_total", WINDOW, by="migrascope_direction, migrascope_outcome")
    return [
        state_timeline("Outcome", "Whether the last run succeeded, run by run.", last("migrascope_last_run_success"), NAME,
                       mappings=values({1: ("succeeded", GREEN), 0: ("did not succeed", RED)}), size=(24, 4)),
        time_series("Duration of the last run", "Each step is a run; the annotations show when it started and ended.", "s",
                    [query(last("migrascope_last_run_duration_seconds"), NAME)], draw="steps"),
        time_series("Stages of the last run", "How long each stage took, run by run.", "s",
                    [query(last("migrascope_last_run_stage_duration_seconds", by="migrascope_stage"), "{{migrascope_stage}}")],
                    draw="steps", stack=True),
        time_series("Runs by outcome", "Runs that ended.", "none",
                    [query(f"sum by (migrascope_outcome) ({runs}) > 0", "{{migrascope_outcome}}")], draw="bars", stack=True,
                    decimals=0, overrides=outcome_colours()),
        time_series("Migrations by outcome", "Migrations that were started, up and down.", "none",
                    [query(f"sum by (migrascope_direction, migrascope_outcome) ({migrations}) > 0",
                           "{{migrascope_direction}} {{migrascope_outcome}}")], draw="bars", stack=True, decimals=0,
                    overrides=outcome_colours()),
    ]


def locks_and_retries() -> list[Json]:
    retries = grown("migrascope_statement_retries_total", WINDOW, by="migrascope_retry_reason")
    again = grown("migrascope_lock_retries_total", WINDOW, by="migrascope_retry_reason")
    waited = last("migrascope_last_run_stage_duration_seconds", LOCK_STAGE, "migrascope_stage")
    return [
        time_series("Waiting for another runner", "How long the last run waited for the lock that allows only one runner at a time, and "
                    "the 95th percentile of all runs in an hour.", "s",
                    [query(waited, "last run"),
                     query(quantile(0.95, "migrascope_lock_wait_duration_seconds", "1h", "migrascope_lock"),
                           "p95 of an hour: {{migrascope_lock}}")], size=(8, 8)),
        time_series("Statement retries", "Migrations or statements that were retried after a lock timeout, a deadlock or a serialization "
                    "failure. Another session holds a lock that the migration needs.", "none",
                    [query(f"sum by (migrascope_retry_reason) ({retries}) > 0", "{{migrascope_retry_reason}}"),
                     query(f"{last('migrascope_run_retries', by='migrascope_retry_reason')} > 0", "the run by itself: {{migrascope_retry_reason}}")],
                    size=(8, 8), draw="bars", stack=False, decimals=0),
        time_series("Lock retries", "How often the lock was requested again because another runner held it.", "none",
                    [query(f"sum by (migrascope_retry_reason) ({again}) > 0", "{{migrascope_retry_reason}}")], size=(8, 8), draw="bars",
                    stack=True, decimals=0),
    ]


def health_and_ledger() -> list[Json]:
    ledger = last_quantile(0.95, "db_client_operation_duration_seconds", "db_operation_name")
    return [
        state_timeline("Health checks", "The checks of the last run that made any. A check that was skipped is not shown.",
                       least("migrascope_health_check_success", by="migrascope_check"), "{{migrascope_check}}",
                       mappings=values({1: ("ok", GREEN), 0: ("fails", RED)}), size=(12, 9)),
        time_series("Health check duration", "The 95th percentile of an hour. The lock is held during the checks.", "s",
                    [query(quantile(0.95, "migrascope_health_check_duration_seconds", "1h", "migrascope_check"),
                           "{{migrascope_check}}")],
                    size=(6, 9)),
        time_series("Ledger write time", "The 95th percentile within the last run, including the commit: it shows a slow disk or a slow "
                    "replica. Reported by the runs themselves, not by serve.", "s", [query(ledger, "{{db_operation_name}}")], size=(6, 9)),
    ]


def make() -> Json:
    return dashboard(
        "Run", "What did the last run of one database do, where did its time go, and what did it wait for?",
        [("The last run", [*last_run(), *what_it_did()]),
         ("Active run", going_on()),
         ("Run by run", over_time()),
         ("Locks and retries", locks_and_retries()),
         ("Health and ledger", health_and_ledger())],
        variables(), since="now-6h", refresh="10s",
        annotations=[*run_marks(now("migrascope_last_success_timestamp_seconds"), now("migrascope_last_failure_timestamp_seconds"),
                                now("migrascope_run_start_timestamp_seconds"), every=True), regions("$target")])
