"""What commands leave set in the sessions of a pool, of scripts/try-pooler: an application gets them next."""

import contextlib
import pathlib

from databases import Postgres
from runner import Runner

# What the pooler itself sets, for each of its clients.
POOLERS_OWN = "'application_name', 'client_encoding', 'datestyle', 'timezone', 'standard_conforming_strings', 'intervalstyle'"
SETTINGS = f"SELECT name || ' = ' || setting FROM pg_settings WHERE source = 'session' AND lower(name) NOT IN ({POOLERS_OWN})"
LOCKS = "SELECT 'an advisory lock' FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
# More than PgBouncer's default of twenty would have to wait for each other.
SESSIONS = 20
COMMANDS = [["plan"], ["status"], ["up"], ["up"], ["status"], ["verify"], ["health"], ["wait", "--timeout", "0s"],
            ["push", "--metrics-file", "TEXTFILE"], ["exec", "--env", "development"], ["down", "--steps", "1"],
            ["repair", "--mark-applied", "2", "--reason", "a trial"], ["up"]]


def left(url: str) -> list[str]:
    """Every setting, and every lock, of every session that the pool has."""
    found: list[str] = []
    with contextlib.ExitStack() as stack:
        for _ in range(SESSIONS):
            # A transaction that stays open keeps its session, so that the next one gets another.
            connection = stack.enter_context(Postgres(url).connect(url))
            stack.enter_context(connection.transaction(force_rollback=True))
            found += [str(row[0]) for row in connection.execute(f"{SETTINGS} UNION ALL {LOCKS}".encode())]
    return found


def after_each_command(binary: pathlib.Path, work: pathlib.Path, database: Postgres) -> list[str]:
    """What each command leaves, with its name; commands that end with another code than 0 are named, too."""
    directory = work / "settings"
    directory.mkdir(parents=True, exist_ok=True)
    for number in (1, 2):
        (directory / f"{number}_t{number}.sql").write_text(f"CREATE TABLE t{number} (i INTEGER);\n", encoding="utf-8")
        (directory / f"{number}_t{number}.down.sql").write_text(f"DROP TABLE t{number};\n", encoding="utf-8")
    database.fresh()
    found: list[str] = []
    for words in COMMANDS:
        given = [str(work / "metrics.prom") if word == "TEXTFILE" else word for word in words]
        program = ["true"] if words[0] == "exec" else []
        ended = Runner(binary, directory).start(database, *given, program=program).wait()
        name = " ".join(words)
        if ended.code:
            found.append(f"{name} ends with {ended.code}: {ended.complaints.strip()}")
        found += [f"{name} leaves {what}" for what in left(database.url)]
    return found
