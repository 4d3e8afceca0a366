"""Scenes in which a killed run could be hidden, and signals that meet a server without an answer."""

import shutil
import signal
import time
from collections.abc import Sequence

import wire
from claims import Claim
from expectation import LOCKED_OUT, PUSHED, ROUTES, RUN_FAILED, TERMINATED, VANISHED, State, Truth, success
from runner import Runner, Running
from scenes_process import ASLEEP, Killed
from scenes_servers import Unrecorded
from stage import NUMBER, SECRET, SQL, Scene
from wire import Fault
from witness_metrics import snapshot

DEAD = Truth(-9, ("vanished",), ("",), "2")


class Hidden(Killed):
    """An older release finds nothing to do while a run is at work that is killed later: the later end is the last one."""

    def inflict(self) -> None:
        self.write_sleep()
        running = self.start()
        self.reach(running, 2, 2)
        older = self.directory.parent / "older"
        older.mkdir()
        shutil.copy(self.directory / "1_step.sql", older)
        self.observe(success(0), self.start_with(older))
        time.sleep(13)
        running.process.send_signal(signal.SIGKILL)
        self.observe(DEAD, running)
        self.ended()
        time.sleep(4)
        self.push()
        self.seen = time.time()

    def start_with(self, directory: object) -> Running:
        runner = Runner(self.stage.given.binary, directory, "--target", self.name, "--log-format", "json")  # type: ignore[arg-type]
        return runner.start(self.database, "up", quiet=False, **self.stage.telemetry(self.name))


class Waiting(Killed):
    """A second run does not get the lock, and then its holder is killed: what pages is the dead run."""

    def inflict(self) -> None:
        self.write_sleep()
        running = self.start()
        self.reach(running, 2, 2)
        self.observe(Truth(LOCKED_OUT, ("timeout",), ()), self.start("up", "--lock-wait", "1s"))
        time.sleep(6)
        running.process.send_signal(signal.SIGKILL)
        self.observe(DEAD, running)
        self.ended()
        time.sleep(4)
        self.push()
        self.seen = time.time()


class Unpushed(Killed):
    """No `push` follows: where metrics stand still, the heartbeat is missed after two minutes, and `serve` knows at once."""

    state = State(applied=1, pending=1, page=VANISHED, routes=("serve",), pages_by=tuple(ROUTES))
    lasts = 150

    def inflict(self) -> None:
        self.write_sleep()
        running = self.start()
        self.reach(running, 2, 2)
        time.sleep(13)
        running.process.send_signal(signal.SIGKILL)
        self.observe(DEAD, running)
        # What was pushed last is ten seconds old at most.
        time.sleep(120)
        self.seen = time.time()


class Switched(wire.Wire):
    """A wire that swallows everything from a moment on, and is not closed."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.mute = False
        super().__init__(server, Fault("mute from a moment on"))

    def _swallows(self, number: int) -> bool:
        return self.mute


class Mute(Unrecorded):
    """SIGTERM of a run whose server does not answer any more."""

    state = State(applied=1, pending=1, page=RUN_FAILED, routes=PUSHED)
    lasts = 25
    signals = 1
    kept = ("cancellation", "interrupted", "end_not_recorded")
    took = 0.0

    def inflict(self) -> None:
        self.write_sleep()
        opened = Switched(wire.server_of(self.database.url))
        try:
            self.url = wire.through(self.database.url, opened.port)
            running = self.start()
            self.reach(running, 2, 2)
            opened.mute = True
            begun = time.monotonic()
            for number in range(self.signals):
                time.sleep(number)
                running.process.send_signal(signal.SIGTERM)
            # The transaction of the statement that was running was never committed.
            stopped = Truth(TERMINATED, ("cancellation",), ("interrupted", "abandoned"), "2", step=("cancellation",), step_error=(), code=(),
                            statement=("", "2"), remains=("nothing",), recorded=False)
            self.observe(stopped, running)
            self.took = time.monotonic() - begun
        finally:
            opened.close()
        self.url = ""
        self.database.rows(f"SELECT pg_terminate_backend(pid) FROM ({ASLEEP}) AS asleep")

    def more(self) -> Sequence[Claim]:
        # docs: within ten seconds; the flush of telemetry may take five more.
        in_time = "in time" if self.took < 16 else f"{self.took:.0f}"
        return [*super().more(), Claim("output", "process", "seconds to end, 15 at most", ("in time",), in_time)]


class SecondSignal(Mute):
    """A second signal ends it at once, with its last word by every route that it has."""

    signals = 2

    def more(self) -> Sequence[Claim]:
        in_time = "in time" if self.took < 8 else f"{self.took:.0f}"
        return [*Unrecorded.more(self), Claim("output", "process", "seconds to end, 7 at most", ("in time",), in_time)]


class LongWriteSqlite(Scene):
    """A long and healthy write on SQLite: that the file is locked does not make the database unreachable."""

    kind = "sqlite"
    state = State(applied=2, pending=0)
    lasts = 15
    looked = 0.0

    def inflict(self) -> None:
        self.write(2, f"CREATE TABLE t2 AS WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 200000) "
                      f"SELECT n, '{SECRET}' AS s FROM s;",
                   "INSERT INTO t1 SELECT sum(a.n), 'x' FROM t2 a, t2 b WHERE a.n < 150;",
                   f"SELECT {NUMBER} AS {SQL};")
        running = self.start()
        self.reach(running, 2, 2)
        time.sleep(6)
        self.looked = time.time()
        done = success()
        self.observe(Truth(done.exit, done.outcome, version="2", step=("success",), applied=1), running)

    def repair(self) -> None:
        self.expect(self.up(), 0)

    def more(self) -> Sequence[Claim]:
        running = self.seen > self.looked + 1
        series = snapshot(self, self.looked).get("serve")
        if series is None:
            return ()
        found = [f"{value:g}" for (name, labels), value in series.items()
                 if name == "migrascope_health_check_success" and ("migrascope_check", "connect") in labels]
        said = Claim("metrics", "serve", "reachable during a long write", ("1",), found[0] if found else None)
        return [said] if running else []


class Looker(Scene):
    """`serve` has a role that may read the history and nothing else; the database has the same name by every route."""

    state = State(applied=2, pending=0)
    target = 'ledger-table = "migrascope._migrascope_migrations"\njournal-table = "migrascope._migrascope_journal"\n'
    journal_table = "migrascope._migrascope_journal"

    def watched(self) -> str:
        name = self.database.url.rsplit("/", 1)[1]
        role = f"looker_{name}"
        self.database.rows(f"CREATE ROLE {role} LOGIN PASSWORD 'throwaway-s3cret'")
        self.database.rows("CREATE SCHEMA migrascope")
        self.database.rows("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        self.database.rows(f"GRANT USAGE ON SCHEMA migrascope TO {role}")
        self.database.rows(f"ALTER DEFAULT PRIVILEGES IN SCHEMA migrascope GRANT SELECT ON TABLES TO {role}")
        return self.database.url.replace("//postgres:", f"//{role}:")

    def start(self, *words: str, **environment: str) -> Running:
        tables = {"MIGRASCOPE_LEDGER_TABLE": "migrascope._migrascope_migrations", "MIGRASCOPE_JOURNAL_TABLE": "migrascope._migrascope_journal"}
        return super().start(*words, **{**tables, **environment})

    def inflict(self) -> None:
        self.write(2, f"SELECT {NUMBER} AS {SQL};")
        self.observe(success(), self.start())

    def repair(self) -> None:
        self.expect(self.up(), 0)
