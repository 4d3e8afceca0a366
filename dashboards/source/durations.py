"""Fleet-wide durations: how long do runs and migrations take, and which are the slowest?"""

from dashboard import dashboard, one_of, regions
from overview import outcome_colours, variables
from panels import Json, bar_gauge, heatmap, override, query, table, time_series
from series import DATABASE, NAME, grown, last, last_quantile, quantile, quantile_by_database

RUNS, MIGRATIONS = "migrascope_run_duration_seconds", "migrascope_migration_duration_seconds"
LOCK, CHECKS = "migrascope_lock_wait_duration_seconds", "migrascope_health_check_duration_seconds"
LEDGER = "db_client_operation_duration_seconds"
OUTCOME = "migrascope_outcome"


def _heat(histogram: str) -> str:
    return f"sum by (le) ({grown(f'{histogram}_bucket', '$__rate_interval', by='le')})"


def how_long() -> list[Json]:
    return [
        heatmap("Migrations", "How long migrations took, including their recording. The first migration with a given outcome in a database "
                "is not counted, because Prometheus has no earlier value to compare with.", "s", _heat(MIGRATIONS)),
        heatmap("Runs", "How long runs took, from start to end.", "s", _heat(RUNS)),
    ]


def _percentiles(title: str, histogram: str) -> Json:
    return time_series(
        f"{title}: p50 and p95 by outcome", "In all databases together, over the window that is selected above. Percentiles are "
        "as exact as the buckets.", "s",
        [query(quantile(share, histogram, "$window", OUTCOME), f"p{share * 100:g} {{{{{OUTCOME}}}}}") for share in (0.5, 0.95)],
        size=(12, 8))


def how_long_by_outcome() -> list[Json]:
    return [_percentiles("Migrations", MIGRATIONS), _percentiles("Runs", RUNS)]


def _slowest_table() -> Json:
    took = [quantile_by_database(0.5, MIGRATIONS, "$__range"), quantile_by_database(0.95, MIGRATIONS, "$__range"),
            quantile_by_database(0.95, RUNS, "$__range"),
            f"sum by ({DATABASE}) ({grown(f'{MIGRATIONS}_count', '$__range', by=OUTCOME)}) > 0"]
    return table(
        "Databases by migration duration", "In the selected time range. Databases without a migration in it have no values.",
        [query(one, table=True) for one in took],
        {"migrascope_target": "Target", "deployment_environment_name": "Environment", "Value #A": "Migration p50", "Value #B": "Migration p95",
         "Value #C": "Run p95", "Value #D": "Migrations"},
        size=(12, 9), sort="Migration p95",
        overrides=[override(name, unit="s") for name in ("Migration p50", "Migration p95", "Run p95")]
        + [override("Migrations", decimals=0)])


def slowest() -> list[Json]:
    return [
        _slowest_table(),
        bar_gauge("Slowest last runs", "The last run of each database.", "s",
                  f"sort_desc(topk(10, {last('migrascope_last_run_duration_seconds')}))", NAME, size=(6, 9)),
        bar_gauge("Slowest migrations of last runs", "Only for databases whose runs have --metrics-run-info on.", "s",
                  f"sort_desc(topk(10, {last('migrascope_last_run_migration_duration_seconds', by='migrascope_version')}))",
                  "{{migrascope_target}} {{migrascope_version}}", size=(6, 9)),
    ]


def where_time_goes() -> list[Json]:
    stages = last("migrascope_last_run_stage_duration_seconds", by="migrascope_stage")
    return [
        bar_gauge("Stages of last runs", "The mean of all databases.", "s", f"sort_desc(avg by (migrascope_stage) ({stages}))",
                  "{{migrascope_stage}}", size=(6, 8)),
        time_series("Waiting for another runner: p95", "How long runs wait for the lock that allows only one runner at a time.", "s",
                    [query(quantile(0.95, LOCK, "$window", "migrascope_lock"), "{{migrascope_lock}}")], size=(6, 8)),
        time_series("Health checks: p95", "How long the checks after a run take; the lock is held during the checks.", "s",
                    [query(quantile(0.95, CHECKS, "$window", "migrascope_check"), "{{migrascope_check}}")], size=(6, 8)),
        time_series("Ledger write time: p95", "Within the last runs, by database system, including the commit. Reported by "
                    "the runs themselves, not by serve.", "s",
                    [query(last_quantile(0.95, LEDGER, "db_system_name"), "{{db_system_name}}")],
                    size=(6, 8)),
    ]


def how_many() -> list[Json]:
    runs = grown("migrascope_runs_total", "$__range", by=OUTCOME)
    migrations = grown("migrascope_migrations_total", "$__range", by=f"migrascope_direction, {OUTCOME}")
    retries = grown("migrascope_statement_retries_total", "$__range", by="migrascope_retry_reason")
    return [
        bar_gauge("Runs", "Runs that ended in the selected time range.", "none", f"sort_desc(sum by ({OUTCOME}) ({runs}))",
                  f"{{{{{OUTCOME}}}}}", decimals=0, overrides=outcome_colours()),
        bar_gauge("Migrations started", "Migrations that were started in the selected time range.", "none",
                  f"sort_desc(sum by (migrascope_direction, {OUTCOME}) ({migrations}) > 0)",
                  f"{{{{migrascope_direction}}}} {{{{{OUTCOME}}}}}", decimals=0, overrides=outcome_colours()),
        bar_gauge("Statement retries", "Why statements were retried in the selected time range, and for which database.", "none",
                  f"sort_desc(sum by (migrascope_target, migrascope_retry_reason) ({retries}) > 0)",
                  "{{migrascope_target}} {{migrascope_retry_reason}}", decimals=0),
    ]


def make() -> Json:
    return dashboard(
        "Fleet-wide durations", "How long do runs and migrations take, which are the slowest, and where does the time go?",
        [("How long", how_long()),
         ("By outcome", how_long_by_outcome()),
         ("Slowest", slowest()),
         ("Where time goes", where_time_goes()),
         ("How many", how_many())],
        [*variables(), one_of("window", "Window", ["5m", "1h", "6h", "1d", "7d", "30d"], "1d")],
        annotations=[regions()], since="now-7d", refresh="1m")
