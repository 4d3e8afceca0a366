"""Thirty migrations of every kind, each of which leaves marks that show whether it ran, and how often.

A mark is a row of a table without a key: (version, part). A non-atomic migration sets one mark as its first statement and one
as its last. Begun anew after a stop it would set the first twice before any other statement can object, and resumed too
early or too late it would set the last twice or never.

Where slow ones are wanted, two of them have a statement that takes a third of a second on a server: the last statement of an
atomic one, and a table of one that is not. When the runner is killed meanwhile, the server goes on with it, while the next
runner is there already.
"""

import pathlib
import re
from collections.abc import Collection

from databases import Database

COUNT = 30
ROWS = 3000
# The version and the statement, counted from 1, and how long each takes in seconds.
SLOW_STATEMENTS = {14: 3, 21: 2}
SLOW = 0.3

NO_TRANSACTION = "-- migrascope: no-transaction\n"


def mark(version: int, part: int) -> str:
    return f"INSERT INTO marks (version, part) VALUES ({version}, {part});\n"


def slow_mark(kind: str, version: int, part: int) -> str:
    sleep = {"postgres": f"pg_sleep({SLOW})", "mariadb": f"(SELECT SLEEP({SLOW})) AS slept"}
    return f"INSERT INTO marks (version, part) SELECT {version}, {part} FROM {sleep[kind]};\n"


def slow_table(kind: str, name: str, version: int) -> str:
    sleep = {"postgres": f"0 AS n FROM pg_sleep({SLOW})", "mariadb": f"SLEEP({SLOW}) AS n"}
    return f"CREATE TABLE {name} AS SELECT {version} AS version, {sleep[kind]};\n"


def filling(kind: str, table: str, version: int) -> str:
    numbers = {
        "postgres": f"SELECT n, {version} FROM generate_series(1, {ROWS}) AS n",
        "mariadb": f"SELECT seq, {version} FROM seq_1_to_{ROWS}",
        "sqlite": f"WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {ROWS}) "
                  f"SELECT n, {version} FROM s",
    }
    return f"INSERT INTO {table} (n, version) {numbers[kind]};\n"


def table(name: str) -> str:
    return f"CREATE TABLE {name} (n bigint, version bigint);\n"


def migration(kind: str, version: int, slow: Collection[int] = ()) -> tuple[str, str]:
    """Name and text."""
    own, before = f"t{version}", f"t{version - (version - 1) % 6}"
    first, last = mark(version, 1), mark(version, 2)
    if version in slow and version % 6 == 2:
        last = slow_mark(kind, version, 2)
    if version == 1:
        return "marks", "CREATE TABLE marks (version bigint, part bigint);\n" + first + table(own) + last
    match version % 6:
        case 1:
            return "table", first + table(own) + last
        case 2:
            return "rows", first + filling(kind, before, version) + last
        case 3:
            made = slow_table(kind, own, version) if version in slow else table(own)
            return "stepwise", NO_TRANSACTION + first + made + filling(kind, own, version) + last
        case 4 if kind == "postgres":
            return "index", first + f"CREATE INDEX CONCURRENTLY i{version} ON {before} (n);\n" + last
        case 4:
            return "index", NO_TRANSACTION + first + f"CREATE INDEX i{version} ON {before} (n);\n" + last
        case 5:
            return "column", first + f"ALTER TABLE {before} ADD COLUMN c{version} bigint;\n" \
                + f"UPDATE {before} SET c{version} = n;\n" + last
        case _ if kind == "sqlite":
            return "vacuum", first + "VACUUM;\n" + last
        case _:
            return "own_transaction", first + "BEGIN;\n" + filling(kind, before, version) \
                + f"DELETE FROM {before} WHERE version = {version} AND n > {ROWS // 2};\nCOMMIT;\n" + last


def write(kind: str, directory: pathlib.Path, slow: Collection[int] = ()) -> None:
    directory.mkdir(parents=True)
    for version in range(1, COUNT + 1):
        name, text = migration(kind, version, slow)
        (directory / f"{version:03}_{name}.sql").write_text(text, encoding="utf-8")


def expected() -> set[tuple[int, int]]:
    return {(version, part) for version in range(1, COUNT + 1) for part in (1, 2)}


def first_mark(version: int) -> int:
    """Which statement sets the first mark; the last statement sets the other."""
    return 2 if version == 1 else 1


def took_effect(database: Database, version: int, number: int) -> bool:
    """What a person finds who looks whether a statement, counted from 1, has taken effect."""
    statement = migration(database.kind, version)[1].removeprefix(NO_TRANSACTION).split(";\n")[number - 1]
    if made := re.match(r"CREATE TABLE (\w+)", statement):
        return database.has_table(made[1])
    if made := re.match(r"CREATE INDEX \w*? ?(i\d+) |ALTER TABLE \w+ ADD COLUMN (c\d+)", statement):
        return any((made[1] or made[2]) in row for row in database.schema())
    if made := re.match(r"UPDATE (\w+) SET (\w+)", statement):
        where = f"{made[1]} WHERE {made[2]} IS NOT NULL"
    elif made := re.match(r"INSERT INTO marks \D*(\d+), (\d+)", statement):
        where = f"marks WHERE version = {made[1]} AND part = {made[2]}"
    elif made := re.match(r"INSERT INTO (\w+)", statement):
        where = f"{made[1]} WHERE version = {version}"
    else:
        raise ValueError(f"nobody can see whether this took effect: {statement}")
    return bool(database.rows(f"SELECT count(*) FROM {where}")[0][0])
