"""Servers whose answers are not what any driver expects, of scripts/try-hostile."""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import sys
import threading

import given
import mangle
import measured
import table
import wire
from databases import Database, Mariadb, Postgres
from mangle import MANGLES, Mangling
from measured import Measured

LIMIT = 30.0
MEMORY_MIB = 64.0
# Every exit code that the documentation has, but for signals.
CODES = range(10)
COMMANDS = [("up",), ("status",), ("health",), ("verify",), ("plan",)]
# A run makes so many connections, and each of them hears about so many messages.
CONNECTIONS, MESSAGES = 4, 50
SECRET = b"throwaway-s3cret"  # of the script that starts the servers
FILES = {"1_t.sql": "CREATE TABLE t (i INTEGER);\n", "2_row.sql": "INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\n"}


def trials(count: int) -> list[tuple[tuple[str, ...], Mangling]]:
    """The same ones for the same count."""
    chance = random.Random(count)
    hows = list(MANGLES)
    # What a connection begins with is the same for all commands; the later messages are those of a run that goes on.
    return [
        (COMMANDS[number % len(COMMANDS)],
         Mangling(hows[number % len(hows)], min(chance.randint(1, CONNECTIONS), chance.randint(1, CONNECTIONS)),
                  int(MESSAGES * chance.random() ** 1.5), number))
        for number in range(count)
    ]


def faults_of(ended: Measured, quiet_mib: float, database: Database, words: tuple[str, ...]) -> list[str]:
    """What is wrong with how a command has ended."""
    text = ended.out + ended.err
    found = []
    if ended.code not in CODES:
        found.append(f"exit {ended.code}")
    if b"panicked" in text:
        found.append("panic")
    if ended.seconds > LIMIT:
        found.append("not ended in time")
    if ended.peak_mib > quiet_mib + MEMORY_MIB:
        found.append(f"{ended.peak_mib:.0f} MiB")
    if SECRET in text:
        found.append("password shown")
    try:
        if measured.CONTROLS.search(text.decode()):
            found.append("control characters")
    except UnicodeDecodeError:
        found.append("not UTF-8")
    if words == ("up",) and ended.code == 0:
        rows = database.rows_if_table("t", "SELECT count(*) FROM t")
        if not rows or rows[0][0] != 2:
            found.append(f"exit 0, and t has {rows}")
    return found


class Tried:
    """One database after the other, each in a thread of its own."""

    def __init__(self, wanted: argparse.Namespace, kind: str, url: str) -> None:
        self._binary, self._kind, self._url, self._work = wanted.binary, kind, url, wanted.work
        self._own = threading.local()
        self._counts = iter(range(1_000_000))
        self._environment = measured.clean_environment()
        self._folder: pathlib.Path = wanted.work / "hostile" / "migrations"
        self._folder.mkdir(parents=True, exist_ok=True)
        for name, text in FILES.items():
            (self._folder / name).write_text(text, encoding="utf-8")
        self.quiet_mib = 0.0

    def database(self) -> Database:
        if not hasattr(self._own, "database"):
            made = {"postgres": Postgres, "mariadb": Mariadb}[self._kind]
            self._own.database = made(self._url, f"hostile{os.getpid()}_{next(self._counts)}")
        return self._own.database

    def command(self, words: tuple[str, ...], url: str) -> Measured:
        command = [str(self._binary), *words, "--dir", str(self._folder), "--lock-wait", "2s"]
        environment = {**self._environment, "DATABASE_URL": url}
        return measured.run(command, environment, self._folder.parent, LIMIT + 5)

    def quietly(self) -> None:
        """Without any fault: how much memory it takes."""
        database = self.database()
        for words in COMMANDS:
            database.fresh()
            self.quiet_mib = max(self.quiet_mib, self.command(words, database.url).peak_mib)

    def go(self, words: tuple[str, ...], mangling: Mangling) -> tuple[str, int, bool, list[str]]:
        database = self.database()
        database.fresh()
        with mangle.opened(self._kind, wire.server_of(database.url), mangling) as opened:
            url = wire.through(database.url, opened.port)
            url += "?sslmode=disable" if self._kind == "postgres" else "?ssl-mode=disabled"
            ended = self.command(words, url)
        found = faults_of(ended, self.quiet_mib, database, words)
        if found:
            detail = (ended.err or ended.out).decode(errors="backslashreplace").strip().replace("\n", " | ")[-300:]
            print(f"  {self._kind} {' '.join(words)}: {mangling}: {', '.join(found)}: {detail!r}", flush=True)
        return mangling.how, ended.code, opened.met, found


def main() -> None:
    parser = given.parser()
    parser.add_argument("--count", type=int, default=1000)
    wanted = parser.parse_args()
    rows, wrong = [], 0
    for kind, url in [("postgres", wanted.postgres), ("mariadb", wanted.mariadb)]:
        if not url:
            continue
        tried = Tried(wanted, kind, url)
        tried.quietly()
        with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
            ended = list(pool.map(lambda trial: tried.go(*trial), trials(wanted.count)))
        for how in MANGLES:
            mine = [one for one in ended if one[0] == how]
            codes = collections.Counter(code for _, code, _, _ in mine)
            bad = sum(bool(found) for _, _, _, found in mine)
            wrong += bad
            met = sum(met for _, _, met, _ in mine)
            said = " ".join(f"{code}:{number}" for code, number in sorted(codes.items()))
            rows.append([f"{kind}: {how}", len(mine), met, said, bad or "good"])
    table.show(["messages of a server", "tried", "met", "exit codes", ""], rows)
    sys.exit(1 if wrong else 0)


main()
