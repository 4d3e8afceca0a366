"""SIGTERM at chance instants and in chosen moments, of scripts/try-signals."""

import dataclasses
import pathlib
import random
import signal
import socket
import sys
import threading
import time

import ending
import given
import migrations
import runner
import table
from databases import Database, Row
from ending import Ending, Unexplained
from holds import Hold, write_slow
from runner import Ended, Runner, Running

WITHIN = 10.0
# Of the second signal: the time that a process takes to end on a busy machine.
AT_ONCE = 1.0
# A session ends on the server a moment after its client has left.
GONE_WITHIN = 2.0
LOCK_AT_ONCE = 2.0


@dataclasses.dataclass
class Count:
    """What was seen in one kind of moment."""

    moment: str
    signals: int = 0
    stopped: int = 0
    finished: int = 0
    interrupted: int = 0
    unwritten: int = 0
    resumed: int = 0
    unexplained: int = 0
    slowest: float = 0.0
    lock: float = 0.0

    def row(self) -> list[object]:
        return [self.moment, self.signals, self.stopped, self.finished, f"{self.slowest:.2f} s", self.interrupted,
                self.unwritten, self.resumed, f"{self.lock:.2f} s", self.unexplained]


class Trial:
    """The signals of one database."""

    def __init__(self, database: Database, binary: pathlib.Path, work: pathlib.Path, chance: random.Random) -> None:
        self._database = database
        self._chance = chance
        mixed = work / database.kind / "mixed" / "migrations"
        migrations.write(database.kind, mixed)
        self._mixed = Runner(binary, mixed)
        slowly = work / database.kind / "slow" / "migrations"
        write_slow(database.kind, slowly)
        self._slow = Runner(binary, slowly, "--lock-timeout", "1s")
        self.counts: list[Count] = []

    def signals(self, times: int) -> None:
        try:
            self._at_any_instant(times)
            for moment in (self._long_statement, self._lock_wait, self._retry_pause, self._second_signal):
                for _ in range(max(1, times // 20)):
                    moment()
        except Unexplained as error:  # nothing could be tried
            print(f"{self._database.kind}: {error}", flush=True)
            self._count("any instant").unexplained += 1

    def _count(self, moment: str) -> Count:
        name = f"{self._database.kind}, {moment}"
        found = next((count for count in self.counts if count.moment == name), None)
        if found is None:
            found = Count(name)
            self.counts.append(found)
        return found

    def _at_any_instant(self, times: int) -> None:
        seconds, good = ending.undisturbed(self._mixed, self._database, 2)
        for _ in range(times):
            self._database.fresh()
            instant = self._chance.uniform(0, seconds)
            running = self._mixed.start(self._database, "up")
            running.send_at(instant, signal.SIGTERM)
            ended = self._judge(self._count("any instant"), self._mixed, running, f"at {instant:.3f} s", good)
            if ended.code == 0:
                # Not slower than it can be: an instant behind the end tries nothing.
                seconds = min(seconds, ended.seconds)

    def _long_statement(self) -> None:
        self._database.fresh()
        running = self._slow.start(self._database, "up", quiet=False)
        slow_statement(running)
        time.sleep(self._chance.uniform(0, 1))
        running.process.terminate()
        self._judge(self._count("long statement"), None, running, "in a long statement", [])

    def _lock_wait(self) -> None:
        self._database.fresh()
        first = self._slow.start(self._database, "up", quiet=False)
        slow_statement(first)
        second = self._slow.start(self._database, "up", quiet=False)
        heard(second, "lock_waited")
        time.sleep(self._chance.uniform(0, 1))
        second.process.terminate()
        count = self._count("lock wait")
        self._judge(count, None, second, "while it waits for the lock", [])
        first.process.terminate()
        first.wait()

    def _retry_pause(self) -> None:
        self._database.fresh()
        ended = self._slow.run(self._database, "up", "--steps", "1")
        if ended.code != 0:
            raise Unexplained(f"undisturbed, {ended}")
        with Hold(self._database):
            running = self._slow.start(self._database, "up", quiet=False)
            heard(running, "retrying")
            heard(running, "retrying")
            time.sleep(self._chance.uniform(0, 0.4))
            running.process.terminate()
            self._judge(self._count("retry pause"), None, running, "in the pause before another try", [])

    def _second_signal(self) -> None:
        """The first one has stopped the run, and a collector that never answers holds up its end."""
        self._database.fresh()
        with socket.create_server(("127.0.0.1", 0)) as silent:
            running = self._slow.start(
                self._database, "up", quiet=False, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}",
                MIGRASCOPE_TELEMETRY_FLUSH_TIMEOUT="9s")
            slow_statement(running)
            running.process.terminate()
            heard(running, "run_finished")
            time.sleep(0.5)
            if running.process.poll() is not None:
                raise Unexplained("the collector did not hold it up: nothing was tried")
            running.process.terminate()
            self._judge(self._count("second signal"), None, running, "the second time", [], AT_ONCE)

    def _judge(self, count: Count, again: Runner | None, running: Running, when: str, good: list[Row],
               within: float = WITHIN) -> Ended:
        """Ends well: in time, without lock or session left, with its record; and the next run completes it."""
        sent = time.monotonic()
        ended = running.wait()
        took = time.monotonic() - sent
        count.signals += 1
        count.slowest = max(count.slowest, took)
        how = Ending()
        try:
            # Before it listens to signals it ends as every process does.
            if ended.code not in (0, ending.UNHEALTHY, 143, -signal.SIGTERM):
                raise Unexplained(str(ended))
            count.stopped += ended.code not in (0, ending.UNHEALTHY)
            count.finished += ended.code in (0, ending.UNHEALTHY)
            if took > within:
                raise Unexplained(f"it took {took:.1f} s to end")
            self._recorded(count, ended, running.run_id)
            if again is not None:
                self._nobody_is_left()
                ending.finish(again, self._database, good, how)
                count.lock = max(count.lock, how.lock)
                if how.lock > LOCK_AT_ONCE:
                    raise Unexplained(f"the next run waited {how.lock:.1f} s for the lock")
        except Unexplained as error:
            count.unexplained += 1
            print(f"{count.moment} {when}: {error}", flush=True)
        count.resumed += how.resumed
        return ended

    def _recorded(self, count: Count, ended: Ended, heard_of: str | None) -> None:
        if ended.code in (0, ending.UNHEALTHY):
            return
        run = (ended.report.get("run") or {}).get("run_id", heard_of)
        said = runner.journal(self._database, f"outcome FROM JOURNAL WHERE kind = 'run' AND run_id = '{run}'")
        if said == [("interrupted",)]:
            count.interrupted += 1
        elif not said and (not runner.journal(self._database, "id FROM JOURNAL") or not self._can_write(count)):
            count.unwritten += 1  # there is no table yet, or somebody else writes
        else:
            raise Unexplained(f"the journal says {said} of run {run}: {ended}")
        if left := runner.journal(self._database, "kind, version FROM JOURNAL WHERE outcome = 'executing' "
                                                  f"AND run_id = '{run}'"):
            raise Unexplained(f"the journal says that these go on: {left}")

    def _can_write(self, count: Count) -> bool:
        """While one writes to SQLite, another runner or the application, nobody else can."""
        return self._database.kind != "sqlite" or not count.moment.endswith(("lock wait", "retry pause"))

    def _nobody_is_left(self) -> None:
        end = time.monotonic() + GONE_WITHIN
        while sessions := self._database.sessions():
            if time.monotonic() > end:
                raise Unexplained(f"{sessions} sessions are left on the server")
            time.sleep(0.02)


def heard(running: Running, event: str) -> None:
    """Waits until a run says so."""
    if not running.hear(event):
        raise Unexplained(f"no {event}: {running.wait()}")


def slow_statement(running: Running) -> None:
    """Waits until a run of the slow migrations has come to the third statement, which takes a minute."""
    for _ in range(3):
        heard(running, "statement_started")


def main() -> None:
    parser = given.parser()
    parser.add_argument("--signals", required=True, type=int)
    parser.add_argument("--seed", required=True, type=int)
    wanted = parser.parse_args()
    trials = [Trial(database, wanted.binary, wanted.work, random.Random(wanted.seed)) for database in given.databases(wanted)]
    threads = [threading.Thread(target=trial.signals, args=(wanted.signals,), daemon=True) for trial in trials]

    def counts() -> list[Count]:
        return [count for trial in trials for count in trial.counts]

    header = ["SIGTERM", "signals", "143", "0", "ended within", "interrupted", "no journal", "resumed",
              "next lock within", "unexplained"]
    with table.at_the_end(header, lambda: [count.row() for count in counts()]):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    complete = sum(count.moment.endswith("any instant") and count.signals == wanted.signals for count in counts())
    sys.exit(0 if complete == len(trials) and not any(count.unexplained for count in counts()) else 1)


main()
