"""Scenes in which the runner, its server or a connection ends before its time."""

import signal
import time

from expectation import FAILED, KILLED, ROLLED_BACK, RUN_FAILED, TERMINATED, VANISHED, State, Truth, rolled_back
from stage import NUMBER, SECRET, SQL, Scene, until

ASLEEP = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
KEEPER = "SELECT DISTINCT l.pid FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted AND l.database = " \
         f"(SELECT oid FROM pg_database WHERE datname = current_database()) AND l.pid NOT IN ({ASLEEP})"
LONG_SQLITE = "INSERT INTO t1 (n) WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1000000000) SELECT max(n) FROM s;"


class Sleeping(Scene):
    """The second of three statements of an atomic migration sleeps."""

    seconds = 60
    state = State(applied=1, pending=1, page=FAILED)

    def write_sleep(self) -> None:
        sleep = LONG_SQLITE if self.kind == "sqlite" else f"SELECT pg_sleep({self.seconds}), {NUMBER} AS {SQL};"
        self.write(2, f"INSERT INTO t1 VALUES (1, '{SECRET}');", sleep, f"INSERT INTO t1 VALUES (2, '{SECRET}');")


class Killed(Sleeping):
    """SIGKILL of a run; `serve` knows it by the lock, the other routes by a `push` that follows."""

    state = State(applied=1, pending=1, page=VANISHED)
    lasts = 20

    def inflict(self) -> None:
        self.write_sleep()
        running = self.start()
        self.reach(running, 2, 2)
        time.sleep(13)  # series are sent every ten seconds by OTLP
        self.lives()
        running.process.send_signal(signal.SIGKILL)
        # Its migration was rolled back with everything that the journal could have of it.
        dead = Truth(KILLED, ("vanished",), ("",), "2")
        self.observe(dead, running)
        self.ended()
        time.sleep(3)
        self.push()
        self.seen = time.time()

    def ended(self) -> None:
        """The server has noticed that its client is gone."""
        if self.kind == "postgres":
            until("the dead run's session ends", lambda: not self.database.rows(ASLEEP))


class KilledSqlite(Killed):
    """The same on SQLite."""

    kind = "sqlite"


class Terminated(Sleeping):
    """SIGTERM of a run at work."""

    state = State(applied=1, pending=1, page=RUN_FAILED)

    def inflict(self) -> None:
        self.write_sleep()
        running = self.start()
        self.reach(running, 2, 2)
        running.process.send_signal(signal.SIGTERM)
        stopped = Truth(TERMINATED, ("cancellation",), ("interrupted",), "2", step=("cancellation",), statement=("", "2"), remains=("nothing",),
                        step_error=("interrupted", "57014"), code=("57014",))
        self.observe(stopped, running)


class BackendKilled(Sleeping):
    """The server ends the session that works."""

    def inflict(self) -> None:
        self.write_sleep()
        running = self.start()
        self.reach(running, 2, 2)
        until("the statement is at work", lambda: self.database.rows(ASLEEP))
        self.database.rows(f"SELECT pg_terminate_backend(pid) FROM ({ASLEEP}) AS asleep")
        self.observe(rolled_back("57P01"), running)


class LostLock(Sleeping):
    """The server ends the session that holds the lock; the run lives on until its statement has ended, and then stops."""

    seconds = 14
    lasts = 17

    def inflict(self) -> None:
        self.write_sleep()
        running = self.start()
        self.reach(running, 2, 2)
        until("the lock is held", lambda: self.database.rows(KEEPER))
        self.database.rows(f"SELECT pg_terminate_backend(pid) FROM ({KEEPER}) AS keeper")
        time.sleep(12)
        self.lives("gateway", "textfile", "serve")
        # The statement that was never sent is not the one that failed.
        lost = Truth(ROLLED_BACK, ("failure", "error"), ("lock_lost",), "2", step=("failure", "error"), statement=("", "2"), remains=("nothing",))
        self.observe(lost, running)
