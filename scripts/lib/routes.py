"""The sequence of runs of scripts/check-routes, and the comparison of what each route says afterwards."""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import time

import otlp_log
from prometheus import Prometheus

TARGET = "orders"
# Labels that a route adds for itself.
FOREIGN = {"job", "instance", "exported_job", "exported_instance", "__name__"}
# They tell of the process that shows them or of the moment, not of the database.
OF_THE_MOMENT = (
    "migrascope_run_heartbeat_timestamp_seconds",
    "migrascope_build_info",
    "migrascope_telemetry_export_failures_total",
    "db_client_operation_duration_seconds_count",
    "db_client_operation_duration_seconds_sum",
)
ROWS = [
    ("runs success", "migrascope_runs_total", {"migrascope_outcome": "success"}),
    ("runs failure", "migrascope_runs_total", {"migrascope_outcome": "failure"}),
    ("runs vanished", "migrascope_runs_total", {"migrascope_outcome": "vanished"}),
    ("migrations success", "migrascope_migrations_total",
     {"migrascope_direction": "up", "migrascope_outcome": "success"}),
    ("migrations failure", "migrascope_migrations_total",
     {"migrascope_direction": "up", "migrascope_outcome": "failure"}),
    ("migrations vanished", "migrascope_migrations_total",
     {"migrascope_direction": "up", "migrascope_outcome": "vanished"}),
    ("run durations", "migrascope_run_duration_seconds_count", {}),
    ("migration durations", "migrascope_migration_duration_seconds_count", {}),
    ("lock waits", "migrascope_lock_wait_duration_seconds_count", {}),
    ("check durations", "migrascope_health_check_duration_seconds_count", {}),
    ("last run success", "migrascope_last_run_success", {}),
    ("in progress", "migrascope_run_in_progress", {}),
    ("applied", "migrascope_migrations_applied", {}),
    ("pending", "migrascope_migrations_pending", {}),
    ("schema version", "migrascope_schema_version", {}),
]


def arguments():
    parser = argparse.ArgumentParser()
    for name in ["binary", "database", "work", "prometheus", "pushgateway", "textfile", "serve-port"]:
        parser.add_argument(f"--{name}", required=True)
    for name in ["otlp-http", "otlp-grpc"]:
        parser.add_argument(f"--{name}", required=True, nargs=2, metavar=("URL", "LOG"))
    return parser.parse_args()


class Database:
    """The migrations of the sequence, and the program that applies them."""

    def __init__(self, given):
        self.given = given
        self.directory = pathlib.Path(given.work, "migrations")
        self.directory.mkdir()
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "MIGRASCOPE_"))}
        self.environment["DATABASE_URL"] = given.database
        self.telemetry = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": given.otlp_http[0],
            "MIGRASCOPE_PUSH_URL": given.pushgateway,
            "MIGRASCOPE_METRICS_FILE": given.textfile,
        }

    def write(self, version, sql):
        pathlib.Path(self.directory, f"{version:03}_step.sql").write_text(sql + "\n", encoding="utf-8")

    def command(self, *words, environment=None):
        words = [self.given.binary, *words, "--dir", str(self.directory), "--target", TARGET, "--quiet"]
        return subprocess.Popen(words, env={**self.environment, **(environment or {})}, cwd=self.given.work,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def start_up(self):
        return self.command("up", environment=self.telemetry)

    def up(self, expected):
        self.expect(self.start_up(), expected)

    def push(self):
        """The same state by every route that is pushed to; by gRPC nothing else arrives there."""
        grpc = {"OTEL_EXPORTER_OTLP_ENDPOINT": self.given.otlp_grpc[0], "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
        self.expect(self.command("push", environment=grpc), 0)

    def push_everywhere(self):
        self.expect(self.command("push", environment=self.telemetry), 0)

    def expect(self, process, expected):
        _, said = process.communicate(timeout=60)
        if process.returncode != expected or "warning: telemetry" in said:
            sys.exit(f"exit code {process.returncode} instead of {expected}:\n{said}")


def scraped(prometheus, job):
    """The series that Prometheus has of a job."""
    found = {}
    chosen = '{__name__=~"(migrascope|db)_.*", __name__!~".*_bucket", job="%s"}' % job
    for one in prometheus.query(chosen):
        labels = frozenset((k, v) for k, v in one["metric"].items() if k not in FOREIGN)
        found[one["metric"]["__name__"], labels] = float(one["value"][1])
    return found


def comparable(series):
    return {key: value for key, value in series.items() if key[0] not in OF_THE_MOMENT}


def difference(one, other):
    """What differs, in lines; values of doubles that have travelled as text may differ in their last digits."""
    lines = []
    for key in sorted(one.keys() | other.keys(), key=str):
        left, right = one.get(key), other.get(key)
        if left is None or right is None or abs(left - right) > 1e-6 * max(1.0, abs(left)):
            lines.append(f"  {key[0]}{dict(sorted(key[1]))}: {left} {right}")
    return lines


def total(series, name, wanted):
    values = [value for (own, labels), value in series.items() if own == name and wanted.items() <= dict(labels).items()]
    return f"{sum(values):g}" if values else "-"


def agree(step, routes):
    """Waits until all routes say the same, and prints what that is."""
    deadline = time.monotonic() + 20
    while True:
        found = {name: comparable(read()) for name, read in routes.items()}
        first = next(iter(found.values()))
        differences = {name: difference(first, other) for name, other in found.items() if other != first}
        differences = {name: lines for name, lines in differences.items() if lines}
        if (first and not differences) or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    print(f"\n{step}: {len(first)} series")
    print(f"  {'':22}" + "".join(f"{name:>14}" for name in found))
    for title, name, wanted in ROWS:
        print(f"  {title:22}" + "".join(f"{total(series, name, wanted):>14}" for series in found.values()))
    for name, lines in differences.items():
        print(f"DIFFERENT ({next(iter(found))} and {name}):", *lines, sep="\n")
    return not differences and bool(first)


def main():
    given = arguments()
    database = Database(given)
    prometheus = Prometheus(given.prometheus)
    routes = {
        "otlp http": lambda: otlp_log.series(given.otlp_http[1]),
        "otlp grpc": lambda: otlp_log.series(given.otlp_grpc[1]),
        "pushgateway": lambda: scraped(prometheus, "migrascope"),
        "textfile": lambda: scraped(prometheus, "textfile"),
        "serve": lambda: scraped(prometheus, "serve"),
    }
    serve = database.command("serve", "--listen", f"127.0.0.1:{given.serve_port}", "--interval", "1s")
    good = []
    try:
        for version in range(1, 5):
            database.write(version, f"CREATE TABLE t{version} (id int);")
        database.up(0)
        database.push()
        good.append(agree("1 ok: 4 migrations", routes))

        database.write(5, "SELECT 1/0;")
        database.up(5)
        database.push()
        good.append(agree("2 failed", routes))

        database.write(5, "CREATE TABLE t5 (id int);")
        database.up(0)
        database.push()
        good.append(agree("3 ok: 1 migration", routes))

        for version in range(6, 18):
            database.write(version, f"CREATE TABLE t{version} (id int);")
        database.write(12, "CREATE TABLE t12 (id int); SELECT pg_sleep(60);")
        killed = database.start_up()
        going_on = lambda: prometheus.query('migrascope_run_in_progress{job="serve"} == 1 and on() '
                                            'migrascope_migrations_applied{job="serve"} == 11')
        until("serve shows the run at its 7th migration of 12", going_on)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        died = time.monotonic()
        until("serve shows that it has vanished",
              lambda: prometheus.query('migrascope_runs_total{job="serve", migrascope_outcome="vanished"} == 1'))
        print(f"\nvanished {time.monotonic() - died:.1f} s after kill -9, with an interval of 1 s and a scrape each second")
        database.push_everywhere()
        database.push()
        good.append(agree("4 killed in migration 7 of 12", routes))

        database.write(12, "CREATE TABLE t12 (id int);")
        database.up(0)
        database.push()
        good.append(agree("5 ok: the other 6 migrations", routes))

        good.append(increases(database, prometheus))
    finally:
        serve.send_signal(signal.SIGTERM)
        print(f"\nserve: exit code {serve.wait(10)}")
    print(f"{sum(good)} of {len(good)} steps agree")
    sys.exit(0 if all(good) else 1)


def increases(database, prometheus):
    """Failures that fresh processes have pushed, as increase() counts them."""
    query = 'increase(migrascope_runs_total{job="migrascope", migrascope_outcome="failure"}[30s])'
    before = 'migrascope_runs_total{job="migrascope", migrascope_outcome="failure"}'
    # The failure of the beginning must have left the window.
    until("the window is quiet", lambda: float(prometheus.query(query)[0]["value"][1]) == 0, 90)
    database.write(18, "SELECT 1/0;")
    good = True
    for failures in (1, 2):
        database.up(5)
        until("the failure is scraped", lambda: float(prometheus.query(before)[0]["value"][1]) == 1 + failures)
        time.sleep(2)
        raw = float(prometheus.query(query)[0]["value"][1])
        print(f"\nincrease() over failed run {failures}: {raw:.3f}")
        good = good and round(raw) == failures
    return good


def until(what, holds, seconds=30):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            sys.exit(f"in vain: {what}")
        time.sleep(0.1)


main()
