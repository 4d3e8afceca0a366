"""The scene of scripts/try-roles on MariaDB and MySQL."""

import contextlib
import pathlib
import re
import ssl
import urllib.parse
from collections.abc import Callable
from typing import Any

import pymysql
from roles_trial import JOURNAL, LEDGER, PASSWORD, Denied, History, Scene

Row = tuple[Any, ...]
# Statements of one text; a routine's body has semicolons of its own.
END = ";;"
# What a user needs to make anything at all in a database but tables' contents, which each table's own rights are for.
RIGHTS = (
    "CREATE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EXECUTE, EVENT, TRIGGER, REFERENCES, CREATE TEMPORARY TABLES, "
    "LOCK TABLES"
)


class MysqlScene(Scene):
    """A database in which the low role may make everything, and has another one of its own."""

    kind = "mysql"
    # How our tables are made, and the functions that our statements call.
    shapes: dict[str, str] = {}
    called: list[str] = []

    def __init__(self, binary: pathlib.Path, work: pathlib.Path, push_url: str, admin: str, *, number: int, superuser: bool) -> None:
        super().__init__(binary, work, f"roles_{number}", push_url)
        self._admin, self.superuser = urllib.parse.urlsplit(admin), superuser
        self.low_role, self.migrator, self.own = f"low_{number}", f"migrator_{number}", f"own_{number}"
        everything = "*.* TO {0} WITH GRANT OPTION" if superuser else f"{self.name}.* TO {{0}}"
        self._canary = f"canary_{number}.fired"
        self.admin(
            END.join(
                [
                    *(f"CREATE DATABASE {name}" for name in (self.name, self.own, f"canary_{number}")),
                    f"CREATE TABLE {self._canary} (who varchar(200)) ENGINE=MyISAM",  # a rollback leaves it what it has
                    f"CREATE USER {self.low_role} IDENTIFIED BY '{PASSWORD}'",
                    f"CREATE USER {self.migrator} IDENTIFIED BY '{PASSWORD}'",
                    f"GRANT ALL ON {everything.format(self.migrator)}",
                    f"GRANT INSERT ON {self._canary} TO {self.migrator}",
                    f"GRANT {RIGHTS} ON {self.name}.* TO {self.low_role}",
                    f"GRANT ALL ON {self.own}.* TO {self.low_role}",
                    f"GRANT PROCESS ON *.* TO {self.low_role}",
                ]
            ),
            database="",
        )
        self.url = self._admin._replace(
            netloc=f"{self.migrator}:{PASSWORD}@{self._admin.hostname}:{self._admin.port}", path=f"/{self.name}", fragment=""
        ).geturl()
        self.low(
            "CREATE FUNCTION spy() RETURNS INT MODIFIES SQL DATA SQL SECURITY INVOKER BEGIN "
            "DECLARE CONTINUE HANDLER FOR SQLEXCEPTION IF CURRENT_USER() NOT LIKE 'low%' THEN "
            "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'CANARY'; END IF; "
            f"INSERT INTO {self._canary} VALUES (CURRENT_USER()); RETURN 1; END"
        )

    def connect(self, user: str, password: str, database: str) -> "pymysql.Connection[Any]":
        """A connection; that to MySQL, whose passwords need it, is encrypted."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        make: Callable[..., "pymysql.Connection[Any]"] = pymysql.connect
        words = dict(
            host=self._admin.hostname, port=self._admin.port, user=user, password=password, database=database or None, autocommit=True
        )
        return make(**words) if self._admin.fragment == "mariadb" else make(**words, ssl=context)

    def low_session(self) -> "pymysql.Connection[Any]":
        """A connection of the low role."""
        return self.connect(self.low_role, PASSWORD, self.name)

    def low(self, sql: str) -> list[Row]:
        try:
            with contextlib.closing(self.low_session()) as connection:
                return run(connection, sql)
        except pymysql.err.MySQLError as error:
            raise Denied(str(error)) from error

    def admin(self, sql: str, database: str | None = None) -> list[Row]:
        password = urllib.parse.unquote(self._admin.password or "")
        with contextlib.closing(
            self.connect(self._admin.username or "", password, self.name if database is None else database)
        ) as connection:
            return run(connection, sql)

    def by_hand(self) -> None:
        with contextlib.closing(self.connect(self.migrator, PASSWORD, self.name)) as connection:
            run(connection, "SELECT spy()")

    def canaries(self) -> list[str]:
        rows = [str(row[0]) for row in self.admin(f"SELECT who FROM {self._canary}")]
        # One that may not write says so by its error.
        return rows + [f"somebody, in {one.words[0]}" for one in self.ended if "CANARY" in one.said]

    def grown(self) -> str:
        rows = " ".join(str(row[0]) for row in self.admin(f"SHOW GRANTS FOR {self.low_role}"))
        return "the low role has more rights" if "SUPER" in rows or "GRANT OPTION" in rows else ""

    def history(self) -> History:
        def rows(table: str, columns: str) -> list[Row] | None:
            there = self.admin(
                f"SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{self.name}' AND TABLE_NAME = '{table}' AND ENGINE IS NOT NULL "
                "AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')"
            )
            return sorted(self.admin(f"SELECT {columns} FROM {table}"), key=repr) if there else None

        return (rows(LEDGER, "version, name"), rows(JOURNAL, "kind, direction, version, outcome, half_way"))

    def give_rights(self) -> None:
        self.admin(
            END.join(
                [
                    f"GRANT SELECT ON {LEDGER} TO {self.low_role}",
                    f"GRANT SELECT ON {JOURNAL} TO {self.low_role}",
                    f"GRANT ALL ON a TO {self.low_role}",
                ]
            )
        )

    def learn(self) -> None:
        """Remembers what our tables look like, and which functions are called, in the server's own records of the commands so far."""
        for table in (LEDGER, JOURNAL):
            self.shapes[table] = str(self.admin(f"SHOW CREATE TABLE {table}")[0][1])
        said = self.admin("SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE user_host LIKE 'migrator%'")
        names = {name for (text,) in said for name in re.findall(r"\b([A-Za-z_]+) ?\(", re.sub(r"'[^']*'", "''", str(text)))}
        self.called[:] = sorted({*self.called, *(name.lower() for name in names if not name.startswith("_"))})

    def close(self) -> None:
        with contextlib.suppress(pymysql.err.MySQLError):
            self.admin(
                END.join(
                    [
                        f"DROP DATABASE {self.name}",
                        f"DROP DATABASE {self.own}",
                        f"DROP DATABASE {self._canary.split('.')[0]}",
                        f"DROP USER {self.low_role}",
                        f"DROP USER {self.migrator}",
                    ]
                ),
                database="",
            )


def run(connection: "pymysql.Connection[Any]", sql: str) -> list[Row]:
    """Runs statements; the rows of the last one."""
    rows: list[Row] = []
    with connection.cursor() as cursor:
        for statement in filter(str.strip, sql.split(END)):
            cursor.execute(statement)
            rows = list(cursor.fetchall())
    return rows
