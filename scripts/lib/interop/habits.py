"""What is known of the tools: what they tolerate, which of them leave a mark or take a lock, and where we differ on purpose."""

import dataclasses
from collections.abc import Mapping

ALL = frozenset({"postgres", "mariadb", "sqlite"})
NONE: frozenset[str] = frozenset()
ACCEPTS, REFUSES, APPLIES, SKIPS = "accepts", "refuses", "applies", "skips"


@dataclasses.dataclass(frozen=True)
class Habits:
    """What a tool does with an edited applied file, a missing one, and a late one below the newest applied version."""

    changed: str
    missing: str
    late: str
    # The databases on which a failure leaves a mark that stops the tool, and those on which it takes a lock.
    mark: frozenset[str] = NONE
    lock: frozenset[str] = NONE


HABITS: Mapping[str, Habits] = {
    "dbmate": Habits(ACCEPTS, ACCEPTS, APPLIES),
    "diesel": Habits(ACCEPTS, ACCEPTS, APPLIES),
    "drizzle": Habits(ACCEPTS, ACCEPTS, SKIPS),
    "flyway": Habits(REFUSES, REFUSES, REFUSES, mark=frozenset({"mariadb"}), lock=frozenset({"postgres", "mariadb"})),
    "golang-migrate": Habits(ACCEPTS, ACCEPTS, SKIPS, mark=ALL, lock=frozenset({"postgres", "mariadb"})),
    "goose": Habits(ACCEPTS, ACCEPTS, REFUSES),
    "prisma": Habits(ACCEPTS, ACCEPTS, APPLIES, mark=ALL, lock=frozenset({"postgres"})),
    "refinery": Habits(REFUSES, REFUSES, REFUSES),
    # On MariaDB the library asks for a lock in a way that gives it none.
    "sqlx": Habits(REFUSES, REFUSES, APPLIES, mark=frozenset({"mariadb"}), lock=frozenset({"postgres"})),
    "supabase": Habits(ACCEPTS, REFUSES, REFUSES),
}

# (tool, scene): what we do instead, on purpose.
DELIBERATE: Mapping[tuple[str, str], str] = {}


@dataclasses.dataclass(frozen=True)
class History:
    """A tool's history table: its name, the column that orders rows, and the columns that no two runs fill alike."""

    table: str
    order: str
    times: frozenset[str] = NONE
    varying: frozenset[str] = NONE
    # Its schema on PostgreSQL.
    schema: str = "public"
    # Columns of a SQLite database whose type depends on the edition of the tool.
    untyped: frozenset[str] = NONE

    def name(self, kind: str) -> str:
        return f"{self.schema}.{self.table}" if kind == "postgres" else self.table


HISTORIES: Mapping[str, History] = {
    "dbmate": History("schema_migrations", "version"),
    "diesel": History("__diesel_schema_migrations", "version", frozenset({"run_on"})),
    "drizzle": History("__drizzle_migrations", "created_at", schema="drizzle"),
    "flyway": History("flyway_schema_history", "installed_rank", frozenset({"installed_on"}), frozenset({"execution_time"})),
    "golang-migrate": History("schema_migrations", "version"),
    "goose": History("goose_db_version", "id", frozenset({"tstamp"})),
    # Its native engine stores times as integers in SQLite, as we do; its engine in JavaScript, which is tried here, as text.
    "prisma": History("_prisma_migrations", "migration_name", frozenset({"started_at", "finished_at"}), frozenset({"id"}),
                      untyped=frozenset({"started_at", "finished_at"})),
    "refinery": History("refinery_schema_history", "version", frozenset({"applied_on"})),
    "sqlx": History("_sqlx_migrations", "version", frozenset({"installed_on"}), frozenset({"execution_time"})),
    "supabase": History("schema_migrations", "version", schema="supabase_migrations"),
}

# What stands between two statements of a file.
BETWEEN: Mapping[str, str] = {"drizzle": "\n--> statement-breakpoint\n"}
# Tools that need long to start have to meet a statement that runs longer.
HOLD: Mapping[str, int] = {"flyway": 12, "prisma": 9}
