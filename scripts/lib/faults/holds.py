"""What keeps a migration busy: a slow statement, and an application that holds what it needs."""

import contextlib
import pathlib
import sqlite3
from typing import Any

from databases import Database, Mariadb, Postgres, Sqlite


def write_slow(kind: str, directory: pathlib.Path) -> None:
    """Two migrations: a table, and what needs it for itself and then takes a minute."""
    minute = {
        "postgres": "INSERT INTO held (n) SELECT 1 FROM pg_sleep(60);\n",
        "mariadb": "INSERT INTO held (n) SELECT SLEEP(60);\n",
        "sqlite": "INSERT INTO held (n) WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1000000000) "
                  "SELECT max(n) FROM s;\n",
    }
    directory.mkdir(parents=True)
    (directory / "1_held.sql").write_text("CREATE TABLE held (n bigint);\n", encoding="utf-8")
    altered = "ALTER TABLE held ADD COLUMN m bigint;\n"
    (directory / "2_slow.sql").write_text(altered + minute[kind], encoding="utf-8")


class Hold:
    """An application with an open transaction, in which it has written the table that the slow migration alters."""

    def __init__(self, database: Database) -> None:
        self._stack = contextlib.ExitStack()
        cursor: Any
        if isinstance(database, Sqlite):
            connection = sqlite3.connect(database.path, isolation_level=None)
            cursor = self._stack.enter_context(contextlib.closing(connection))
        else:
            assert isinstance(database, Postgres | Mariadb)
            server = self._stack.enter_context(contextlib.closing(database.connect()))
            cursor = self._stack.enter_context(server.cursor())
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO held (n) VALUES (0)")

    def __enter__(self) -> "Hold":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
