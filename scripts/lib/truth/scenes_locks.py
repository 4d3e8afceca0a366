"""Scenes in which another session is in the way."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Sequence
from typing import Any

from claims import Claim
from databases import Mariadb, Postgres, Sqlite
from expectation import FAILED, ROUTES, RUN_FAILED, State, Truth, rolled_back, success
from witness_metrics import snapshot
from stage import NUMBER, SECRET, SQL, Scene, Stage


class Application:
    """A client with a transaction of its own."""

    def __init__(self, scene: Scene) -> None:
        self._stack = contextlib.ExitStack()
        database = scene.database
        self.cursor: Any
        if isinstance(database, Sqlite):
            lite = self._stack.enter_context(contextlib.closing(sqlite3.connect(database.path, isolation_level=None, check_same_thread=False)))
            self.cursor = lite
        else:
            assert isinstance(database, Postgres | Mariadb)
            server = self._stack.enter_context(contextlib.closing(database.connect()))
            self.cursor = self._stack.enter_context(server.cursor())

    def execute(self, *statements: str) -> None:
        for statement in statements:
            self.cursor.execute(statement)

    def close(self) -> None:
        self._stack.close()


class Retried(Scene):
    """A table stays locked until every attempt is used up; while that goes on every route counts."""

    state = State(applied=1, pending=1, page=FAILED, tickets=("MigrascopeManyRetries",))
    retries = 7
    lasts = 60
    counted = 0.0

    def inflict(self) -> None:
        application = Application(self)
        application.execute("BEGIN", f"INSERT INTO t1 VALUES (7, '{SECRET}')")
        self.write(2, f"SELECT {NUMBER} AS {SQL};", "ALTER TABLE t1 ADD COLUMN more int;")
        running = self.start("up", "--lock-timeout", "300ms", "--retries", str(self.retries))
        for _ in range(5):
            running.hear("retrying")
        time.sleep(15)
        self.counted = time.time()
        given_up = rolled_back("55P03")
        truth = Truth(given_up.exit, given_up.outcome, given_up.error, "2", step=given_up.step, statement=("2",), remains=("nothing",),
                      retries=self.retries, retry_reason="lock_timeout")
        self.observe(truth, running)
        application.close()

    def more(self) -> Sequence[Claim]:
        said = []
        before, then = snapshot(self, self.before), snapshot(self, self.counted)
        for route in ROUTES:
            def count(series: dict) -> float:
                return sum(value for (name, labels), value in series[route].items() if name == "migrascope_statement_retries_total"
                           and ("migrascope_retry_reason", "lock_timeout") in labels)
            risen = count(then) - count(before)
            said.append(Claim("metrics", route, "retries 15 s after the fifth", ("5 or more",), "5 or more" if risen >= 5 else f"{risen:g}"))
        return said


class RetriedMariadb(Scene):
    """The same on MariaDB, where a statement alone is tried again."""

    kind = "mariadb"
    state = State(applied=1, pending=1, page=FAILED)
    lasts = 8

    def inflict(self) -> None:
        application = Application(self)
        application.execute("BEGIN", f"INSERT INTO t1 VALUES (7, '{SECRET}')")
        self.write(2, "ALTER TABLE t1 ADD COLUMN more int;", f"SELECT {NUMBER} AS {SQL};")
        truth = Truth(5, ("failure",), ("1205",), "2", step=("failure",), statement=("1",), remains=("nothing",), retries=2,
                      retry_reason="lock_timeout")
        self.observe(truth, self.start("up", "--lock-timeout", "1s", "--retries", "2"))
        application.close()


class BusySqlite(Scene):
    """Another writer has the file all the time: nothing is begun, and nothing can be recorded."""

    kind = "sqlite"
    state = State(applied=1, pending=1, page=FAILED, routes=("gateway", "textfile", "otlp"))
    lasts = 8
    # Three attempts of a second each, and two pauses with their random shares.
    limit = 8.0
    took = 0.0

    def inflict(self) -> None:
        application = Application(self)
        application.execute("BEGIN IMMEDIATE", f"INSERT INTO t1 VALUES (7, '{SECRET}')")
        self.write(2, f"INSERT INTO t1 VALUES (1, '{SECRET}');")
        truth = Truth(5, ("failure",), ("5",), "2", step=("failure",), statement=("", "1"), remains=("nothing",), retries=2,
                      retry_reason="lock_timeout", recorded=False, began=False)
        ended = self.observe(truth, self.start("up", "--lock-timeout", "1s", "--retries", "2"))
        self.took = ended.seconds
        application.close()

    def more(self) -> Sequence[Claim]:
        in_time = "in time" if self.took <= self.limit else f"{self.took:.0f}"
        return [Claim("output", "process", f"seconds, {self.limit:.0f} at most", ("in time",), in_time)]


class Deadlock(Scene):
    """We are chosen to end a deadlock, and get through at the second attempt."""

    state = State(applied=2, pending=0)
    lasts = 6
    retried = "40P01"

    def prepare(self) -> None:
        super().prepare()
        self.database.rows("INSERT INTO t1 VALUES (1, 'a'), (2, 'b')")

    def inflict(self) -> None:
        application = Application(self)
        # It does not end the deadlock itself.
        application.execute("BEGIN", "SET LOCAL deadlock_timeout = '1h'", f"UPDATE t1 SET s = '{SECRET}' WHERE n = 2")
        self.write(2, f"UPDATE t1 SET s = '{SECRET}' WHERE n = 1;", "UPDATE t1 SET s = 'c' WHERE n = 2;")
        self._meet(application)

    def _meet(self, application: Application) -> None:
        running = self.start()
        self.reach(running, 2, 2)
        waiting = threading.Thread(target=application.execute, args=("UPDATE t1 SET s = 'd' WHERE n = 1", "COMMIT"))
        waiting.start()
        done = success()
        self.observe(Truth(done.exit, done.outcome, version="2", step=("success",), retries=1, retry_reason="deadlock", applied=1), running)
        waiting.join(10)
        application.close()

    def repair(self) -> None:
        self.expect(self.up(), 0)


class Refused(Scene):
    """The database takes no writes: the run cannot begin, and leaves no row."""

    state = State(applied=1, pending=1, page=RUN_FAILED, routes=("gateway", "textfile", "otlp"), tickets=("MigrascopeDatabaseReadOnly",))

    def _run(self) -> None:
        self.write(2, f"INSERT INTO t1 VALUES (1, '{SECRET}');")
        self.observe(Truth(8, ("error",), (), recorded=False, began=False), self.start())

    def more(self) -> Sequence[Claim]:
        """Its own look tells `serve` that nothing can be written there."""
        series = snapshot(self, self.repaired).get("serve")
        if series is None:
            return ()
        said = [dict(labels)["migrascope_check"] for (name, labels), value in series.items()
                if name == "migrascope_health_check_success" and not value]
        known = sorted(check for check in said if check in ("connect", "writable"))
        return [Claim("metrics", "serve", "checks that fail", ("connect", "writable", "connect+writable"), "+".join(known) or None)]


class ReadOnlySqlite(Refused):
    """The file is opened for reading alone."""

    kind = "sqlite"

    def inflict(self) -> None:
        self.url = f"{self.database.url}?mode=ro"
        self._run()
        self.url = ""

    def more(self) -> Sequence[Claim]:
        return ()  # that is one URL's fault: others may write


class Replicated(Scene):
    """A database of the primary, at whose standby `serve` looks."""

    def __init__(self, stage: Stage, fault: str, name: str) -> None:
        super().__init__(stage, fault, name)
        self.database = Postgres(stage.given.primary, name)

    def watched(self) -> str:
        return f"{self.stage.given.standby.rsplit('/', 1)[0]}/{self.database.url.rsplit('/', 1)[1]}"


class WatchedStandby(Replicated):
    """`serve` looks at a standby while a run works on the primary, whose locks a standby does not show."""

    state = State(applied=2, pending=0, tickets=("MigrascopeDatabaseReadOnly",))
    lasts = 20

    def inflict(self) -> None:
        self.write(2, "SELECT pg_sleep(18);", f"INSERT INTO t1 VALUES (1, '{SECRET}');")
        running = self.start()
        self.reach(running, 2, 1)
        time.sleep(16)
        self.lives()
        self.observe(success(), running)

    def repair(self) -> None:
        self.expect(self.up(), 0)


class Standby(Replicated, Refused):
    """The URL leads to a standby, for runs and for `serve`."""

    def inflict(self) -> None:
        self.url = self.watched()
        self._run()
        self.url = ""
