"""The scene of scripts/try-roles on PostgreSQL."""

import contextlib
import pathlib
import re
from typing import Any

import psycopg
from roles_trial import JOURNAL, LEDGER, PASSWORD, Denied, History, Scene

Row = tuple[Any, ...]


class PostgresScene(Scene):
    """A database in which the low role may create, and has a schema of its own with functions that show who runs them."""

    kind = "postgres"
    schema = "public."
    # The columns of our tables, as a run has made them.
    shapes: dict[str, str] = {}

    def __init__(
        self, binary: pathlib.Path, work: pathlib.Path, push_url: str, admin: str, log: pathlib.Path, *, number: int, superuser: bool
    ) -> None:
        super().__init__(binary, work, f"roles_{number}", push_url)
        self._admin, self._log, self.superuser = admin, log, superuser
        self.low_role, self.migrator = f"low_{number}", f"migrator_{number}"
        rights = "SUPERUSER" if superuser else "CREATEROLE"
        with self._connect(admin) as connection:
            self.version = connection.info.server_version // 10000
            for sql in [
                f"CREATE ROLE {self.migrator} LOGIN {rights} PASSWORD '{PASSWORD}'",
                f"CREATE ROLE {self.low_role} LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_monitor",
                f"CREATE DATABASE {self.name} OWNER {self.migrator}",
                f"GRANT ALL ON DATABASE {self.name} TO {self.low_role}",
            ]:
                connection.execute(sql.encode())
        self.url = self._url(self.migrator)
        self.admin(
            f"GRANT ALL ON SCHEMA public TO {self.low_role}; GRANT ALL ON SCHEMA public TO {self.migrator}; "
            f"CREATE FOREIGN DATA WRAPPER dummy; GRANT USAGE ON FOREIGN DATA WRAPPER dummy TO {self.low_role}"
        )
        body = f"BEGIN RAISE LOG ''CANARY {self.name} %'', current_user; RETURN"
        self.low(
            "CREATE SCHEMA low; GRANT USAGE ON SCHEMA low TO PUBLIC; "
            f"CREATE FUNCTION low.spy() RETURNS bool LANGUAGE plpgsql AS '{body} true; END'; "
            f"CREATE FUNCTION low.still(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS '{body} $1; END'; "
            f"CREATE FUNCTION low.fire() RETURNS trigger LANGUAGE plpgsql AS '{body} coalesce(NEW, OLD); END'"
        )

    def _url(self, role: str) -> str:
        return f"postgres://{role}:{PASSWORD}@{self._admin.rsplit('@', 1)[1].rsplit('/', 1)[0]}/{self.name}"

    @staticmethod
    def _connect(url: str, path: str | None = None) -> psycopg.Connection[Row]:
        return psycopg.connect(url, autocommit=True, options=f"-c search_path={path}" if path else None)

    def low_session(self) -> psycopg.Connection[Row]:
        """A connection of the low role."""
        return self._connect(self._url(self.low_role))

    def _sql(self, url: str, sql: str, path: str | None = None) -> list[Row]:
        with self._connect(url, path) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def low(self, sql: str) -> list[Row]:
        try:
            return self._sql(self._url(self.low_role), sql)
        except psycopg.errors.DatabaseError as error:
            raise Denied(str(error).splitlines()[0]) from error

    def admin(self, sql: str) -> list[Row]:
        # What the low role has planted is for the migrator alone.
        return self._sql(f"{self._admin.rsplit('/', 1)[0]}/{self.name}", sql, "pg_catalog")

    def by_hand(self) -> None:
        self._sql(self.url, "SELECT low.spy()")

    def canaries(self) -> list[str]:
        text = self._log.read_text(encoding="utf-8", errors="replace")
        ran = re.findall(rf"LOG:  CANARY {self.name} (\S+)", text)
        return [role for role in ran if role != self.low_role]

    def grown(self) -> str:
        rows = self.admin(
            f"SELECT rolsuper OR rolcreaterole OR rolcreatedb OR pg_has_role(oid, '{self.migrator}', 'MEMBER') "
            f"FROM pg_roles WHERE rolname = '{self.low_role}'"
        )
        return "the low role has the migrator's rights" if rows != [(False,)] else ""

    def history(self) -> History:
        def rows(table: str, columns: str) -> list[Row] | None:
            kinds = self.admin(f"SELECT relkind::text FROM pg_class WHERE oid = to_regclass('public.{table}')")
            # What is not a table has no rows that could be compared, and a view would run code.
            return sorted(self.admin(f"SELECT {columns} FROM public.{table}"), key=repr) if kinds == [("r",)] else None

        return (rows(LEDGER, "version, name"), rows(JOURNAL, "kind, direction, version, outcome, half_way"))

    def give_rights(self) -> None:
        also = ", MAINTAIN" if self.version >= 17 else ""
        self.admin(
            f"GRANT SELECT, REFERENCES, TRIGGER{also} ON public.{LEDGER}, public.{JOURNAL} TO {self.low_role}; "
            f"GRANT ALL ON public.a TO {self.low_role}"
        )

    def learn(self) -> None:
        """Remembers what our tables look like."""
        for table in (LEDGER, JOURNAL):
            (columns,) = self.admin(
                "SELECT string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' NOT NULL' "
                f"ELSE '' END, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'public.{table}'::regclass AND attnum > 0"
            )[0]
            self.shapes[table] = columns

    def close(self) -> None:
        with contextlib.suppress(psycopg.errors.DatabaseError), self._connect(self._admin) as connection:
            connection.execute(f"DROP DATABASE {self.name} WITH (FORCE)".encode())
