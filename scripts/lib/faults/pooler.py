"""Runners that reach PostgreSQL through a pooler, of scripts/try-pooler."""

import argparse
import collections
import dataclasses
import pathlib
import sys
import time

import ending
import migrations
import pool_settings
import runner
import table
from databases import Postgres, Row
from ending import Ending, Unexplained
from runner import Ended, Runner, Running

REFUSED = 2
CANNOT_CONNECT = 8
LEFT_WITHIN = 3.0
LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = " \
        "(SELECT oid FROM pg_database WHERE datname = current_database())"


class Pooled(Postgres):
    """A database whose URL, as the runner gets it, is the pooler's; everything else is asked of the server itself."""

    def __init__(self, url: str, mode: str, pooler_port: int) -> None:
        self._pooler_port = pooler_port
        self._direct = url
        super().__init__(url, mode)

    def fresh(self) -> None:
        self.url = self._direct
        super().fresh()
        self._direct = self.url
        self.url = f"{self._direct.rsplit(':', 1)[0]}:{self._pooler_port}/{self.name}"

    def rows(self, sql: str) -> list[Row]:
        with self.connect(self._direct) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []


@dataclasses.dataclass
class Count:
    """What was seen through a pooler in one mode."""

    mode: str
    rounds: int = 0
    codes: collections.Counter[int] = dataclasses.field(default_factory=collections.Counter)
    refused: int = 0
    applied: int = 0
    looks: int = 0
    unlocked: int = 0
    left: int = 0
    lost: int = 0
    repeated: int = 0
    unexplained: int = 0
    settings: int = 0

    def row(self) -> list[object]:
        codes = " ".join(f"{code}:{times}" for code, times in sorted(self.codes.items()))
        return [self.mode, self.rounds, codes, self.applied, self.refused, self.looks, self.unlocked, self.left, self.lost,
                self.repeated, self.unexplained, self.settings]

    def is_good(self) -> bool:
        return not (self.unlocked or self.left or self.lost or self.repeated or self.unexplained or self.settings)


class Trial:
    """Two runners at once through one pooler, again and again."""

    def __init__(self, mode: str, port: int, wanted: argparse.Namespace) -> None:
        self.count = Count(f"{mode} mode")
        self._database = Pooled(wanted.postgres, mode, port)
        directory = wanted.work / mode / "migrations"
        migrations.write("postgres", directory)
        # What is long enough for us to look whether it is locked, and for the other to come in between.
        slowly = "SELECT pg_sleep(0.5);\n"
        for path in sorted(directory.glob("*_table.sql"))[:2]:
            path.write_text(path.read_text(encoding="utf-8") + slowly, encoding="utf-8")
        self._runner = Runner(wanted.binary, directory, "--lock-wait", "30s")

    def settings(self, wanted: argparse.Namespace) -> None:
        """What a command sets for a session is somebody else's next."""
        for what in pool_settings.after_each_command(wanted.binary, wanted.work / self.count.mode, self._database):
            self.count.settings += 1
            print(f"{self.count.mode}: {what}", flush=True)

    def options(self) -> None:
        """What the pooler refuses of the URL is said with what to do instead."""
        self._database.fresh()
        for parameter in ("options=-c%20geqo=off", "schema=public", "lock_timeout=3s", "statement_timeout=3s"):
            plain = self._database.url
            self._database.url = f"{plain}?{parameter}"
            ended = self._runner.run(self._database, "up")
            self._database.url = plain
            if ended.code != CANNOT_CONNECT or "ALTER ROLE" not in ended.complaints or self._database.tables():
                self.count.unexplained += 1
                print(f"{self.count.mode}, {parameter}: {ended}", flush=True)

    def race(self, rounds: int, good: list[Row]) -> None:
        for number in range(rounds):
            self._database.fresh()
            try:
                self._round(good)
            except Unexplained as error:
                self.count.unexplained += 1
                print(f"{self.count.mode}, round {number + 1}: {error}", flush=True)
            self.count.rounds += 1

    def _round(self, good: list[Row]) -> None:
        both = [self._runner.start(self._database, "up") for _ in range(2)]
        self._look(both)
        ended = [one.wait() for one in both]
        self.count.codes.update(one.code for one in ended)
        self._nothing_is_left()
        if all(self._refuses(one) for one in ended):
            self.count.refused += 2
            if self._database.tables() or runner.ledger(self._database):
                raise Unexplained("they refused, and there is something in the database")
            return
        if wrong := [one for one in ended if one.code not in (0, ending.UNHEALTHY)]:
            raise Unexplained(str(wrong[0]))
        applied = [len((one.report.get("run") or {}).get("steps", [])) for one in ended]
        self.count.applied += 1
        if sorted(applied) != [0, migrations.COUNT]:
            raise Unexplained(f"one applied {applied[0]} migrations, the other {applied[1]}")
        self._compare(good)

    def _refuses(self, ended: Ended) -> bool:
        return ended.code == REFUSED and "pool" in ended.complaints.lower()

    def _look(self, both: list[Running]) -> None:
        """While a statement of a migration runs, somebody must have the lock."""
        while any(one.process.poll() is None for one in both):
            looked = self._database.rows(
                f"SELECT ({LOCKS}), (SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
                "AND query LIKE '%pg_sleep(0.5)%' AND pid <> pg_backend_pid() AND datname = current_database())")
            locks, sleeping = looked[0]
            if sleeping:
                self.count.looks += 1
                self.count.unlocked += locks == 0 or sleeping > 1
            time.sleep(0.05)

    def _nothing_is_left(self) -> None:
        end = time.monotonic() + LEFT_WITHIN
        while self._database.rows(LOCKS)[0][0]:
            if time.monotonic() > end:
                self.count.left += 1
                return
            time.sleep(0.05)

    def _compare(self, good: list[Row]) -> None:
        how = Ending()
        try:
            ending.compare(self._database, good, how)
        finally:
            self.count.lost += len(how.lost)
            self.count.repeated += len(how.repeated)


def undisturbed(wanted: argparse.Namespace) -> list[Row]:
    directory = wanted.work / "direct" / "migrations"
    migrations.write("postgres", directory)
    return ending.undisturbed(Runner(wanted.binary, directory), Postgres(wanted.postgres, "direct"), 1)[1]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--postgres", required=True)
    parser.add_argument("--rounds", required=True, type=int)
    parser.add_argument("--pooler", required=True, nargs=2, metavar=("MODE", "PORT"), action="append")
    wanted = parser.parse_args()
    good = undisturbed(wanted)
    trials = [Trial(mode, int(port), wanted) for mode, port in wanted.pooler]
    for trial in trials:
        trial.race(wanted.rounds, good)
        trial.settings(wanted)
        trial.options()
    table.show(["through PgBouncer", "rounds", "exit codes", "rounds applied once", "runs refused", "looks", "unlocked",
                "locks left", "lost", "repeated", "unexplained", "settings left"], [trial.count.row() for trial in trials])
    sys.exit(0 if trials and all(trial.count.is_good() for trial in trials) else 1)


main()
