"""The race of scripts/try-race."""

import collections
import dataclasses
import datetime
import json
import pathlib
import queue
import random
import sys
import threading
import time
from typing import Any

import ending
import given
import migrations
import table
from databases import Database, Row
from ending import Ending, Unexplained
from runner import PATIENCE, Runner, Running

LOCK_WAIT = 60.0
FREE_WITHIN = 5.0
# Done; refused, because a killed one has left a migration half-way; done, on a machine too busy for a check of its health.
ACCEPTED = {0, 4, 9}
# A wait is measured by the runner that waits, and its last try takes its time.
TOLERANCE = 1.0


@dataclasses.dataclass(frozen=True)
class Obtained:
    """A racer has the lock."""

    racer: int
    at: float


class Racer(threading.Thread):
    """Reads what one process says while it says it."""

    def __init__(self, number: int, running: Running, obtained: "queue.Queue[Obtained]") -> None:
        super().__init__(daemon=True)
        self.running = running
        self.waited = 0.0
        self.code = 0
        self.events: list[str] = []
        self._number = number
        self._obtained = obtained

    def run(self) -> None:
        assert self.running.process.stdout is not None
        for line in self.running.process.stdout:
            if line.endswith("}\n"):  # the last line of one that is killed may be cut
                self._hear(json.loads(line))
        self.code = self.running.process.wait()

    def _hear(self, event: dict[str, Any]) -> None:
        if event["event"] == "lock_finished":
            self.waited = event["waited_seconds"]
            if event["acquired"]:
                at = datetime.datetime.fromisoformat(event["time"]).timestamp()
                self._obtained.put(Obtained(self._number, at))
        elif event["event"] == "report" and event.get("error"):
            self.events.append(event["error"]["message"])


@dataclasses.dataclass
class Count:
    """What the rounds of one database have seen."""

    database: str
    rounds: int = 0
    racers: int = 0
    holders: int = 0
    codes: collections.Counter[int] = dataclasses.field(default_factory=collections.Counter)
    resumed: int = 0
    lost: int = 0
    repeated: int = 0
    unexplained: int = 0
    longest: float = 0.0
    slowest: float = 0.0

    def row(self) -> list[object]:
        codes = " ".join(f"{code}:{times}" for code, times in sorted(self.codes.items()))
        return [self.database, self.rounds, self.racers, self.holders, codes, self.resumed, self.lost, self.repeated,
                self.unexplained, f"{self.longest:.1f} s", f"{self.slowest:.2f} s"]

    def is_good(self) -> bool:
        slow = self.longest > LOCK_WAIT + TOLERANCE or self.slowest > FREE_WITHIN
        return not (self.lost or self.repeated or self.unexplained or slow)


class Race:
    """The rounds of one database."""

    def __init__(self, database: Database, binary: pathlib.Path, work: pathlib.Path, chance: random.Random) -> None:
        self._database = database
        directory = work / database.kind / "migrations"
        migrations.write(database.kind, directory)
        self._runner = Runner(binary, directory)
        self._chance = chance
        self.count = Count(database.kind)

    def race(self, rounds: int, racers: int) -> None:
        seconds, good = ending.undisturbed(self._runner, self._database, 2)
        for number in range(rounds):
            how = Ending()
            self._database.fresh()
            try:
                self._round(racers, seconds, holder=number % 2 == 0)
                ending.finish(self._runner, self._database, good, how)
            except Unexplained as error:
                self.count.unexplained += not (how.lost or how.repeated)
                print(f"{self.count.database}, round {number + 1}: {error}", flush=True)
            self.count.rounds += 1
            self.count.resumed += how.resumed
            self.count.lost += len(how.lost)
            self.count.repeated += len(how.repeated)

    def _round(self, racers: int, seconds: float, holder: bool) -> None:
        """All start at once; one is killed while the first holder works: that one, or any."""
        obtained: queue.Queue[Obtained] = queue.Queue()
        running = [self._runner.start(self._database, "up", "--lock-wait", f"{LOCK_WAIT:.0f}s", quiet=False)
                   for _ in range(racers)]
        readers = [Racer(number, one, obtained) for number, one in enumerate(running)]
        for reader in readers:
            reader.start()
        first = obtained.get(timeout=PATIENCE).racer
        time.sleep(self._chance.uniform(0, seconds / 2))
        victim = first if holder else self._chance.randrange(racers)
        alive = readers[victim].running.process.poll() is None
        readers[victim].running.process.kill()
        killed_at = time.time()
        for reader in readers:
            reader.join(PATIENCE)
        self._add(readers, victim)
        if holder and alive and readers[victim].code == -9:
            self.count.holders += 1
            after = [one.at for one in obtained.queue if one.racer != victim]
            if after:
                self.count.slowest = max(self.count.slowest, min(after) - killed_at)

    def _add(self, readers: list[Racer], victim: int) -> None:
        self.count.racers += len(readers)
        self.count.codes.update(reader.code for reader in readers)
        self.count.longest = max([self.count.longest, *(reader.waited for reader in readers)])
        wrong = [reader for number, reader in enumerate(readers) if reader.code not in ACCEPTED and number != victim]
        if wrong:
            raise Unexplained(f"{len(wrong)} failed, the first with exit {wrong[0].code}: {wrong[0].events}")


def main() -> None:
    parser = given.parser()
    parser.add_argument("--rounds", required=True, type=int)
    parser.add_argument("--racers", required=True, type=int)
    parser.add_argument("--seed", required=True, type=int)
    wanted = parser.parse_args()
    races = [Race(database, wanted.binary, wanted.work, random.Random(wanted.seed)) for database in given.databases(wanted)]
    header = ["database", "rounds", "racers", "holders killed", "exit codes", "resumed", "lost", "repeated", "unexplained",
              "longest wait", "freed within"]
    with table.at_the_end(header, lambda: [race.count.row() for race in races]):
        for race in races:
            race.race(wanted.rounds, wanted.racers)
    sys.exit(0 if all(race.count.is_good() for race in races) else 1)


main()
