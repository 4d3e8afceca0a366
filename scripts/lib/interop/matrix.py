"""Lets other tools and migrascope take turns, and prints for each tool and database what held."""

import argparse
import concurrent.futures
import sys
import time
import traceback
from collections.abc import Sequence

import given
import table
from databases import Database
from habits import HABITS
from pair import Absent, Pair, Wrong
from scenes import SCENES
from tool import Tool, plugin_kind

KINDS = ("postgres", "mariadb", "sqlite")
WRONG, ABSENT = "WRONG", "-"
# What a person gets to read of a cell that is wrong.
RECORD_LINES = 60


class Matrix:
    """The cells that have been tried."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._scenes = {name: scene for name, scene in SCENES.items() if not options.scene or name in options.scene}
        self._rows: list[list[str]] = []
        self.wrong = 0

    def header(self) -> list[str]:
        return ["tool", "database", *self._scenes, "seconds"]

    def rows(self) -> list[list[str]]:
        """The tools in their order, each with its databases."""
        return sorted(self._rows, key=lambda row: (self._options.tools.index(row[0]), KINDS.index(row[1])))

    def tried(self, tool: Tool, database: Database) -> None:
        work = self._options.work / f"{tool.name}-{database.kind}"
        work.mkdir()
        begun = time.monotonic()
        row = [tool.name, database.kind]
        self._rows.append(row)
        for name, scene in self._scenes.items():
            pair = Pair(tool, database, self._options.binary, work)
            try:
                row.append(scene(pair))
            except Absent:
                row.append(ABSENT)
            except Exception as error:  # noqa: BLE001  # whatever it is, the other cells are tried
                row.append(WRONG)
                self.wrong += 1
                _explain(f"{tool.name}, {database.kind}, {name}", pair, error)
        row.append(f"{time.monotonic() - begun:.0f}")
        print("  ".join(row), flush=True)


def _explain(where: str, pair: Pair, error: Exception) -> None:
    unexpected = [] if isinstance(error, Wrong) else traceback.format_exception(error)
    lines = [f"\nWRONG: {where}: {error}", *unexpected, *(f"  | {line}" for line in pair.record[-RECORD_LINES:])]
    print("\n".join(lines), flush=True)


def main() -> None:
    parser = given.parser()
    parser.add_argument("--scene", action="append", help="try this one alone; can be repeated")
    parser.add_argument("tools", nargs="+", choices=sorted(HABITS))
    options = parser.parse_args()
    matrix = Matrix(options)
    tools = [Tool(name) for name in options.tools]
    databases = given.databases(options)
    with (table.at_the_end(matrix.header(), matrix.rows),
          concurrent.futures.ThreadPoolExecutor(len(databases)) as together):
        # A lane each: on its database, one tool after the other.
        lanes = [together.submit(_lane, matrix, tools, database) for database in databases]
        for lane in lanes:
            lane.result()
    sys.exit(1 if matrix.wrong else 0)


def _lane(matrix: Matrix, tools: Sequence[Tool], database: Database) -> None:
    for tool in tools:
        if plugin_kind(database) in tool.databases():
            matrix.tried(tool, database)
        else:
            print(f"{tool.name}: not tried with {database.kind}", flush=True)


main()
