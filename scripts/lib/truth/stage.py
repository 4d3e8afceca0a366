"""Where faults are played: the servers, the receivers, and one scene for each database that something happens to."""

import argparse
import dataclasses
import pathlib
import threading
import time
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from claims import Claim
from databases import JOURNAL, Database, Mariadb, Postgres, Sqlite
from expectation import ROUTES, State, Truth
from prometheus import Prometheus
from received import Received
from runner import Ended, Runner, Running

# Stands in every value and literal of the migrations: neither may be in anything that is received.
SECRET, NUMBER, SQL = "hush-value", "471147114711", "hush_sql"
COLUMNS = ("kind", "run_id", "version", "outcome", "half_way", "statements_done", "error_code", "error_text", "started_at", "finished_at",
           "reason", "trace_id")
Row = dict[str, object]


class Stage:
    """What all scenes share."""

    def __init__(self, given: argparse.Namespace, received: Received) -> None:
        self.given = given
        self.received = received
        self.prometheus = Prometheus(given.prometheus)
        self.work: pathlib.Path = given.work
        self._targets = threading.Lock()
        self._nothing = pathlib.Path(self.work, "targets.toml").read_text(encoding="utf-8")

    def database(self, kind: str, name: str) -> Database:
        match kind:
            case "postgres":
                return Postgres(self.given.postgres, name)
            case "mariadb":
                return Mariadb(self.given.mariadb, name)
        folder = self.work / name
        folder.mkdir(exist_ok=True)
        return Sqlite(folder)

    def watch(self, name: str, url: str, directory: pathlib.Path, more: str) -> None:
        """Has `serve` look at it from now on, where that is one of the ways."""
        if "serve" not in ROUTES:
            return
        with self._targets, pathlib.Path(self.work, "targets.toml").open("a", encoding="utf-8") as file:
            file.write(f'[{name}]\ndatabase-url = "{url}"\ndir = "{directory}"\n{more}')

    def forget(self, names: Sequence[str]) -> None:
        """Removes these targets from every route."""
        with self._targets:
            pathlib.Path(self.work, "targets.toml").write_text(self._nothing, encoding="utf-8")
        for name in names:
            group = urllib.request.Request(f"{self.given.pushgateway}/metrics/job/migrascope/migrascope_target/{name}", method="DELETE")
            urllib.request.urlopen(group, timeout=10).close()
            pathlib.Path(self.given.textfiles, f"{name}.prom").unlink(missing_ok=True)
            self.received.forget(name)

    def telemetry(self, name: str) -> dict[str, str]:
        """Every way out."""
        settings = {
            "otlp": ("OTEL_EXPORTER_OTLP_ENDPOINT", self.given.otlp),
            "gateway": ("MIGRASCOPE_PUSH_URL", self.given.pushgateway),
            "textfile": ("MIGRASCOPE_METRICS_FILE", f"{self.given.textfiles}/{name}.prom"),
        }
        return dict(setting for route, setting in settings.items() if route in ROUTES)


@dataclasses.dataclass
class Observed:
    """A run that was part of a fault, as it ended."""

    truth: Truth
    ended: Ended
    run_id: str
    at: float
    rows: list[Row] | None
    lasting: list[Row] | None = None


class Scene(ABC):
    """A database with its migrations, one thing that goes wrong there, and what is so then."""

    kind = "postgres"
    state: State
    # What `serve` is given besides, in the file of its targets.
    target = ""
    journal_table = JOURNAL
    # About how many seconds it takes to inflict it.
    lasts = 2

    def __init__(self, stage: Stage, fault: str, name: str) -> None:
        self.stage, self.fault, self.name = stage, fault, name
        self.directory = stage.work / name / "migrations"
        self.directory.mkdir(parents=True)
        self.database = stage.database(self.kind, name)
        self.runs: list[Observed] = []
        # What runs are given, where that is not the database's own URL.
        self.url = ""
        # Unix times: just before it happens, when it can be seen, when it is repaired, the end.
        self.before = self.seen = self.repaired = self.end = 0.0
        # Moments at which a run was certainly alive, and the routes that must know.
        self.alive: list[tuple[float, tuple[str, ...]]] = []
        self.trouble: list[str] = []

    def prepare(self) -> None:
        """A database with one applied migration, known by every route."""
        self.database.fresh()
        self.write(1, "CREATE TABLE t1 (n bigint PRIMARY KEY, s varchar(40));", f"INSERT INTO t1 VALUES ({NUMBER}, '{SECRET}');")
        self.stage.watch(self.name, self.watched() or self.database.url, self.directory, self.target)
        self.expect(self.up(), 0)

    def watched(self) -> str:
        """The URL that `serve` has, where that is another one."""
        return ""

    @abstractmethod
    def inflict(self) -> None:
        """Makes it happen, and observes each run."""

    def repair(self) -> None:
        """Repairs it; the next run succeeds."""
        self.write(2, f"SELECT {NUMBER} AS {SQL};")
        self.expect(self.up(), 0)

    def more(self) -> Sequence[Claim]:
        """Claims that only this fault has."""
        return ()

    def write(self, version: int, *statements: str) -> None:
        text = "".join(f"{statement}\n" for statement in statements)
        (self.directory / f"{version}_step.sql").write_text(text, encoding="utf-8")

    def start(self, *words: str, **environment: str) -> Running:
        runner = Runner(self.stage.given.binary, self.directory, "--target", self.name, "--log-format", "json")
        settings = {"DATABASE_URL": self.url or self.database.url, **self.stage.telemetry(self.name), **environment}
        return runner.start(self.database, *(words or ("up",)), quiet=False, **settings)

    def up(self, *words: str, **environment: str) -> Ended:
        return self.start("up", *words, **environment).wait()

    def push(self) -> None:
        """What the journal says now, by every way that a process has."""
        if self.stage.telemetry(self.name):
            self.expect(self.start("push").wait(), 0)

    def expect(self, ended: Ended, code: int) -> None:
        if ended.code != code:
            self.trouble.append(f"exit {ended.code} instead of {code}: {ended.complaints}")

    def reach(self, running: Running, version: int, statement: int) -> None:
        """Waits until the run is at a statement, and the server has it."""
        if not running.hear("statement_started", version=str(version), statement=statement):
            self.trouble.append(f"the run ended before statement {statement} of {version}: {running.wait()}")
        time.sleep(0.3)

    def lives(self, *routes: str) -> None:
        """The run is alive now, by the process table."""
        self.alive.append((time.time(), routes or tuple(ROUTES)))

    def observe(self, truth: Truth, running: Running) -> Ended:
        """The end of a run, and what the journal says of it at that moment."""
        ended = running.wait()
        run = ended.report.get("run") or {}
        run_id = running.run_id or str(run.get("run_id", ""))
        self.runs.append(Observed(truth, ended, run_id, time.time(), self.journal(run_id)))
        self.keep(ended, len(self.runs))
        self.seen = time.time()
        return ended

    def journal(self, run_id: str) -> list[Row] | None:
        """The journal's rows of a run, or nothing where it cannot be asked."""
        try:
            chosen = f"SELECT {', '.join(COLUMNS)} FROM {self.journal_table} WHERE run_id = '{run_id}' ORDER BY started_at"
            rows = self.database.rows_if_table(self.journal_table, chosen)
        except Exception:  # noqa: BLE001  # three drivers, each with its own
            return None
        return [dict(zip(COLUMNS, row)) for row in rows]

    def keep(self, ended: Ended, number: int) -> None:
        folder = self.stage.given.evidence / self.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.stderr").write_text(ended.said, encoding="utf-8")
        (folder / f"{number}.report").write_text(f"exit {ended.code}\n{ended.report}\n", encoding="utf-8")


def until(what: str, holds: Callable[[], object], seconds: float = 30.0) -> None:
    """Raises TimeoutError where it does not hold in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.1)
