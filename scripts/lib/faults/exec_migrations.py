"""Thirty migrations, each of which inserts its version into a table without a key.

Where a migration is atomic, whoever comes after a runner that was killed has nothing to settle. Some take their time on a server, so
that there is a moment in which a runner can be killed.
"""

import pathlib

COUNT = 30
# Its statement is refused.
FAILING = 3
EVERY, SLOW = 4, 0.15
# What all of them take together at least.
SLOW_SECONDS = SLOW * (COUNT // EVERY)
SLEEP = {
    "postgres": f" SELECT {{version}} FROM pg_sleep({SLOW})",
    "mariadb": f" SELECT {{version}} FROM (SELECT SLEEP({SLOW})) AS slept",
}


def text(kind: str, version: int, slow: bool) -> str:
    values = SLEEP[kind].format(version=version) if slow and kind in SLEEP else f" VALUES ({version})"
    return f"INSERT INTO marks (version){values};\n"


def write(kind: str, directory: pathlib.Path, failing: int | None = None, slow: bool = True) -> None:
    directory.mkdir(parents=True)
    for version in range(1, COUNT + 1):
        sql = text(kind, version, slow and version % EVERY == 0)
        if version == 1:
            sql = "CREATE TABLE marks (version bigint);\n" + sql
        if version == failing:
            sql += "INSERT INTO no_such_table (version) VALUES (1);\n"
        (directory / f"{version:03}_mark.sql").write_text(sql, encoding="utf-8")
