"""Scenes in which a server, a pooler, a disk or a receiver is gone."""

import contextlib
import os
import pathlib
import threading
import time
from collections.abc import Sequence

import wire
from claims import Claim
from databases import JOURNAL, Postgres, Sqlite
from expectation import FAILED, PUSHED, State, Truth, showing, success
from witness_metrics import snapshot
from runner import Running
from scenes_process import ASLEEP, Sleeping
from servers import Server
from stage import NUMBER, SECRET, SQL, Scene, Stage, until


class Unrecorded(Sleeping):
    """A run ends by itself, and its end cannot be recorded: its own last word is its outcome, and no witness calls it killed."""

    seconds = 30
    lasts = 8
    state = State(applied=1, pending=1, page=FAILED, routes=PUSHED)
    error: tuple[str, ...] = ()
    kept: tuple[str, ...] = ("failure", "end_not_recorded")

    def ends(self) -> Truth:
        return Truth(5, ("failure",), self.error, "2", step=("failure",), statement=("2",), remains=("nothing",), recorded=False)

    def more(self) -> Sequence[Claim]:
        """What the journal makes of it: the outcome, where it could be recorded after all, or that the end could not be."""
        said = []
        for rows, voice, allowed in [(self.runs[0].rows, "now", (*self.kept, "executing")), (self.runs[0].lasting, "for good", self.kept)]:
            found = [str(row["outcome"]) for row in rows or [] if row["kind"] == "run"]
            # A server that is gone cannot be asked.
            if found or voice == "for good":
                said.append(Claim("journal", voice, f"outcome {voice}", allowed, "+".join(found) or None))
        before, end = snapshot(self, self.before), snapshot(self, self.end)
        for route in end:
            dead = sum(value - before[route].get((name, labels), 0.0) for (name, labels), value in end[route].items()
                       if name == "migrascope_runs_total" and ("migrascope_outcome", "vanished") in labels)
            said.append(Claim("metrics", route, "runs counted as killed", ("0",), f"{dead:g}"))
        return said


class ServerKilled(Unrecorded):
    """The server is killed with all its processes, and started again."""

    def __init__(self, stage: Stage, fault: str, name: str) -> None:
        super().__init__(stage, fault, name)
        self.database = Postgres(stage.given.own_postgres, name)

    def inflict(self) -> None:
        self.write_sleep()
        server = Server(self.database)
        running = self.start()
        self.reach(running, 2, 2)
        server.kill()
        time.sleep(1)
        server.is_back()
        self.observe(self.ends(), running)


class Pooler(Server):
    """PgBouncer, as a process that is killed and started again."""

    def __init__(self, database: Postgres, pid: int) -> None:
        self._known = pid
        super().__init__(database)

    def _find(self) -> int:
        return self._known


class PoolerKilled(Unrecorded):
    """PgBouncer is killed; the server lives, and ends the session that is left."""

    def inflict(self) -> None:
        self.write_sleep()
        port, pid = self.stage.given.pooler
        pooled = Postgres(wire.through(self.database.url, int(port)), self.name)
        self.url = pooled.url
        running = self.start()
        self.reach(running, 2, 2)
        until("the statement is at work", lambda: self.database.rows(ASLEEP))
        pooler = Pooler(pooled, int(pid))
        pooler.kill()
        self.observe(self.ends(), running)
        pooler.is_back()
        self.url = ""


def fill(path: pathlib.Path, ended: threading.Event) -> None:
    """Takes every byte that becomes free, until the run has ended."""
    with path.open("wb", buffering=0) as file:
        while not ended.is_set():
            for size in (65536, 4096, 1):
                with contextlib.suppress(OSError):
                    while file.write(os.urandom(size)) and not ended.is_set():
                        pass
            time.sleep(0.001)


class Full(Unrecorded):
    """No byte is left on the disk while a migration writes."""

    def fill_and_observe(self, running: Running) -> None:
        running.hear("statement_started", version="2", statement=2)
        filler, ended = pathlib.Path(self.stage.given.full_disk, self.kind, "filler"), threading.Event()
        filling = threading.Thread(target=fill, args=(filler, ended))
        filling.start()
        self.observe(self.ends(), running)
        ended.set()
        filling.join()
        filler.unlink()


class DiskFull(Full):
    """On PostgreSQL nothing is given back when a transaction is rolled back, and a row that needs a new page finds none."""

    error = ("53100",)

    def prepare(self) -> None:
        folder = pathlib.Path(self.stage.given.full_disk, self.kind, "space")
        folder.mkdir()
        owner = pathlib.Path(self.database.rows("SELECT setting FROM pg_settings WHERE name = 'data_directory'")[0][0]).stat()
        if os.geteuid() == 0:
            os.chown(folder, owner.st_uid, owner.st_gid)
        self.database.rows(f"CREATE TABLESPACE full_disk LOCATION '{folder}'")
        super().prepare()
        self.database.rows("ALTER TABLE t1 SET TABLESPACE full_disk")
        self.database.rows(f"ALTER TABLE {JOURNAL} SET (fillfactor = 10)")
        self.database.rows(f"ALTER TABLE {JOURNAL} SET TABLESPACE full_disk")

    def inflict(self) -> None:
        self.write(2, f"SELECT pg_sleep(1), {NUMBER} AS {SQL};",
                   f"INSERT INTO t1 SELECT n, '{SECRET}' FROM generate_series(1000, 300000) AS n, pg_sleep(1);")
        self.fill_and_observe(self.start())


class DiskFullSqlite(Full):
    """On SQLite the rollback gives back what the journal's row needs."""

    kind = "sqlite"
    error = ("13",)

    def __init__(self, stage: Stage, fault: str, name: str) -> None:
        super().__init__(stage, fault, name)
        self.database = Sqlite(pathlib.Path(stage.given.full_disk, self.kind))

    def inflict(self) -> None:
        self.write(2, f"SELECT {NUMBER} AS {SQL};",
                   "WITH RECURSIVE s (n) AS (SELECT 1000 UNION ALL SELECT n + 1 FROM s WHERE n < 300000) "
                   f"INSERT INTO t1 SELECT n, '{SECRET}' FROM s;")
        self.fill_and_observe(self.start())


class Lost(Scene):
    """A receiver does not answer; the run succeeds, and the other ways say what was lost."""

    state = State(applied=2, pending=0, tickets=("MigrascopeTelemetryExportFailing",))
    variable, signals, exporter = "", (), ""
    traced = True

    def inflict(self) -> None:
        self.write(2, f"INSERT INTO t1 VALUES (1, '{SECRET}');")
        # Nothing listens there.
        words = {self.variable: "http://127.0.0.1:9"}
        done = success()
        self.observe(Truth(done.exit, done.outcome, version="2", step=done.step, applied=1, traced=self.traced), self.start("up", **words))

    def repair(self) -> None:
        self.expect(self.up(), 0)

    def more(self) -> Sequence[Claim]:
        said = [Claim("output", "warnings", "what was lost", ("said",), "said" if "not delivered" in self.runs[0].ended.said
                      or "warning: telemetry" in self.runs[0].ended.said else None)]
        series = snapshot(self, min(self.seen + 15, self.repaired))
        for route in showing(self.state):
            if route == "serve":
                continue  # it is another process, and has its own exporters: docs/telemetry.md
            for signal in self.signals:
                counted = sum(value for (name, labels), value in series[route].items()
                              if name == "migrascope_telemetry_export_failures_total" and ("migrascope_telemetry_signal", signal) in labels
                              and ("migrascope_telemetry_exporter", self.exporter) in labels)
                said.append(Claim("metrics", route, f"failed exports of {signal}", ("some",), "some" if counted else "0"))
        return said


class DeadReceiver(Lost):
    """Nothing answers at the OTLP endpoint."""

    state = State(applied=2, pending=0, routes=("gateway", "textfile", "serve"), tickets=Lost.state.tickets)
    variable, signals, exporter = "OTEL_EXPORTER_OTLP_ENDPOINT", ("traces", "metrics", "logs"), "otlp"
    traced = False


class DeadGateway(Lost):
    """Nothing answers at the Pushgateway."""

    state = State(applied=2, pending=0, routes=("textfile", "otlp", "serve"), tickets=Lost.state.tickets)
    variable, signals, exporter = "MIGRASCOPE_PUSH_URL", ("metrics",), "pushgateway"
