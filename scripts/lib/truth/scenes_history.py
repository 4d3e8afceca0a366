"""Scenes in which files and history do not fit, or a migration is left half-way."""

import time
from collections.abc import Sequence

from claims import Claim
from expectation import DIRTY, HALF_WAY, ILL, RUN_FAILED, UNHEALTHY, State, Truth, refused
from witness_metrics import snapshot
from stage import NUMBER, SECRET, SQL, Scene


class Drifted(Scene):
    """The file of an applied migration is another one now."""

    state = State(applied=1, pending=1, changed=1, page=RUN_FAILED, tickets=("MigrascopeChecksumMismatch",))

    def inflict(self) -> None:
        self._original = (self.directory / "1_step.sql").read_text(encoding="utf-8")
        self.write(1, f"CREATE TABLE t1 (n int PRIMARY KEY, s text DEFAULT '{SECRET}');")
        self.write(2, f"SELECT {NUMBER} AS {SQL};")
        self.observe(refused("changed"), self.start())

    def repair(self) -> None:
        (self.directory / "1_step.sql").write_text(self._original, encoding="utf-8")
        super().repair()


class DriftedSqlite(Drifted):
    """The same on SQLite."""

    kind = "sqlite"


class Missing(Scene):
    """The file of an applied migration is gone; that can be seen before any run."""

    state = State(applied=1, pending=1, missing=1, page=RUN_FAILED, tickets=("MigrascopeMigrationsMissing",))
    lasts = 9
    looked = 0.0

    def inflict(self) -> None:
        self._original = (self.directory / "1_step.sql").read_text(encoding="utf-8")
        (self.directory / "1_step.sql").unlink()
        self.write(2, f"SELECT {NUMBER} AS {SQL};")
        time.sleep(6)
        self.looked = time.time()
        self.observe(refused("missing"), self.start())

    def repair(self) -> None:
        (self.directory / "1_step.sql").write_text(self._original, encoding="utf-8")
        super().repair()

    def more(self) -> Sequence[Claim]:
        series = snapshot(self, self.looked).get("serve")
        if series is None:
            return ()
        found = [f"{value:g}" for (name, _), value in series.items() if "missing" in name]
        return [Claim("metrics", "serve", "missing before any run", ("1",), found[0] if found else None)]


class HalfWay(Scene):
    """A migration that is not atomic fails in its middle; the next run is refused."""

    state = State(applied=1, pending=1, dirty=True, page=DIRTY)
    text = ("-- migrascope: no-transaction", f"INSERT INTO t1 VALUES (1, '{SECRET}');",
            f"INSERT INTO t1 VALUES ({NUMBER}, '{SECRET}');", f"SELECT {NUMBER} AS {SQL};")
    error: tuple[str, ...] = ("23505",)

    def inflict(self) -> None:
        self.write(2, *self.text)
        failed = Truth(HALF_WAY, ("failure",), self.error, "2", step=("failure",), statement=("2",), remains=("half_way",))
        self.observe(failed, self.start())
        self.observe(refused("half_way"), self.start())

    def repair(self) -> None:
        self.database.rows(f"DELETE FROM t1 WHERE n = {NUMBER}")
        self.expect(self.start("repair", "--resume", "2", "--reason", "the row is gone").wait(), 0)


class HalfWayMariadb(HalfWay):
    """On MariaDB no migration is atomic: what is made stays made."""

    kind = "mariadb"
    text = (f"CREATE TABLE t2 (s varchar(40) DEFAULT '{SECRET}');", f"INSERT INTO t1 VALUES ({NUMBER}, '{SECRET}');",
            f"SELECT {NUMBER} AS {SQL};")
    error = ("1062",)


class InvalidIndex(HalfWay):
    """A concurrent build fails, and leaves an index that every write pays for."""

    text = (f"INSERT INTO t1 VALUES (1, '{SECRET}');", "CREATE UNIQUE INDEX CONCURRENTLY once ON t1 (s);")


class OwnCheck(Scene):
    """A run leaves what a check of one's own objects to; it is repaired, looked at by `health`, and stays well."""

    state = State(applied=2, pending=0, page=ILL, checks=(("stock", "0"),))
    healed = 0.0

    def prepare(self) -> None:
        checks = self.directory.parent / "checks"
        checks.mkdir()
        (checks / "stock.sql").write_text(f"SELECT s, {NUMBER} AS {SQL} FROM t1 WHERE n = 1;\n", encoding="utf-8")
        super().prepare()

    def inflict(self) -> None:
        self.write(2, f"INSERT INTO t1 VALUES (1, '{SECRET}');")
        unhealthy = Truth(UNHEALTHY, ("error",), ("unhealthy",), "2", step=("success",), applied=1)
        self.observe(unhealthy, self.start())

    def repair(self) -> None:
        self.database.rows("DELETE FROM t1 WHERE n = 1")
        self.expect(self.start("health").wait(), 0)
        time.sleep(10)
        self.healed = time.time()
        # There is nothing to do, and what was found before must not come back.
        self.expect(self.up(), 0)

    def more(self) -> Sequence[Claim]:
        """`health` alone heals every route."""
        said = []
        for route, series in snapshot(self, self.healed).items():
            found = [f"{value:g}" for (name, labels), value in series.items()
                     if name == "migrascope_health_check_success" and ("migrascope_check", "stock") in labels]
            said.append(Claim("metrics", route, "check stock after health", ("1",), found[0] if found else None))
        return said
