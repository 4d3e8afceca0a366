"""Databases with a past: runs that were good, slow, failed, killed, waiting, unhealthy, half-way, and what follows them."""

import os
import pathlib
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field

from dashboard_prometheus import Prometheus, until

# Whoever called the runs of "orders" had this trace; so there is a trace id to show.
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
# Nothing listens on the discard port, so that an export to it fails at once.
NOBODY = "http://127.0.0.1:9"


@dataclass
class Target:
    """One database, its migrations, and how it is run."""

    name: str
    url: str
    home: pathlib.Path
    binary: str
    options: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.home / "migrations").mkdir(parents=True)

    def write(self, version: int, *statements: str) -> None:
        text = ";\n".join(statements) + ";\n"
        (self.home / "migrations" / f"{version:03}_step.sql").write_text(text, encoding="utf-8")

    def write_down(self, version: int, statement: str) -> None:
        (self.home / "migrations" / f"{version:03}_step.down.sql").write_text(f"{statement};\n", encoding="utf-8")

    def start(self, command: str, *options: str) -> subprocess.Popen[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "MIGRASCOPE_", "PG"))}
        return subprocess.Popen(
            [self.binary, command, "--target", self.name, "--metrics-run-info", "on", "--quiet", *self.options, *options],
            env=clean | {"DATABASE_URL": self.url} | self.environment, cwd=self.home, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def run(self, expected: int, command: str = "up", *options: str) -> None:
        finish(self.start(command, *options), expected)


def finish(process: subprocess.Popen[str], expected: int) -> None:
    _, said = process.communicate(timeout=60)
    if process.returncode != expected:
        raise SystemExit(f"exit code {process.returncode} instead of {expected}:\n{said}")


class History:
    """Makes the databases, starts serve on all of them, and lets things happen."""

    def __init__(self, binary: str, postgres: str, work: pathlib.Path, pushgateway: str, serve_port: int,
                 prometheus: Prometheus, pause: float) -> None:
        self.binary, self.postgres, self.work, self.prometheus, self.pause = binary, postgres, work, prometheus, pause
        self.serve_port = serve_port
        self.pushgateway = pushgateway
        pushed = ["--push-url", pushgateway]
        self.orders = self._on_postgres("orders", "shop", pushed)
        self.orders.environment = {"TRACEPARENT": TRACEPARENT, "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": f"{NOBODY}/v1/logs"}
        self.billing = self._on_postgres("billing", "billing", [])
        self.stock = self._on_postgres("stock", "stock", pushed)
        self.east = self._on_sqlite("ledger-east", "ledger.db")
        self.west = self._on_sqlite("ledger-west", "ledger.db")
        self.search = self._on_sqlite("search", "search.db")
        self.reports = self._on_sqlite("reports", "reports.db")
        self.all = [self.orders, self.billing, self.stock, self.east, self.west, self.search, self.reports]
        self.serve: subprocess.Popen[str] | None = None

    def _on_postgres(self, name: str, database: str, options: list[str]) -> Target:
        self.sql(self.postgres, f"CREATE DATABASE {database}")
        url = urllib.parse.urlsplit(self.postgres)._replace(path=f"/{database}").geturl()
        return Target(name, url, self.work / name, self.binary, options)

    def _on_sqlite(self, name: str, file: str) -> Target:
        home = self.work / name
        return Target(name, f"sqlite://{home / file}", home, self.binary)

    @staticmethod
    def sql(url: str, text: str) -> None:
        subprocess.run(["psql", "--quiet", "--no-psqlrc", "-d", url, "-c", text], check=True, stdout=subprocess.DEVNULL)

    def begin(self) -> None:
        """A first run of each, and serve; reports is a database that is not there."""
        for target in self.all:
            for version in (1, 2, 3):
                target.write(version, f"CREATE TABLE t{version} (id int)", f"INSERT INTO t{version} VALUES (1), (2), (3)")
            if target is not self.reports:
                target.run(0)
        targets = "".join(f'[{one.name}]\ndatabase-url = "{one.url}"\ndir = "{one.home / "migrations"}"\n' for one in self.all)
        file = self.work / "targets.toml"
        file.write_text(targets, encoding="utf-8")
        file.chmod(0o600)
        self.serve = subprocess.Popen(
            [self.binary, "serve", "--targets", str(file), "--listen", f"127.0.0.1:{self.serve_port}", "--interval", "1s",
             "--metrics-run-info", "on"], cwd=self.work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
        until("every database is seen", lambda: self.prometheus.value(
            'count(count by (migrascope_target) (migrascope_runs_total{job="migrascope-serve"}))') == len(self.all) - 1)
        self.rest()

    def end(self) -> None:
        if self.serve:
            self.serve.send_signal(signal.SIGTERM)
            self.serve.wait(10)

    def rest(self) -> None:
        """Long enough that what has happened is looked at and scraped before the next thing happens."""
        time.sleep(self.pause)

    def happen(self) -> None:
        steps: list[Callable[[], None]] = [
            self._a_slow_run, self._one_without_success, self._a_statement_that_waits, self._a_half_way_failure,
            self._two_runners, self._a_killed_run, self._the_other_fails_again, self._an_unhealthy_one,
            self._there_and_back, self._a_push_that_is_refused, self._a_region_that_lags, self._a_slow_run_again,
            self._one_that_cannot_connect,
        ]
        for step in steps:
            step()
            self.rest()

    def _a_slow_run(self) -> None:
        self.orders.write(4, "CREATE TABLE big (id int)", "INSERT INTO big SELECT generate_series(1, 5000)",
                          "SELECT pg_sleep(0.7)")
        self.orders.write(5, "UPDATE big SET id = id + 1", "DELETE FROM big WHERE id > 4000", "SELECT pg_sleep(0.2)")
        self.orders.run(0)

    def _one_without_success(self) -> None:
        for target in (self.orders, self.billing):
            target.write(6, "SELECT 1/0")
            target.run(5)

    def _a_statement_that_waits(self) -> None:
        """Somebody has the table that a migration needs; it is tried again until he has gone."""
        blocker = subprocess.Popen(["psql", "--quiet", "--no-psqlrc", "-d", self.orders.url], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        assert blocker.stdin and blocker.stdout
        blocker.stdin.write("BEGIN;\nLOCK TABLE big;\n\\echo locked\n")
        blocker.stdin.flush()
        blocker.stdout.readline()
        self.orders.write(6, "-- migrascope: lock-timeout=150ms\nALTER TABLE big ADD COLUMN note text")
        waiting = self.orders.start("up")
        until("the migration is tried again", lambda: self.prometheus.value(
            'migrascope_run_in_progress{job="migrascope-serve", migrascope_target="orders"}') == 1)
        time.sleep(1)
        blocker.communicate()
        finish(waiting, 0)

    def _a_half_way_failure(self) -> None:
        self.search.write(4, "-- migrascope: no-transaction\nCREATE TABLE half (id int)", "INSERT INTO nowhere VALUES (1)")
        self.search.run(6)

    def _two_runners(self) -> None:
        self.orders.write(7, "SELECT pg_sleep(1.5)", "INSERT INTO big (id) VALUES (1)")
        first = self.orders.start("up")
        time.sleep(0.4)
        second = self.orders.start("up")
        finish(first, 0)
        finish(second, 0)

    def _a_killed_run(self) -> None:
        self.stock.write(4, "CREATE TABLE t4 (id int)", "SELECT pg_sleep(60)")
        killed = self.stock.start("up")
        until("serve shows the run", lambda: self.prometheus.value(
            'migrascope_run_in_progress{job="migrascope-serve", migrascope_target="stock"}') == 1)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        until("serve shows that it has vanished", lambda: self.prometheus.value(
            'migrascope_runs_total{job="migrascope-serve", migrascope_target="stock", migrascope_outcome="vanished"}') == 1)
        self.stock.write(4, "CREATE TABLE t4 (id int)")
        self.stock.run(0)

    def _the_other_fails_again(self) -> None:
        self.billing.run(5)

    def _an_unhealthy_one(self) -> None:
        (self.stock.home / "checks").mkdir()
        (self.stock.home / "checks" / "orphans.sql").write_text("SELECT id FROM t5 LIMIT 1;\n", encoding="utf-8")
        self.stock.write(5, "CREATE TABLE t5 (id int)", "INSERT INTO t5 VALUES (1)")
        self.stock.run(9)

    def _there_and_back(self) -> None:
        self.east.write(4, "CREATE TABLE t4 (id int)")
        self.east.write_down(4, "DROP TABLE t4")
        self.east.run(0)
        self.east.run(0, "down")
        self.east.run(0)

    def _a_push_that_is_refused(self) -> None:
        """A gateway takes no timestamps, and remembers for the group that it has refused something."""
        group = f"{self.pushgateway}/metrics/job/migrascope/migrascope_target/stock"
        request = urllib.request.Request(group, data=b"early 1 1\n", method="POST")
        try:
            urllib.request.urlopen(request, timeout=5).close()
        except urllib.error.HTTPError as error:
            if error.code == 400:
                return
        raise SystemExit("the Pushgateway has taken what it should refuse")

    def _a_region_that_lags(self) -> None:
        """What the other region has is pending here, an applied file was edited, and another one is gone."""
        self.west.write(4, "CREATE TABLE t4 (id int)")
        self.west.write(2, "CREATE TABLE t2 (id int)", "INSERT INTO t2 VALUES (4)")
        next((self.west.home / "migrations").glob("003_*.sql")).unlink()

    def _one_that_cannot_connect(self) -> None:
        """It stands in no journal, and what it pushes knows the database's name, but not its schema."""
        server = urllib.parse.urlsplit(self.stock.url)
        here = self.stock.url
        self.stock.url = f"{server.scheme}://{server.username}:{server.password}@127.0.0.1:9{server.path}"
        self.stock.run(8)
        self.stock.url = here
        until("the failure is scraped", lambda: self.prometheus.value(
            'count(migrascope_last_failure_timestamp_seconds{migrascope_target="stock", db_namespace="stock"})') == 1)

    def _a_slow_run_again(self) -> None:
        self.orders.write(8, "SELECT pg_sleep(0.3)", "INSERT INTO big (id) SELECT generate_series(1, 1200)")
        self.orders.write(9, "SELECT pg_sleep(0.9)", "UPDATE big SET note = 'x' WHERE id < 500")
        self.orders.run(0)
