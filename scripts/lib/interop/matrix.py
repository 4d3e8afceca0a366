"""Lets other tools and migrascope take turns, and prints for each tool and database what held."""

import argparse
import pathlib
import sys
import time
import traceback

import given
import table
from databases import Database
from habits import HABITS
from pair import Absent, Pair, Wrong
from scenes import SCENES
from tool import Tool, plugin_kind

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
        return self._rows

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
    print(f"\nWRONG: {where}: {error}")
    if not isinstance(error, Wrong):
        traceback.print_exception(error, file=sys.stdout)
    print("\n".join(f"  | {line}" for line in pair.record[-RECORD_LINES:]), flush=True)


def main() -> None:
    parser = given.parser()
    parser.add_argument("--scene", action="append", help="try this one alone; can be repeated")
    parser.add_argument("tools", nargs="+", choices=sorted(HABITS))
    options = parser.parse_args()
    matrix = Matrix(options)
    databases = given.databases(options)
    with table.at_the_end(matrix.header(), matrix.rows):
        for name in options.tools:
            tool = Tool(name)
            kinds = tool.databases()
            for database in databases:
                if plugin_kind(database) in kinds:
                    matrix.tried(tool, database)
                else:
                    print(f"{name}: not tried with {database.kind}", flush=True)
    sys.exit(1 if matrix.wrong else 0)


main()
