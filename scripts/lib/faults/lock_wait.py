"""The application that holds a lock, the one that must not notice, and the migration in between, of scripts/try-lock-wait."""

import contextlib
import dataclasses
import pathlib
import re
import sys
import threading
import time
from typing import Any

import given
import runner
import table
from databases import Database, Mariadb, Postgres
from runner import Ended, Runner

EVERY = 0.05
TOLERANCE = 0.1
# How long probes are watched before anything is migrated.
CALM = 2.0
FIRST = "CREATE TABLE orders (id int PRIMARY KEY, n int);\n"
ROWS = "INSERT INTO orders VALUES (1, 0), (2, 0), (3, 0);\n"
ALTER = "ALTER TABLE orders ADD COLUMN note varchar(20);\n"
HOLDS = {
    "a row": {"postgres": "UPDATE orders SET n = n + 1 WHERE id = 1", "mariadb": "UPDATE orders SET n = n + 1 WHERE id = 1"},
    "a long SELECT": {"postgres": "SELECT id, pg_sleep({}) FROM orders WHERE id = 1",
                      "mariadb": "SELECT id, SLEEP({}) FROM orders WHERE id = 1"},
}
PROBES = ["SELECT n FROM orders WHERE id = 2", "UPDATE orders SET n = n + 1 WHERE id = 3"]


class Probe(threading.Thread):
    """Another client of the table: asks again and again, and remembers how long it waited."""

    def __init__(self, database: Database, sql: str) -> None:
        super().__init__(daemon=True)
        self.longest = 0.0
        self.asked = 0
        self.failed = ""
        self._database = database
        self._sql = sql
        self._done = threading.Event()

    def run(self) -> None:
        try:
            with connected(self._database) as cursor:
                while not self._done.wait(EVERY):
                    begun = time.monotonic()
                    cursor.execute(self._sql)
                    self.longest = max(self.longest, time.monotonic() - begun)
                    self.asked += 1
        except Exception as error:  # noqa: BLE001  # two drivers, each with its own
            self.failed = str(error)

    def stop(self) -> None:
        self._done.set()
        self.join()


@contextlib.contextmanager
def connected(database: Database) -> Any:
    """A cursor of a connection that commits each statement by itself."""
    assert isinstance(database, Postgres | Mariadb)
    with contextlib.closing(database.connect()) as connection, connection.cursor() as cursor:
        yield cursor


class Holder(threading.Thread):
    """The application that holds a lock of the table for so many seconds."""

    def __init__(self, database: Database, sql: str, seconds: float) -> None:
        super().__init__(daemon=True)
        self.holds = threading.Event()
        self.left_at = 0.0
        self._database = database
        self._sql = sql
        self._seconds = seconds

    def run(self) -> None:
        with connected(self._database) as cursor:
            end = time.monotonic() + self._seconds
            cursor.execute("BEGIN")
            if "{}" in self._sql:
                self.holds.set()
                cursor.execute(self._sql.format(self._seconds))
            else:
                cursor.execute(self._sql)
                self.holds.set()
                time.sleep(end - time.monotonic())
            cursor.execute("COMMIT")
            self.left_at = time.monotonic()


@dataclasses.dataclass
class Seen:
    """One hold, from its beginning to the end of the migration."""

    what: str
    before: float
    longest: float
    asked: int
    ended: Ended
    after: float
    retries: int
    journaled: int
    traced: int
    complaints: list[str]

    def row(self) -> list[object]:
        return [self.what, self.asked, f"{self.before * 1e3:.0f} ms", f"{self.longest * 1e3:.0f} ms", self.ended.code,
                f"{self.after:.1f} s", self.retries, self.journaled, self.traced]


def probed(database: Database, during: Any) -> list[Probe]:
    probes = [Probe(database, sql) for sql in PROBES]
    for probe in probes:
        probe.start()
    try:
        during()
    finally:
        for probe in probes:
            probe.stop()
    return probes


def attempts(log: pathlib.Path, trace: str) -> int:
    """How many spans named attempt, one for each retry, the receiver has of a trace."""
    spans = re.split(r"^Span #\d+$", log.read_text(encoding="utf-8", errors="replace"), flags=re.MULTILINE)
    return sum(trace in span and re.search(r"^ *Name +: attempt$", span, re.MULTILINE) is not None for span in spans)


class Trial:
    """The trials of one database."""

    def __init__(self, database: Database, wanted: Any) -> None:
        self._database = database
        self._wanted = wanted
        self._directory = pathlib.Path(wanted.work, database.kind, "migrations")
        self._directory.mkdir(parents=True)
        self._runner = Runner(wanted.binary, self._directory, "--lock-timeout", f"{wanted.lock_timeout}s")

    def hold(self, what: str) -> Seen:
        self._prepare()
        before = max(probe.longest for probe in probed(self._database, lambda: time.sleep(CALM)))
        (self._directory / "2_note.sql").write_text(ALTER, encoding="utf-8")
        holder = Holder(self._database, HOLDS[what][self._database.kind], self._wanted.hold)
        holder.start()
        holder.holds.wait()
        time.sleep(0.2)  # a long SELECT says nothing until it is over
        runs: list[Ended] = []

        def migrate() -> None:
            runs.append(self._runner.start(self._database, "up", OTEL_EXPORTER_OTLP_ENDPOINT=self._wanted.otlp).wait())
            self._ended = time.monotonic()
            holder.join()

        probes = probed(self._database, migrate)
        return self._judge(what, before, probes, runs[0], self._ended - holder.left_at)

    def _prepare(self) -> None:
        self._database.fresh()
        for left in self._directory.iterdir():
            left.unlink()
        (self._directory / "1_orders.sql").write_text(FIRST + ROWS, encoding="utf-8")
        ended = self._runner.run(self._database, "up")
        if ended.code != 0:
            raise RuntimeError(f"{self._database.kind}: {ended}")

    def _judge(self, what: str, before: float, probes: list[Probe], ended: Ended, after: float) -> Seen:
        run = ended.report.get("run") or {}
        steps = run.get("steps") or [{}]
        rows = runner.journal(self._database, "count(*) FROM JOURNAL WHERE kind = 'retry' AND version = '2'")
        traced = attempts(self._wanted.otlp_log, str(run.get("trace_id")))
        seen = Seen(f"{self._database.kind}, {what}", before, max(probe.longest for probe in probes),
                    sum(probe.asked for probe in probes), ended, after, steps[0].get("retries", 0), int(rows[0][0]),
                    traced, [])
        seen.complaints += [f"a probe failed: {probe.failed}" for probe in probes if probe.failed]
        if ended.code != 0:
            seen.complaints.append(f"the migration did not succeed: {ended}")
        # What a query waits for where nothing is migrated is the machine's own.
        limit = self._wanted.lock_timeout + TOLERANCE + before
        if seen.longest > limit:
            seen.complaints.append(f"a query waited {seen.longest:.3f} s instead of {limit:.3f} s at most")
        if after < 0:
            seen.complaints.append("the migration ended before the holder left: nothing was tried")
        if not seen.retries or seen.journaled != seen.retries or seen.traced != seen.retries:
            seen.complaints.append(f"{seen.retries} retries, {seen.journaled} in the journal, {traced} attempts in the trace")
        return seen


def main() -> None:
    parser = given.parser()
    parser.add_argument("--hold", required=True, type=float)
    parser.add_argument("--lock-timeout", required=True, type=int)
    parser.add_argument("--otlp", required=True)
    parser.add_argument("--otlp-log", required=True, type=pathlib.Path)
    wanted = parser.parse_args()
    trials = [Trial(database, wanted) for database in given.databases(wanted)]
    seen = [trial.hold(what) for trial in trials for what in HOLDS]
    table.show(["held by an application", "probes", "longest before", "longest wait", "exit code", "done after it left",
                "retries", "in the journal", "in the trace"], [one.row() for one in seen])
    for one in seen:
        for complaint in one.complaints:
            print(f"{one.what}: {complaint}")
    sys.exit(0 if seen and not any(one.complaints for one in seen) else 1)


main()
