"""Settles a half-way migration as a person would by hand: undoes what it did and says so in the journal."""

import re
import time

from databases import Database
from runner import Ended


def undo(kind: str, version: int) -> list[str]:
    """What takes away every trace of a migration, however far it came."""
    before = f"t{version - (version - 1) % 6}"
    if version == 1:
        return ["DROP TABLE IF EXISTS marks", "DROP TABLE IF EXISTS t1"]
    marks = f"DELETE FROM marks WHERE version = {version}"
    match version % 6:
        case 1 | 3:
            return [marks, f"DROP TABLE IF EXISTS t{version}"]
        case 2 | 0:
            return [marks, f"DELETE FROM {before} WHERE version = {version}"]
        case 4:
            return [marks, f"DROP INDEX IF EXISTS i{version}" + (f" ON {before}" if kind == "mariadb" else "")]
        case _:
            return [marks, f"ALTER TABLE {before} DROP COLUMN IF EXISTS c{version}"]


def settle(database: Database, version: int, refused: Ended) -> None:
    end = time.monotonic() + 20
    while database.sessions():
        if time.monotonic() > end:
            raise RuntimeError("a session of a dead runner stays for 20 s")
        time.sleep(0.02)
    for sql in undo(database.kind, version):
        database.rows(sql)
    said = re.search(r"^UPDATE .* SET half_way = FALSE WHERE .*$", refused.complaints, re.MULTILINE)
    if said is None:
        raise RuntimeError(f"no way out is shown: {refused}")
    database.rows(said.group(0).rstrip(";"))
