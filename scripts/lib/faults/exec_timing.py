"""What `migrascope exec` costs over `migrascope up` and a start of the application after it, of scripts/try-exec --timing."""

import os
import pathlib
import subprocess
import sys
import time
from statistics import median

import exec_migrations
import given
import table
from databases import Database

MAY_COST = 0.030
APPLICATION = "/bin/true"


class Stopwatch:
    """Takes the time of commands on one database."""

    def __init__(self, database: Database, binary: pathlib.Path, directory: pathlib.Path, otlp: str | None) -> None:
        self._database = database
        self._options = [str(binary), "--dir", str(directory), "--quiet"]
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "MIGRASCOPE_"))}
        self._environment = environment | {"AUTO_MIGRATE": "true"}
        if otlp is not None:
            self._environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = otlp

    def with_exec(self) -> float:
        return self._time([*self._options, "exec", "--", APPLICATION])

    def with_up(self) -> float:
        return self._time([*self._options, "up"], [APPLICATION])

    def _time(self, *commands: list[str]) -> float:
        environment = {**self._environment, "DATABASE_URL": self._database.url}
        begun = time.monotonic()
        for command in commands:
            subprocess.run(command, env=environment, check=True, stdin=subprocess.DEVNULL)
        return time.monotonic() - begun


def measure(stopwatch: Stopwatch, database: Database, pairs: int, empty: bool) -> tuple[list[float], list[float]]:
    """Seconds of each pair, with exec and with up."""
    ways = {"exec": stopwatch.with_exec, "up": stopwatch.with_up}
    taken: dict[str, list[float]] = {way: [] for way in ways}
    database.fresh()
    stopwatch.with_up()  # and whatever is read from the disk has been read
    for pair in range(pairs):
        for way in sorted(ways, reverse=pair % 2 == 0):
            if empty:
                database.fresh()
            taken[way].append(ways[way]())
    return taken["exec"], taken["up"]


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def main() -> None:
    parser = given.parser()
    parser.add_argument("--pairs", required=True, type=int)
    parser.add_argument("--otlp", required=True)
    wanted = parser.parse_args()
    rows: list[list[object]] = []
    too_much = []
    header = ["telemetry, database and work", "pairs", "exec", "up, then the application", "exec takes more", "at most"]
    with table.at_the_end(header, lambda: rows):
        for database in given.databases(wanted):
            directory = wanted.work / database.kind / "migrations"
            exec_migrations.write(database.kind, directory, slow=False)
            for otlp in (None, wanted.otlp):
                for empty in (False, True):
                    what = ", ".join(["on " if otlp else "off", database.kind,
                                      f"{exec_migrations.COUNT} migrations" if empty else "nothing to do"])
                    stopwatch = Stopwatch(database, wanted.binary, directory, otlp)
                    by_exec, by_up = measure(stopwatch, database, wanted.pairs, empty)
                    more = median(one - other for one, other in zip(by_exec, by_up))
                    rows.append([what, len(by_exec), milliseconds(median(by_exec)), milliseconds(median(by_up)),
                                 milliseconds(more), milliseconds(MAY_COST)])
                    if more > MAY_COST:
                        too_much.append(what)
    for what in too_much:
        print(f"{what}: exec costs more than {milliseconds(MAY_COST)}")
    sys.exit(1 if too_much else 0)


main()
