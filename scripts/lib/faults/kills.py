"""The kill sweep of scripts/try-kills."""

import collections
import dataclasses
import pathlib
import signal
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
from runner import Ended, Runner, Running
from servers import Server

# How a runner ends that was killed, and what it may say of a server that died under it.
# 9: everything was applied, and then it died under the health checks.
CODES = {-signal.SIGKILL, 0, 1, 5, 6, 8, 9}
GOLDEN = 0.6180339887498949


@dataclasses.dataclass
class Count:
    """What a sweep has seen."""

    killed: str
    wanted: int
    kills: int = 0
    before: int = 0
    during: int = 0
    after: int = 0
    refused: int = 0
    resumed: int = 0
    doubted: int = 0
    lost: int = 0
    repeated: int = 0
    unexplained: int = 0
    slowest: float = 0.0
    codes: collections.Counter[int] = dataclasses.field(default_factory=collections.Counter)

    def row(self) -> list[object]:
        codes = " ".join(f"{code}:{times}" for code, times in sorted(self.codes.items()))
        return [self.killed, self.kills, self.before, self.during, self.after, codes, self.refused, self.resumed,
                self.doubted, self.lost, self.repeated, self.unexplained, f"{self.slowest:.1f} s"]

    def is_good(self) -> bool:
        return self.kills == self.wanted and not (self.lost or self.repeated or self.unexplained)


class Sweep:
    """The kills of one database."""

    def __init__(self, database: Database, server: Server | None, binary: pathlib.Path, work: pathlib.Path) -> None:
        self._database = database
        self._server = server
        self._runner = Runner(binary, work / database.kind / "mixed")
        migrations.write(database.kind, work / database.kind / "mixed")
        self._slow = Runner(binary, work / database.kind / "slow")
        if server is not None:
            migrations.write(database.kind, work / database.kind / "slow", migrations.SLOW_STATEMENTS)
        self.counts: list[Count] = []

    def sweep(self, kills: int, server_kills: int) -> None:
        seconds, good = ending.undisturbed(self._runner, self._database, 2)
        print(f"{self._database.kind}: undisturbed, {migrations.COUNT} migrations take {seconds:.2f} s", flush=True)
        self._kill_all("runner", kills, seconds, good)
        if self._server is not None and server_kills:
            self._kill_all("server", server_kills, seconds, good)
        if self._server is not None:
            self._in_slow_statements(max(2, kills // 20))

    def _in_slow_statements(self, kills: int) -> None:
        """The server goes on with the statement of the one that is killed, while the next runner is there already."""
        count = Count(f"{self._database.kind} runner, slow statement", kills)
        self.counts.append(count)
        good = ending.undisturbed(self._slow, self._database, 1)[1]
        statements = list(migrations.SLOW_STATEMENTS.items())
        for number in range(kills):
            version, statement = statements[number % len(statements)]
            self._database.fresh()
            running = self._slow.start(self._database, "up", quiet=False)
            running.hear("statement_started", version=f"{version:03}", statement=statement)
            time.sleep(migrations.SLOW / 10)
            running.process.kill()
            self._count_kill(count, running, True)
            self._end(count, self._slow, f"in statement {statement} of {version}", good)

    def _kill_all(self, what: str, kills: int, seconds: float, good: list[Row]) -> None:
        count = Count(f"{self._database.kind} {what}", kills)
        self.counts.append(count)
        for number in range(kills):
            self._database.fresh()
            # By the golden ratio instants are spread evenly however many there have been.
            instant = seconds * ((number + 0.5) * GOLDEN % 1)
            running = self._runner.start(self._database, "up")
            if what == "server":
                killed = self._kill_server(running, instant)
            else:
                killed = running.send_at(instant, signal.SIGKILL)
            ended = self._count_kill(count, running, killed)
            if not killed:
                # Not slower than it can be: an instant behind the end tries nothing.
                seconds = min(seconds, ended.seconds)
            self._end(count, self._runner, f"at {instant:.3f} s", good)

    def _count_kill(self, count: Count, running: Running, killed: bool) -> Ended:
        ended = running.wait()
        count.kills += 1
        count.codes[ended.code] += 1
        if self._server is not None:
            self._server.is_back()
        if killed and ended.code not in CODES:
            count.unexplained += 1
            print(f"{count.killed}: the server was killed, and the runner said: {ended}", flush=True)
        if not killed:
            count.after += 1
        elif runner.ledger(self._database):
            count.during += 1
        else:
            count.before += 1
        return ended

    def _end(self, count: Count, again: Runner, when: str, good: list[Row]) -> None:
        how = Ending()
        try:
            ending.finish(again, self._database, good, how)
        except Unexplained as error:
            count.unexplained += not (how.lost or how.repeated)
            print(f"{count.killed} {when}: {error}", flush=True)
        count.refused += how.refused
        count.resumed += how.resumed
        count.doubted += how.doubted
        count.lost += len(how.lost)
        count.repeated += len(how.repeated)
        count.slowest = max(count.slowest, how.slowest)

    def _kill_server(self, running: Running, instant: float) -> bool:
        assert self._server is not None
        time.sleep(max(0.0, running.begun + instant - time.monotonic()))
        killed = running.process.poll() is None
        self._server.kill()
        return killed


def main() -> None:
    parser = given.parser()
    parser.add_argument("--kills", required=True, type=int)
    parser.add_argument("--server-kills", required=True, type=int)
    wanted = parser.parse_args()

    sweeps, servers = [], []
    for database in given.databases(wanted):
        server = None
        if database.kind != "sqlite":
            database.fresh()
            server = Server(database)
            servers.append(server)
        sweeps.append(Sweep(database, server, wanted.binary, wanted.work))
    threads = [threading.Thread(target=one.sweep, args=(wanted.kills, wanted.server_kills), daemon=True) for one in sweeps]

    def counts() -> list[Count]:
        return [count for one in sweeps for count in one.counts]

    header = ["killed", "kills", "before", "during", "after", "exit codes", "refused", "resumed", "in doubt", "lost",
              "repeated", "unexplained", "longest next run"]
    try:
        with table.at_the_end(header, lambda: [count.row() for count in counts()]):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        for server in servers:
            server.stop()
    wanted_rows = len(sweeps) + len(servers) * (2 if wanted.server_kills else 1)
    whole = len(counts()) == wanted_rows
    sys.exit(0 if whole and all(count.is_good() for count in counts()) else 1)


main()
