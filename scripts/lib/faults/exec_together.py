"""Many instances of an application that start at once, of scripts/try-exec."""

import argparse
import collections
import dataclasses
import json
import pathlib
import queue
import random
import sys
import threading
import time
from collections.abc import Sequence

import given
import runner
import spans
import table
from databases import Database
from ending import Unexplained
from exec_migrations import COUNT, FAILING, SLOW_SECONDS, write
from runner import PATIENCE, Runner, Running

APPLICATION = [sys.executable, "-I", str(pathlib.Path(__file__).with_name("first_span.py"))]
REFUSED, ROLLED_BACK, HALF_WAY = 4, 5, 6
# The receiver writes down what it has got a moment later.
RECEIVED_WITHIN = 10.0


class Instance(threading.Thread):
    """One `migrascope exec`, read while it goes on, and the application that it becomes."""

    def __init__(self, running: Running, begun: "queue.Queue[Instance]") -> None:
        super().__init__(daemon=True)
        self.running = running
        self.code = 0
        self.said = ""
        self.started: list[str] = []
        self.migrated = 0
        self._begun = begun

    def run(self) -> None:
        process = self.running.process
        assert process.stdout is not None and process.stderr is not None
        for line in process.stderr:
            if not line.startswith("{"):
                self.said += line
            elif line.endswith("}\n"):  # the last line of one that is killed may be cut
                self._hear(json.loads(line))
        # One line at most: the pipe holds it until then.
        self.started = process.stdout.read().split()
        self.code = process.wait()

    def _hear(self, event: dict[str, object]) -> None:
        if event["event"] == "migration_finished":
            self.migrated += 1
            if self.migrated == 1:
                self._begun.put(self)
        elif event["event"] == "report" and event.get("error"):
            self.said += f"{event['error']}\n"


@dataclasses.dataclass
class Count:
    """What was seen of one kind of start."""

    what: str
    rounds: int = 0
    instances: int = 0
    codes: collections.Counter[int] = dataclasses.field(default_factory=collections.Counter)
    applications: int = 0
    children: int = 0
    wrong: int = 0
    lost: int = 0
    repeated: int = 0
    slowest: float = 0.0

    def row(self) -> list[object]:
        codes = " ".join(f"{code}:{times}" for code, times in sorted(self.codes.items()))
        return [self.what, self.rounds, self.instances, codes, self.applications, self.children, self.lost,
                self.repeated, self.wrong, f"{self.slowest:.1f} s"]


class Trial:
    """The starts on one database."""

    def __init__(self, database: Database, wanted: argparse.Namespace, chance: random.Random) -> None:
        self._database = database
        self._atomic = database.kind != "mariadb"
        self._otlp, self._log = wanted.otlp, wanted.otlp_log
        self._chance = chance
        self._runners = {}
        for failing in (False, True):
            directory = wanted.work / database.kind / ("failing" if failing else "good") / "migrations"
            write(database.kind, directory, FAILING if failing else None)
            self._runners[failing] = Runner(wanted.binary, directory)
        self.counts: list[Count] = []

    def starts(self, rounds: int, instances: int) -> None:
        for what, start in (("all start", self._all), ("one is killed", self._killed), ("a migration fails", self._failing)):
            count = Count(f"{self._database.kind}, {what}")
            self.counts.append(count)
            for number in range(rounds):
                self._database.fresh()
                count.rounds += 1
                try:
                    start(count, instances)
                except Unexplained as error:
                    count.wrong += 1
                    print(f"{count.what}, round {number + 1}: {error}", flush=True)

    def _all(self, count: Count, instances: int) -> None:
        started = self._start(instances, failing=False)[0]
        self._end(count, started)
        expect(started, 0)
        self._applied(count, COUNT)
        self._traced(count, started)

    def _killed(self, count: Count, instances: int) -> None:
        """The one that migrates is killed, between its first migration and its last."""
        started, begun = self._start(instances, failing=False)
        victim = begun.get(timeout=PATIENCE)
        time.sleep(self._chance.uniform(0, SLOW_SECONDS))
        victim.running.process.kill()
        self._end(count, started)
        if victim.code != -9 or victim.started or victim.migrated >= COUNT:
            raise Unexplained(f"nobody was killed while it migrated: exit {victim.code}, {victim.migrated} migrations")
        others = [instance for instance in started if instance is not victim]
        if not self._atomic and any(instance.code == REFUSED for instance in others):
            others = self._settled(count, others)
        expect(others, 0)
        self._applied(count, COUNT)
        self._traced(count, others)

    def _settled(self, count: Count, others: Sequence[Instance]) -> list[Instance]:
        """Does what a refusal advises, and starts those again that were refused."""
        refused = [instance for instance in others if instance.code != 0]
        expect(refused, REFUSED)
        if any(instance.started for instance in refused):
            raise Unexplained("an application was started though its run was refused")
        resumed = runner.resume(self._runners[False], self._database, self._runners[False].run(self._database, "up"))
        if resumed is None or resumed.code != 0:
            raise Unexplained(f"repair said: {resumed}; it was advised by: {refused[0].said}")
        again = self._start(len(refused), failing=False)[0]
        self._end(count, again)
        return [*(instance for instance in others if instance.code == 0), *again]

    def _failing(self, count: Count, instances: int) -> None:
        """What fails is rolled back, and each of them tries it; where it cannot be, all but the first are refused."""
        started = self._start(instances, failing=True)[0]
        self._end(count, started)
        if any(instance.started for instance in started):
            raise Unexplained("an application was started though a migration had failed")
        if self._atomic:
            expect(started, ROLLED_BACK)
            self._applied(count, FAILING - 1)
            return
        expect([instance for instance in started if instance.code != HALF_WAY], REFUSED)
        if (failed := sum(instance.code == HALF_WAY for instance in started)) != 1:
            raise Unexplained(f"{failed} of them failed half-way instead of one")
        # Its first statement stays.
        self._applied(count, FAILING - 1, marks=FAILING)

    def _start(self, instances: int, failing: bool) -> "tuple[list[Instance], queue.Queue[Instance]]":
        begun: queue.Queue[Instance] = queue.Queue()
        running = [self._runners[failing].start(self._database, "exec", quiet=False, program=APPLICATION,
                                                AUTO_MIGRATE="true", OTEL_EXPORTER_OTLP_ENDPOINT=self._otlp)
                   for _ in range(instances)]
        started = [Instance(one, begun) for one in running]
        for instance in started:
            instance.start()
        return started, begun

    def _end(self, count: Count, started: Sequence[Instance]) -> None:
        for instance in started:
            instance.join(PATIENCE)
            if instance.is_alive():
                instance.running.process.kill()
                instance.join()
            count.slowest = max(count.slowest, time.monotonic() - instance.running.begun)
        count.instances += len(started)
        count.codes.update(instance.code for instance in started)
        count.applications += sum(bool(instance.started) for instance in started)

    def _applied(self, count: Count, upto: int, marks: int | None = None) -> None:
        """Each version as often as it was applied: the table has no key that would object."""
        expected = set(range(1, (marks or upto) + 1))
        found = collections.Counter(int(row[0]) for row in self._database.rows("SELECT version FROM marks"))
        lost = expected - set(found)
        repeated = {version for version, times in found.items() if times > 1 or version not in expected}
        count.lost += len(lost)
        count.repeated += len(repeated)
        if lost or repeated:
            raise Unexplained(f"lost {sorted(lost)}, repeated {sorted(repeated)}")
        if (ledger := runner.ledger(self._database)) != [str(version) for version in range(1, upto + 1)]:
            raise Unexplained(f"the ledger has {ledger}")

    def _traced(self, count: Count, started: Sequence[Instance]) -> None:
        """The parent of each application's first span is the root span of the run whose process it has become."""
        wanted = {int(instance.started[1]) for instance in started}
        if wanted != {instance.running.process.pid for instance in started}:
            raise Unexplained(f"the applications have other process ids than their runs: {wanted}")
        end = time.monotonic() + RECEIVED_WITHIN
        while (children := self._children(wanted)) != wanted and time.monotonic() < end:
            time.sleep(0.1)
        count.children += len(children)
        if children != wanted:
            raise Unexplained(f"{len(wanted - children)} of {len(wanted)} applications are no child of their run's root span")

    def _children(self, processes: set[int]) -> set[int]:
        roots = {(span.trace, span.id): span for span in spans.read(self._log, "migrascope exec")}
        children = set()
        for span in spans.read(self._log, "application starts"):
            root = roots.get((span.trace, span.parent))
            process = span.attributes["process.pid"]
            if root is not None and root.attributes.get("process.pid") == process and int(process) in processes:
                children.add(int(process))
        return children


def expect(instances: Sequence[Instance], code: int) -> None:
    if wrong := [instance for instance in instances if instance.code != code]:
        raise Unexplained(f"{len(wrong)} ended otherwise than with {code}, the first with {wrong[0].code}: {wrong[0].said}")
    if code == 0 and (silent := [instance for instance in instances if len(instance.started) != 4]):
        raise Unexplained(f"{len(silent)} applications did not start: {silent[0].said}")


def main() -> None:
    parser = given.parser()
    parser.add_argument("--rounds", required=True, type=int)
    parser.add_argument("--instances", required=True, type=int)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--otlp", required=True)
    parser.add_argument("--otlp-log", required=True, type=pathlib.Path)
    wanted = parser.parse_args()
    trials = [Trial(database, wanted, random.Random(wanted.seed)) for database in given.databases(wanted)]

    def counts() -> list[Count]:
        return [count for trial in trials for count in trial.counts]

    header = ["starts", "rounds", "instances", "exit codes", "applications", "children of their run", "lost", "repeated",
              "wrong", "all within"]
    with table.at_the_end(header, lambda: [count.row() for count in counts()]):
        for trial in trials:
            trial.starts(wanted.rounds, wanted.instances)
    sys.exit(0 if counts() and not any(count.wrong for count in counts()) else 1)


main()
