"""The databases that faults are tried on: each makes, reads and drops databases of its own."""

import contextlib
import itertools
import pathlib
import sqlite3
import urllib.parse
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import psycopg
import pymysql

Row = tuple[Any, ...]
LEDGER = "_migrascope_migrations"
JOURNAL = "_migrascope_journal"


class Database(ABC):
    """A kind of database, with one present database in it."""

    kind: str
    url: str
    _numbers: Iterator[int]

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    @abstractmethod
    def fresh(self) -> None:
        """Drops the present database and makes an empty one, which `url` names from now on."""

    @abstractmethod
    def rows(self, sql: str) -> list[Row]:
        """Runs one statement on a connection of its own."""

    @abstractmethod
    def has_table(self, name: str) -> bool:
        """Whether the present database has it."""

    @abstractmethod
    def sessions(self) -> int:
        """How many connections to the present database there are, this one apart."""

    @abstractmethod
    def schema(self) -> list[Row]:
        """Columns and indexes of every table but ours, in one order."""

    def rows_if_table(self, name: str, sql: str) -> list[Row]:
        return self.rows(sql) if self.has_table(name) else []

    def tables(self) -> list[str]:
        return sorted({str(row[0]) for row in self.schema()})

    def fingerprint(self) -> list[Row]:
        """The schema, and how many rows each table has."""
        counts = [("rows", table, self.rows(f"SELECT count(*) FROM {table}")[0][0]) for table in self.tables()]
        return [*self.schema(), *counts]


class Postgres(Database):
    kind = "postgres"

    def __init__(self, url: str, prefix: str = "faults") -> None:
        super().__init__()
        self._admin = url
        self._prefix = prefix
        self.url = url
        self.name = ""

    def connect(self, url: str | None = None) -> psycopg.Connection[Row]:
        return psycopg.connect(url or self.url, autocommit=True, application_name="faults")

    def fresh(self) -> None:
        with self.connect(self._admin) as connection:
            if self.name:
                connection.execute(f"DROP DATABASE {self.name} WITH (FORCE)".encode())
            self.name = f"{self._prefix}_{next(self._numbers)}"
            connection.execute(f"CREATE DATABASE {self.name}".encode())
        self.url = f"{self._admin.rsplit('/', 1)[0]}/{self.name}"

    def rows(self, sql: str) -> list[Row]:
        with self.connect() as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def has_table(self, name: str) -> bool:
        return self.rows(f"SELECT to_regclass('{name}') IS NOT NULL")[0][0] is True

    def sessions(self) -> int:
        return int(self.rows("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                             "AND pid <> pg_backend_pid() AND backend_type = 'client backend'")[0][0])

    def schema(self) -> list[Row]:
        return self.rows(
            "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnum "
            "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
            "WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE '\\_migrascope%' "
            "UNION ALL "
            "SELECT c.relname::text, pg_get_indexdef(i.indexrelid), 'valid ' || i.indisvalid, 0 "
            "FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "
            "WHERE c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE '\\_migrascope%' ORDER BY 1, 4, 2"
        )


class Mariadb(Database):
    kind = "mariadb"

    def __init__(self, url: str, prefix: str = "faults") -> None:
        super().__init__()
        self._prefix = prefix
        self._admin = urllib.parse.urlsplit(url)
        self.url = url
        self.name = ""

    def connect(self, name: str | None = None) -> pymysql.Connection:
        return pymysql.connect(
            host=self._admin.hostname, port=self._admin.port or 3306, user=self._admin.username,
            password=self._admin.password or "", database=self.name if name is None else name, autocommit=True,
        )

    def fresh(self) -> None:
        with contextlib.closing(self.connect("mysql")) as connection, connection.cursor() as cursor:
            if self.name:
                cursor.execute("SELECT ID FROM information_schema.PROCESSLIST WHERE DB = %s", (self.name,))
                for (number,) in cursor.fetchall():
                    with contextlib.suppress(pymysql.err.OperationalError):  # it has left meanwhile
                        cursor.execute("KILL %s", (number,))
                cursor.execute(f"DROP DATABASE {self.name}")
            self.name = f"{self._prefix}_{next(self._numbers)}"
            cursor.execute(f"CREATE DATABASE {self.name}")
        self.url = self._admin._replace(path=f"/{self.name}").geturl()

    def rows(self, sql: str) -> list[Row]:
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def has_table(self, name: str) -> bool:
        return bool(self.rows("SELECT 1 FROM information_schema.TABLES "
                              f"WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{name}'"))

    def sessions(self) -> int:
        return int(self.rows("SELECT count(*) FROM information_schema.PROCESSLIST "
                             "WHERE DB = DATABASE() AND ID <> CONNECTION_ID()")[0][0])

    def schema(self) -> list[Row]:
        return self.rows(
            "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, ORDINAL_POSITION FROM information_schema.COLUMNS "
            "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT LIKE '\\_migrascope%' UNION ALL "
            "SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, SEQ_IN_INDEX FROM information_schema.STATISTICS "
            "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT LIKE '\\_migrascope%' ORDER BY 1, 4, 2"
        )


class Sqlite(Database):
    kind = "sqlite"

    def __init__(self, folder: pathlib.Path) -> None:
        super().__init__()
        self._folder = folder
        self.path = folder / "none.db"
        self.url = ""

    def fresh(self) -> None:
        for left in self._folder.glob(f"{self.path.name}*"):
            left.unlink()
        self.path = self._folder / f"faults_{next(self._numbers)}.db"
        self.url = f"sqlite://{self.path}"

    def rows(self, sql: str) -> list[Row]:
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None, timeout=10)) as connection:
            return connection.execute(sql).fetchall()

    def has_table(self, name: str) -> bool:
        return bool(self.rows(f"SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '{name}'"))

    def sessions(self) -> int:
        """A connection is an open file here, and ends with its process."""
        return 0

    def schema(self) -> list[Row]:
        return self.rows("SELECT tbl_name, name, sql, type FROM sqlite_master WHERE tbl_name NOT LIKE '\\_migrascope%' "
                         "ESCAPE '\\' AND tbl_name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1, 2")
