"""A tool and migrascope with one database and one directory: what each does and reports, and what both must agree on."""

import pathlib
import re
import shutil
import subprocess
from collections.abc import Sequence

from databases import Database
from habits import BETWEEN, HABITS, HISTORIES, Habits, History
from runner import Ended, Runner, Running
from tool import Called, Tool, connection

GOES_ON, STOPS = 0, 1
REASON = ("--reason", "a trial with another tool")


class Wrong(Exception):
    """A cell of the matrix does not hold."""


class Absent(Exception):
    """The tool has nothing of the kind."""


class Pair:
    """Both, on a database of their own. What they did is in `record`, for a person who has to find out why a cell is wrong."""

    def __init__(self, tool: Tool, database: Database, binary: pathlib.Path, work: pathlib.Path) -> None:
        self.tool = tool
        self.database = database
        self.directory = work / "migrations"
        self.record: list[str] = []
        self._runner = Runner(binary, self.directory, "--layout", tool.name, "--health", "off")

    @property
    def habits(self) -> Habits:
        return HABITS[self.tool.name]

    @property
    def history(self) -> History:
        return HISTORIES[self.tool.name]

    def fresh(self) -> None:
        """An empty database and an empty directory."""
        self.database.fresh()
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        self.record.append("-- an empty database, an empty directory")

    # --- files -------------------------------------------------------------------------------------------------

    def files(self, first: int, last: int) -> None:
        self.must("files", self.directory, first, last)

    def replace(self, number: int, text: str) -> None:
        """Gives a migration another text in the place of its CREATE TABLE."""
        plain = re.compile(rf"CREATE TABLE (IF NOT EXISTS )?t{number} \(id INTEGER\)")
        for file in sorted(self.directory.rglob("*")):
            if file.is_file() and plain.search(before := file.read_text(encoding="utf-8")):
                file.write_text(plain.sub(lambda _: text, before, count=1), encoding="utf-8")
                self.record.append(f"-- {file.name}: {text!r}")
                return
        raise Wrong(f"no file creates the table t{number}")

    def create_failing(self, number: int) -> None:
        """Writes a migration whose first statement takes effect and whose second fails."""
        self.files(number, number)
        between = BETWEEN.get(self.tool.name, "\n")
        self.replace(number, f"CREATE TABLE t{number} (id INTEGER);{between}INSERT INTO nowhere VALUES (1)")

    def correct(self, number: int) -> None:
        """Writes it again, so that it can run whatever is left of it."""
        self.files(number, number)
        self.replace(number, f"CREATE TABLE IF NOT EXISTS t{number} (id INTEGER)")

    # --- the tool ----------------------------------------------------------------------------------------------

    def call(self, function: str, *arguments: object) -> Called:
        called = self.tool.call(function, connection(self.database), *arguments)
        self._note(f"{self.tool.name} {function} {' '.join(map(str, arguments[1:]))}", called.code, called.said)
        return called

    def must(self, function: str, *arguments: object) -> Called:
        called = self.call(function, *arguments)
        if called.code:
            raise Wrong(f"{self.tool.name} {function}: exit {called.code}: {last_line(called.said)}")
        return called

    def tool_up(self) -> None:
        self.must("up", self.directory)

    def tool_start(self) -> "subprocess.Popen[str]":
        self.record.append(f"$ {self.tool.name} up &")
        return self.tool.start("up", connection(self.database), self.directory)

    def tool_sees(self, applied: int) -> None:
        """The tool counts so many, and has nothing to do or to complain about."""
        counted = last_line(self.must("applied", self.directory).said)
        if counted != str(applied):
            raise Wrong(f"{self.tool.name} sees {counted} applied, not {applied}")
        self.must("clean", self.directory)

    # --- migrascope --------------------------------------------------------------------------------------------

    def ours(self, *words: str) -> Ended:
        ended = self._runner.run(self.database, *words)
        self._note(f"migrascope {' '.join(words)}", ended.code, ended.complaints)
        return ended

    def ours_start(self, *words: str) -> Running:
        self.record.append(f"$ migrascope {' '.join(words)} &")
        return self._runner.start(self.database, *words)

    def ours_ends(self, code: int, *words: str) -> Ended:
        ended = self.ours(*words)
        if ended.code != code:
            raise Wrong(f"migrascope {words[0]} ends with exit {ended.code}, not {code}: {ended.complaints}")
        return ended

    def ours_sees(self, applied: int, pending: int) -> None:
        """Our status has these counts, and every other state and objection is absent."""
        report = self.ours_ends(0, "status").report
        found = (report.get("applied"), report.get("pending"))
        if found != (applied, pending):
            raise Wrong(f"migrascope sees {found[0]} applied and {found[1]} pending, not {applied} and {pending}")
        others = [f"{one['version']} {one['state']}" for one in report["migrations"] if one["state"] not in ("applied", "pending")]
        if others or report["objections"]:
            raise Wrong(f"migrascope objects: {'; '.join([*others, *report['objections']])}")

    def half_way(self) -> str:
        """The version that our status shows as half-way."""
        report = self.ours_ends(0, "status").report
        found = [str(one["version"]) for one in report["migrations"] if one["state"] not in ("applied", "pending")]
        if len(found) != 1:
            raise Wrong(f"migrascope sees {len(found)} half-way migrations, not 1")
        return found[0]

    # --- the database ------------------------------------------------------------------------------------------

    def tables(self) -> list[int]:
        """The numbers of the migrations whose tables are there."""
        found = (re.fullmatch(r"t(\d+)", name) for name in self.database.tables())
        return sorted(int(match[1]) for match in found if match)

    def has_tables(self, expected: Sequence[int]) -> None:
        if (found := self.tables()) != list(expected):
            raise Wrong(f"there are the tables of {found}, not of {list(expected)}")

    def drop(self, number: int) -> None:
        if number in self.tables():
            self.database.rows(f"DROP TABLE t{number}")
            self.record.append(f"-- DROP TABLE t{number}")

    def _note(self, what: str, code: int, said: str) -> None:
        self.record.append(f"$ {what.strip()} -> exit {code}")
        self.record += [f"    {line}" for line in said.splitlines()[-12:]]


def last_line(said: str) -> str:
    return said.rstrip().rpartition("\n")[2]
