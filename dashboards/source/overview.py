"""Overview: are all databases where they should be?"""

from dashboard import chosen, dashboard, datasource, regions, run_marks
from panels import (BLUE, GREEN, GREY, ORANGE, PURPLE, RED, YELLOW, Json, bar_gauge, link, override, override_pattern, query, stat,
                    state_timeline, steps, table, time_series, values)
from series import BAD, NAME, STATES, age, alive, failed, grown, known, last, least, now, place, state

# From the state table to the run of that row.
RUN = ("/d/migrascope-run?var-prometheus_datasource=${prometheus_datasource}"
       "&var-environment=${__data.fields[\"Environment\"]}&var-target=${__data.fields[\"Target\"]}&${__url_time_range}")
BAD_FROM_ONE = steps((1, RED))


def variables(*, many: bool = True) -> list[Json]:
    # What every database has: see series.known.
    every = '__name__=~"migrascope_build_info|migrascope_health_check_success"'
    environment = f'{every}, deployment_environment_name=~"$environment"'
    target = f'{environment}, migrascope_target=~"$target"'
    return [
        datasource("prometheus"),
        chosen("environment", "Environment", f"{{{every}}}", "deployment_environment_name"),
        chosen("target", "Target", f"{{{environment}}}", "migrascope_target", multi=many),
        chosen("db_namespace", "Database", f"{{{target}}}", "db_namespace", regex="/^([^|]*)/"),
    ]


def at_a_glance() -> list[Json]:
    return [
        stat("Databases", "Databases that are known, whichever source their metrics come from.", "none",
             f"count({known()})", thresholds=steps(base=BLUE)),
        stat("Failed", "Databases whose last failure is newer than their last success. Resolves with the next run that succeeds.",
             "none", f"sum({failed()})", thresholds=BAD_FROM_ONE),
        stat("Half-way", "Databases with a migration that is recorded as half-applied: the next up refuses until it is "
             "repaired. A migration without a transaction also counts while it runs.", "none",
             f"sum({now('migrascope_schema_dirty')})", thresholds=BAD_FROM_ONE),
        stat("Pending migrations", "Migrations on disk that are not applied, in all databases together.", "none",
             f"sum({now('migrascope_migrations_pending')})", thresholds=steps((1, YELLOW))),
        stat("Running", "Active runs that have sent a heartbeat within two minutes.", "none", f"sum({alive()})",
             thresholds=steps((1, BLUE))),
        stat("Unhealthy", "Databases with a failing health check, or that serve cannot reach.", "none",
             f"sum({least('migrascope_health_check_success')} == bool 0)", thresholds=BAD_FROM_ONE),
    ]


def state_table() -> Json:
    columns = {
        "migrascope_target": "Target", "db_namespace": "Database", "deployment_environment_name": "Environment",
        "db_system_name": "System", "Value #A": "State", "Value #B": "Version", "Value #C": "Pending",
        "Value #D": "Last success", "Value #E": "Last run", "Value #F": "Duration", "Value #G": "Applied",
        "Value #H": "Changed files", "Value #I": "Missing files",
    }
    metrics = [state(), now("migrascope_schema_version"), now("migrascope_migrations_pending"),
               age("migrascope_last_success_timestamp_seconds"), age("migrascope_last_run_timestamp_seconds"),
               last("migrascope_last_run_duration_seconds"), now("migrascope_migrations_applied"),
               now("migrascope_checksum_mismatches"), now("migrascope_migrations_missing"), place()]
    coloured = {"type": "color-background", "mode": "basic"}
    return table(
        "Databases", "One row for each database, the worst state first. The value of an empty field is not known: there was no "
        "run yet, or the journal could not be read. Click a target to see its runs.",
        [query(metric, table=True) for metric in metrics], columns, size=(24, 9), sort="State",
        overrides=[
            override("Target", links=[link("Runs of this database", RUN)]),
            override("State", mappings=values(STATES), custom_cellOptions=coloured, custom_width=120,
                     color={"mode": "thresholds"}),
            override("Pending", thresholds=steps((1, YELLOW), base="transparent"), custom_cellOptions=coloured, custom_width=90),
            override("Changed files", thresholds=steps((1, RED), base="transparent"), custom_cellOptions=coloured, custom_width=120),
            override("Missing files", thresholds=steps((1, YELLOW), base="transparent"), custom_cellOptions=coloured, custom_width=120),
            override_pattern("Last success|Last run", unit="dtdurations", decimals=0),
            override("Duration", unit="s"),
        ])


def failures() -> list[Json]:
    outcomes = grown("migrascope_runs_total", "$__rate_interval", by="migrascope_outcome")
    bad = grown("migrascope_runs_total", "$__range", BAD, "migrascope_outcome")
    migrations = grown("migrascope_migrations_total", "$__rate_interval", by="migrascope_direction, migrascope_outcome")
    return [
        time_series("Runs by outcome", "Runs that ended, in all databases. They are counted in the journal, so all runs of short-lived "
                    "processes are included.", "none",
                    [query(f"sum by (migrascope_outcome) ({outcomes}) > 0",
                           "{{migrascope_outcome}}")], draw="bars", stack=True, decimals=0, overrides=outcome_colours()),
        bar_gauge("Unsuccessful runs", "Runs that ended in the selected time range as failure, error, timeout, cancellation or vanished.",
                  "none", f"sort_desc(sum by (deployment_environment_name, migrascope_target) ({bad}))",
                  NAME, size=(12, 8), decimals=0, thresholds=steps((0.5, RED))),
        time_series("Time since the last success", "How long ago a run last succeeded. Empty if none ever did.", "s",
                    [query(age("migrascope_last_success_timestamp_seconds"), NAME)]),
        time_series("Pending migrations", "Migrations on disk that are not applied.", "none",
                    [query(now("migrascope_migrations_pending"), NAME)], draw="steps", decimals=0),
        time_series("Half-way migrations, changed and missing files", "1 if a migration is recorded as half-applied; the number of "
                    "applied migrations whose file was changed since, or is missing.", "none",
                    [query(f"{now('migrascope_schema_dirty')} > 0", f"half-way: {NAME}"),
                     query(f"{now('migrascope_checksum_mismatches')} > 0", f"changed files: {NAME}"),
                     query(f"{now('migrascope_migrations_missing')} > 0", f"missing files: {NAME}")], draw="steps", decimals=0),
        time_series("Migrations by outcome", "Migrations that were started, up and down.", "none",
                    [query(f"sum by (migrascope_direction, migrascope_outcome) ({migrations}) > 0",
                           "{{migrascope_direction}} {{migrascope_outcome}}")], draw="bars", stack=True, decimals=0,
                    overrides=outcome_colours()),
    ]


def versions() -> list[Json]:
    program = "migrascope_version, migrascope_revision"
    info = now("migrascope_schema_info", by="db_namespace, migrascope_version")
    return [
        stat("Databases with version skew", "Names of databases, in one environment, whose targets are at different "
             "schema versions: shards or regions of which one was left behind.", "none",
             "sum(count by (deployment_environment_name, db_namespace) (count by (deployment_environment_name, db_namespace, "
             f"migrascope_version) ({info})) > bool 1)", size=(6, 8), thresholds=steps((1, ORANGE))),
        table("Versions in use", "How many databases are at each schema version. Several rows for one name mean a version skew.",
              [query(f"count by (deployment_environment_name, db_namespace, migrascope_version) ({info})", table=True)],
              {"db_namespace": "Database", "deployment_environment_name": "Environment", "migrascope_version": "Version",
               "Value": "Targets"}, size=(9, 8)),
        table("Versions of migrascope", "How many databases are reported by each version of the program.",
              [query(f"count by ({program}) ({now('migrascope_build_info', by=program)})", table=True)],
              {"migrascope_version": "Version", "migrascope_revision": "Revision", "Value": "Databases"}, size=(9, 8)),
        time_series("Schema version", "The highest applied version as a number. Versions that a double cannot represent are only in the "
                    "table.", "none", [query(now("migrascope_schema_version"), NAME)], size=(24, 8), draw="steps", decimals=0),
    ]


def health_and_telemetry() -> list[Json]:
    pushed = '{job=~"migrascope.*", deployment_environment_name=~"$environment", migrascope_target=~"$target"}'
    return [
        state_timeline("Failing health checks", "Checks that failed in the selected time range: those of the last run, and whether serve "
                       "can reach the database. No rows: none failed.",
                       f"{least('migrascope_health_check_success', by='migrascope_check')} == 0",
                       f"{NAME} {{{{migrascope_check}}}}", mappings=values({0: ("fails", RED), 1: ("ok", GREEN)}), size=(12, 7)),
        time_series("Exports that failed", "Exports of traces, metrics and logs that failed in the last run, as reported by "
                    "the exporters that work.", "none",
                    [query(now("migrascope_telemetry_export_failures_total",
                               by="migrascope_telemetry_signal, migrascope_telemetry_exporter"),
                           f"{NAME} {{{{migrascope_telemetry_signal}}}} {{{{migrascope_telemetry_exporter}}}}")],
                    size=(6, 7), draw="steps", decimals=0),
        time_series("Time since the last push", "How long ago a Pushgateway last accepted metrics, and last rejected them.", "s",
                    [query(f"time() - max by (migrascope_target) (push_time_seconds{pushed})",
                           "{{migrascope_target}}"),
                     query(f"time() - max by (migrascope_target) (push_failure_time_seconds{pushed} > 0)",
                           "failed: {{migrascope_target}}")], size=(6, 7)),
    ]


def outcome_colours() -> list[Json]:
    """One colour for an outcome everywhere, with the direction before it or without; what is reverted has its own."""
    colours = {"success": GREEN, "skip": BLUE, "failure": RED, "error": ORANGE, "timeout": YELLOW, "cancellation": GREY,
               "vanished": "dark-red"}
    return [*(override_pattern(f"((up|down) )?{outcome}", color={"mode": "fixed", "fixedColor": colour})
              for outcome, colour in colours.items()),
            override("down success", color={"mode": "fixed", "fixedColor": PURPLE})]


def make() -> Json:
    return dashboard(
        "Overview", "Are all databases where they should be? State, version, pending migrations, age of the last success, failures.",
        [("At a glance", [*at_a_glance(), state_table(),
                          state_timeline("State over time", "The state of each database, as in the table above.", state(), NAME,
                                         mappings=values(STATES))]),
         ("Failures", failures()),
         ("Versions", versions()),
         ("Health and telemetry", health_and_telemetry())],
        variables(),
        annotations=[*run_marks(now("migrascope_last_success_timestamp_seconds"), now("migrascope_last_failure_timestamp_seconds"),
                                now("migrascope_run_start_timestamp_seconds"), every=False), regions()])
