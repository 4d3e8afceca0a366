"""The kill sweep of scripts/try-kills."""

import argparse
import collections
import dataclasses
import pathlib
import signal
import sys
import threading
import time

import by_hand
import migrations
import runner
import table
from databases import Database, Mariadb, Postgres, Row, Sqlite
from runner import Ended, Runner, Running
from servers import Server

STOPS = 5


@dataclasses.dataclass
class Count:
    """What a sweep has seen."""

    killed: str
    kills: int = 0
    before: int = 0
    during: int = 0
    after: int = 0
    refused: int = 0
    resumed: int = 0
    lost: int = 0
    repeated: int = 0
    unexplained: int = 0
    slowest: float = 0.0
    said: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    def row(self) -> list[object]:
        return [self.killed, self.kills, self.before, self.during, self.after, self.refused, self.resumed, self.lost,
                self.repeated, self.unexplained, f"{self.slowest:.1f} s"]

    def is_good(self) -> bool:
        return not (self.lost or self.repeated or self.unexplained)


class Sweep:
    """The kills of one database."""

    def __init__(self, database: Database, server: Server | None, binary: pathlib.Path, work: pathlib.Path) -> None:
        self._database = database
        self._server = server
        directory = work / database.kind / "migrations"
        migrations.write(database.kind, directory)
        self._runner = Runner(binary, directory)
        self.counts: list[Count] = []

    def sweep(self, kills: int, server_kills: int) -> None:
        seconds, good = self._undisturbed()
        print(f"{self._database.kind}: undisturbed, {migrations.COUNT} migrations take {seconds:.2f} s at least", flush=True)
        self._kill_all("runner", kills, seconds, good)
        if self._server is not None and server_kills:
            self._kill_all("server", server_kills, seconds, good)

    def _undisturbed(self) -> tuple[float, list[Row]]:
        """How long a run takes, and what it leaves."""
        taken = []
        for _ in range(3):
            self._database.fresh()
            ended = self._runner.run(self._database, "up")
            if ended.code != 0:
                raise RuntimeError(f"{self._database.kind}: undisturbed, {ended}")
            taken.append(ended.seconds)
        return min(taken), self._database.fingerprint()

    def _kill_all(self, what: str, kills: int, seconds: float, good: list[Row]) -> None:
        count = Count(f"{self._database.kind} {what}")
        self.counts.append(count)
        for number in range(kills):
            self._database.fresh()
            instant = seconds * (number + 0.5) / kills
            try:
                self._kill(count, what, instant)
                self._finish(count, instant, good)
            except (RuntimeError, TimeoutError) as error:
                count.unexplained += 1
                print(f"{count.killed} at {instant:.3f} s: {error}", flush=True)

    def _kill(self, count: Count, what: str, instant: float) -> None:
        running = self._runner.start(self._database, "up")
        count.kills += 1
        if what == "server":
            killed = self._kill_server(running, instant)
        else:
            killed = running.send_at(instant, signal.SIGKILL)
        ended = running.wait()
        if what == "server":
            self._server_is_back()
            count.said[str(ended.code)] += 1
            if killed and ended.code not in (0, 1, 5, 6, 8):
                raise RuntimeError(f"the server was killed, and the runner said: {ended}")
        if not killed:
            count.after += 1
        elif runner.ledger(self._database):
            count.during += 1
        else:
            count.before += 1

    def _kill_server(self, running: Running, instant: float) -> bool:
        assert self._server is not None
        time.sleep(max(0.0, running.begun + instant - time.monotonic()))
        killed = running.process.poll() is None
        self._server.kill()
        return killed

    def _server_is_back(self) -> None:
        assert self._server is not None
        self._server.start()

    def _finish(self, count: Count, instant: float, good: list[Row]) -> None:
        """Runs to the end, as whoever is on call would, and looks at what there is then."""
        for _ in range(STOPS):
            ended = self._runner.run(self._database, "up")
            count.slowest = max(count.slowest, ended.seconds)
            if ended.code == 0:
                break
            if ended.code != 4:
                raise RuntimeError(f"the next run said: {ended}")
            count.refused += 1
            self._resume(count, ended, self._is_true(ended))
        else:
            raise RuntimeError(f"still refused after {STOPS} settlements: {ended}")
        self._judge(count, instant, good)

    def _resume(self, count: Count, refused: Ended, version: int) -> None:
        settled = runner.settle(self._runner, self._database, refused)
        if settled is None:
            by_hand.settle(self._database, version, refused)
        elif settled.code != 0:
            raise RuntimeError(f"repair said: {settled}; it was advised by: {refused}")
        else:
            count.resumed += 1

    def _is_true(self, refused: Ended) -> int:
        """Compares how far the journal says that it came with the marks that are there; the version."""
        half_way = runner.journal(self._database, "version, statements_done, statements_total FROM JOURNAL WHERE half_way")
        if len(half_way) != 1:
            raise RuntimeError(f"{len(half_way)} attempts are half-way: {refused}")
        version, done, total = int(half_way[0][0]), int(half_way[0][1]), int(half_way[0][2])
        marks = {int(row[0]) for row in self._database.rows_if_table(
            "marks", f"SELECT part FROM marks WHERE version = {version}")}
        for part, place in ((1, 2 if version == 1 else 1), (2, total)):
            if (done >= place and part not in marks) or (done + 1 < place and part in marks):
                raise RuntimeError(f"the journal says {done} of {total} statements of {version}, its marks are {marks}")
        return version

    def _judge(self, count: Count, instant: float, good: list[Row]) -> None:
        found = collections.Counter((int(row[0]), int(row[1])) for row in self._database.rows("SELECT * FROM marks"))
        lost = migrations.expected() - set(found)
        repeated = {mark for mark, times in found.items() if times > 1}
        count.lost += len(lost)
        count.repeated += len(repeated)
        wrong = []
        if lost or repeated:
            wrong.append(f"lost {sorted(lost)}, repeated {sorted(repeated)}")
        if runner.ledger(self._database) != [str(version) for version in range(1, migrations.COUNT + 1)]:
            wrong.append(f"the ledger has {runner.ledger(self._database)}")
        if left := runner.journal(self._database, "kind, version, outcome, half_way FROM JOURNAL "
                                                  "WHERE half_way OR (kind <> 'run' AND outcome = 'executing')"):
            # A run's own row may wait for the next run that takes the lock: figures count it as vanished until then.
            wrong.append(f"the journal has {left}")
        if not (lost or repeated) and self._database.fingerprint() != good:
            difference = set(good) ^ set(self._database.fingerprint())
            wrong.append(f"the schema differs from an undisturbed run's: {sorted(difference, key=str)}")
        if wrong:
            count.unexplained += not (lost or repeated)
            print(f"{count.killed} at {instant:.3f} s: {'; '.join(wrong)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--postgres")
    parser.add_argument("--mariadb")
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--kills", required=True, type=int)
    parser.add_argument("--server-kills", required=True, type=int)
    given = parser.parse_args()

    databases: list[Database] = []
    servers: list[Server] = []
    if given.postgres:
        databases.append(Postgres(given.postgres))
    if given.mariadb:
        databases.append(Mariadb(given.mariadb))
    for database in databases:
        database.fresh()
        servers.append(Server(database))
    sweeps = [Sweep(database, server, given.binary, given.work) for database, server in zip(databases, servers)]
    if given.sqlite:
        sweeps.append(Sweep(Sqlite(given.work), None, given.binary, given.work))
    threads = [threading.Thread(target=one.sweep, args=(given.kills, given.server_kills)) for one in sweeps]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        for server in servers:
            server.stop()
    counts = [count for one in sweeps for count in one.counts]
    print()
    table.show(["killed", "kills", "before", "during", "after", "refused", "resumed", "lost", "repeated", "unexplained",
                "longest next run"], [count.row() for count in counts])
    complete = len(counts) == len(sweeps) + (len(servers) if given.server_kills else 0)
    sys.exit(0 if complete and all(count.is_good() for count in counts) else 1)


main()
