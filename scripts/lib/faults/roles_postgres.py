"""PostgreSQL for scripts/try-roles: what a low role can leave there before a command runs."""

import contextlib
from collections.abc import Callable, Iterable

from roles_postgres_path import AGGREGATES, CASTS, CATALOGUE, FUNCTIONS, OPERATORS, TYPES
from roles_postgres_scene import PostgresScene
from roles_trial import JOURNAL, LEDGER, Denied, Expect, Way


def planted(name: str = LEDGER, schema: str = "public", kind: str = "TABLE", more: str = "", columns: str = "", behind: str = "") -> str:
    """SQL for a table of the low role in the place of one of ours."""
    key = "version" if name == LEDGER else "id"
    columns = columns or PostgresScene.shapes[name]
    grants = f"GRANT ALL ON {schema}.{name} TO PUBLIC"
    return f"CREATE {kind} {schema}.{name} ({columns}, PRIMARY KEY ({key}){more}) {behind}; {grants}; "


# A row of each.
ROWS = {
    LEDGER: "(version, name, checksum, token_checksum, applied_at, elapsed_ms, run_id) VALUES ('1', 'a', '', '', now(), 1, 'r')",
    JOURNAL: "(id, kind, run_id, direction, outcome, half_way, statements_done, statements_total, started_at, tool_version) "
    "VALUES ('1', 'run', 'r', 'up', 'success', false, 0, 0, now(), '')",
}


def both(more: str) -> Callable[[PostgresScene], None]:
    """Plants ledger and journal, and runs SQL for each, with its name for `{}` and a number for `{n}`."""

    def plant(scene: PostgresScene) -> None:
        for number, table in enumerate((LEDGER, JOURNAL)):
            scene.low(
                planted(table)
                + f"INSERT INTO public.{table} {ROWS[table]}; "
                + more.replace("{}", f"public.{table}").replace("{n}", str(number))
            )

    return plant


def careless(sql: str) -> Callable[[PostgresScene], None]:
    """An administrator has set a search path in which the low role's schema comes first; and the low role's SQL."""

    def plant(scene: PostgresScene) -> None:
        scene.admin(f"ALTER DATABASE {scene.name} SET search_path = public, pg_catalog")
        scene.low("SET search_path = pg_catalog; " + sql)

    return plant


R, W, H = Expect.REFUSED, Expect.WRITES_REFUSED, Expect.HARMLESS
PostgresWay = Way[PostgresScene]


def with_icu(scene: PostgresScene) -> bool:
    return bool(scene.admin("SELECT 1 FROM pg_collation WHERE collprovider = 'i' LIMIT 1"))


def ignored(_: object) -> None:
    """For a lambda whose answer is of no use."""


def migrators_schema(scene: PostgresScene, *tables: str) -> None:
    """A schema that the default search path puts first, with tables of the low role's."""
    own = f"CREATE SCHEMA {scene.migrator}; GRANT ALL ON SCHEMA {scene.migrator} TO PUBLIC; "
    scene.low(own + "".join(planted(table, scene.migrator) for table in tables))


def granted_by_migrator(scene: PostgresScene) -> None:
    """The migrator has made the low role, as migrations do that make an application's role; since 16 that makes it its administrator."""
    scene.admin(f"GRANT {scene.low_role} TO {scene.migrator} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
    both("")(scene)


def view(behind: str = "", kind: str = "VIEW") -> Callable[[PostgresScene], None]:
    def plant(scene: PostgresScene) -> None:
        for table in (LEDGER, JOURNAL):
            scene.low(
                planted(table, "low", behind="")
                + f"CREATE {kind} public.{table} AS SELECT k.* FROM low.spy() LEFT JOIN low.{table} k ON true; "
                f"GRANT ALL ON public.{table} TO PUBLIC; " + behind.format(f"public.{table}")
            )

    return plant


def each(*statements: str) -> Callable[[PostgresScene], None]:
    """The server must refuse every one of them."""

    def plant(scene: PostgresScene) -> None:
        for sql in statements:
            with contextlib.suppress(Denied):
                scene.low(sql.format(low=scene.low_role, migrator=scene.migrator, database=scene.name))
                raise RuntimeError(f"the server lets a low role do this: {sql}")
        raise Denied(f"all {len(statements)} of them")

    return plant


def ways() -> Iterable[PostgresWay]:
    """What is there before a command runs; our tables' columns must be known."""
    named = "_migrascope"
    for later in (False, True):
        when = "" if not later else ", behind the first run"
        for what, sql in [
            ("operators on our types", OPERATORS),
            ("functions named as PostgreSQL's", FUNCTIONS),
            ("functions named as aggregates", AGGREGATES),
            ("types named as PostgreSQL's", TYPES),
            ("views named as the catalogue's", CATALOGUE),
            ("implicit casts of its own types", CASTS),
        ]:
            yield Way(what + when, H, careless(sql), later, core=later == (sql == FUNCTIONS) and sql in (OPERATORS, FUNCTIONS))
        yield Way("a schema of the migrator's name" + when, R, migrators_schema, later)
        yield Way(
            "a schema of the migrator's name, with a history" + when, R, lambda s: migrators_schema(s, LEDGER, JOURNAL), later, core=later
        )
        yield Way("a history in its own schema" + when, H if later else R, lambda s: ignored(s.low(planted(schema="low"))), later)
    yield Way("a history with rows", W, both(""), says=named)
    yield Way(
        "a history of a role that the migrator has made",
        W,
        granted_by_migrator,
        says=named,
        possible=lambda s: s.version >= 16 and not s.superuser,
    )
    yield Way(
        "a history with a trigger",
        R,
        both("CREATE TRIGGER t BEFORE INSERT OR UPDATE OR DELETE ON {} FOR EACH ROW EXECUTE FUNCTION low.fire()"),
        says="trigger",
        core=True,
    )
    yield Way("a history with a rule", R, both("CREATE RULE r AS ON INSERT TO {} DO ALSO SELECT low.spy()"), says="rule")
    yield Way(
        "a history with a policy",
        W,
        both("ALTER TABLE {} ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON {} USING (low.spy()) WITH CHECK (low.spy())"),
        says=named,
    )
    yield Way("a history with a default", R, both("ALTER TABLE {} ALTER run_id SET DEFAULT low.still('')"), says="run_id")
    yield Way(
        "a history with a generated column",
        R,
        both("ALTER TABLE {} ADD more text GENERATED ALWAYS AS (low.still(version)) STORED"),
        says="more",
    )
    yield Way(
        "a history with a virtual column",
        R,
        both("ALTER TABLE {} ADD more text GENERATED ALWAYS AS (upper(version)) VIRTUAL"),
        says="more",
        possible=lambda s: s.version >= 18,
    )
    yield Way("a history with a check", R, both("ALTER TABLE {} ADD CHECK (low.still(run_id) IS NOT NULL)"), says="check")
    yield Way("a history with an index over an expression", R, both("CREATE INDEX x{n} ON {} (low.still(run_id))"), says="index")
    yield Way(
        "a history with a partial index", R, both("CREATE INDEX x{n} ON {} (run_id) WHERE low.still(run_id) IS NOT NULL"), says="index"
    )
    yield Way(
        "a history with a domain",
        R,
        both("CREATE DOMAIN low.d{n} AS varchar(36) CHECK (low.spy()); ALTER TABLE {} ALTER run_id TYPE low.d{n}"),
        says="run_id",
    )
    yield Way(
        "a history with statistics over an expression",
        W,
        both("CREATE STATISTICS s{n} ON (low.still(run_id)), version FROM {}"),
        says=named,
        possible=lambda s: s.version >= 14,
    )
    yield Way(
        "a history with a collation",
        W,
        both(
            "CREATE COLLATION low.c{n} (provider = icu, locale = 'und-u-ks-level1', deterministic = false); "
            "ALTER TABLE {} ALTER version TYPE varchar(255) COLLATE low.c{n}"
        ),
        says=named,
        possible=with_icu,
    )
    yield Way(
        "a history that inherits",
        W,
        both(
            "CREATE TABLE low.p{n} (LIKE {}); CREATE TRIGGER t BEFORE INSERT ON low.p{n} FOR EACH ROW EXECUTE FUNCTION low.fire(); "
            "ALTER TABLE {} INHERIT low.p{n}"
        ),
        says=named,
    )
    yield Way(
        "a history with a child",
        W,
        both(
            "CREATE TABLE low.k{n} () INHERITS ({}); ALTER TABLE low.k{n} ENABLE ROW LEVEL SECURITY; "
            "CREATE POLICY p ON low.k{n} USING (low.spy())"
        ),
        says=named,
    )
    yield Way(
        "a history with a foreign key that cascades",
        R,
        both(
            "CREATE TABLE low.f{n} (v varchar(255) PRIMARY KEY); INSERT INTO low.f{n} VALUES ('1'); ALTER TABLE {} ADD FOREIGN KEY (version) "
            "REFERENCES low.f{n} ON DELETE CASCADE"
        ),
        says="foreign key",
    )
    yield Way(
        "an unlogged history", W, lambda s: ignored([s.low(planted(t, kind="UNLOGGED TABLE")) for t in (LEDGER, JOURNAL)]), says=named
    )
    yield Way("a view in its place", R, view(), says="not an ordinary table")
    yield Way(
        "a view with INSTEAD OF in its place",
        R,
        view("CREATE TRIGGER t INSTEAD OF INSERT ON {} FOR EACH ROW EXECUTE FUNCTION low.fire()"),
        says="not an ordinary table",
        core=True,
    )
    yield Way("a materialized view in its place", R, view(kind="MATERIALIZED VIEW"), says="not an ordinary table")
    yield Way(
        "a foreign table in its place",
        R,
        lambda s: ignored(
            s.low(
                f"CREATE SERVER low_{s.name} FOREIGN DATA WRAPPER dummy; CREATE FOREIGN TABLE public.{LEDGER} ({s.shapes[LEDGER]}) SERVER low_{s.name}; "
                f"GRANT ALL ON public.{LEDGER} TO PUBLIC"
            )
        ),
        says="not an ordinary table",
    )
    yield Way(
        "a partitioned table in its place",
        R,
        lambda s: ignored(
            s.low(
                planted(behind="PARTITION BY LIST (version)") + f"CREATE TABLE low.p PARTITION OF public.{LEDGER} DEFAULT; "
                "CREATE TRIGGER t BEFORE INSERT ON low.p FOR EACH ROW EXECUTE FUNCTION low.fire()"
            )
        ),
        says="not an ordinary table",
    )
    yield Way(
        "a sequence of its name",
        R,
        f"CREATE SEQUENCE public.{LEDGER}; GRANT ALL ON public.{LEDGER} TO PUBLIC",
        says="not an ordinary table",
    )
    yield Way("a composite type of its name", R, f"CREATE TYPE public.{LEDGER} AS (version text)", says="not an ordinary table")
    yield Way(
        "an index of its name",
        R,
        f"CREATE TABLE low.t (i int); CREATE TABLE public.low_t (i int); CREATE INDEX {LEDGER} ON public.low_t (i)",
        says="not an ordinary table",
    )
    yield Way(
        "a journal with a trigger, without a ledger",
        R,
        lambda s: ignored(s.low(planted(JOURNAL) + f"CREATE TRIGGER t BEFORE INSERT ON public.{JOURNAL} EXECUTE FUNCTION low.fire()")),
        says="trigger",
    )
    yield Way("a domain of its name", Expect.FAILS, f"CREATE DOMAIN public.{LEDGER} AS text CHECK (low.spy())")
    yield Way(
        "tables with escapes in their names and comments",
        Expect.FAILS,
        'CREATE TABLE public."\x1b[31m\u202e;--" (i int); COMMENT ON TABLE public."\x1b[31m\u202e;--" IS \'\x1b[2J\'',
    )
    yield Way(
        "a conversion of character sets",
        H,
        "CREATE DEFAULT CONVERSION public.c FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1; "
        "CREATE DEFAULT CONVERSION public.d FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        True,
    )
    yield Way(
        "default privileges and settings of its own",
        H,
        "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC; ALTER ROLE CURRENT_USER SET search_path = low",
        True,
    )
    yield Way(
        "triggers on the application's tables",
        H,
        "CREATE TRIGGER t BEFORE INSERT OR DELETE ON public.a FOR EACH ROW EXECUTE FUNCTION low.fire()",
        True,
    )
    for table in (LEDGER, JOURNAL):
        what = "ledger" if table == LEDGER else "journal"
        yield Way(
            f"a trigger by the right to make one, on the {what}",
            R,
            f"CREATE TRIGGER t BEFORE INSERT OR UPDATE OR DELETE ON public.{table} FOR EACH ROW EXECUTE FUNCTION low.fire()",
            True,
            "trigger",
            core=table == JOURNAL,
        )
        yield Way(
            f"a foreign key to the {what} that cascades to a table with a trigger",
            R,
            cascade(table),
            True,
            "foreign key",
            core=table == LEDGER,
        )
    yield Way(
        "a foreign key from a type with a cast of its own",
        R,
        "CREATE TYPE low.own AS (v varchar); CREATE FUNCTION low.cast(low.own) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM low.spy(); RETURN ($1).v; END'; "
        "CREATE CAST (low.own AS text) WITH FUNCTION low.cast AS IMPLICIT; "
        f"CREATE TABLE low.f (v low.own REFERENCES public.{LEDGER} (version) ON DELETE CASCADE)",
        True,
        "foreign key",
        possible=lambda s: s.version < 18,  # which wants both columns to be collatable
    )
    yield Way(
        "what only owners may do",
        Expect.DENIED,
        each(
            "CREATE EVENT TRIGGER t ON ddl_command_start EXECUTE FUNCTION low.fire()",
            "ALTER ROLE {migrator} SET search_path = low",
            "ALTER DATABASE {database} SET search_path = low",
            "SET ROLE {migrator}",
            "SET session_authorization = {migrator}",
            "CREATE FUNCTION pg_catalog.now(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
            "CREATE CAST (text AS varchar) WITHOUT FUNCTION",
            "CREATE OPERATOR CLASS low.c DEFAULT FOR TYPE varchar USING btree AS FUNCTION 1 bttextcmp(text, text)",
            f"CREATE RULE r AS ON INSERT TO public.{LEDGER} DO ALSO SELECT low.spy()",
            f"CREATE POLICY p ON public.{LEDGER} USING (low.spy())",
            f"ALTER TABLE public.{LEDGER} ALTER name SET DEFAULT low.still('')",
            f"CREATE INDEX ON public.{LEDGER} (low.still(name))",
            f"CREATE TABLE low.k () INHERITS (public.{LEDGER})",
            f"ALTER TABLE public.{LEDGER} OWNER TO {{low}}",
            f"CREATE STATISTICS low.s ON (low.still(name)), version FROM public.{LEDGER}",
            f"INSERT INTO public.{LEDGER} SELECT * FROM public.{LEDGER}",
            f"DELETE FROM public.{JOURNAL}",
            f"TRUNCATE public.{JOURNAL}",
            f"DROP TABLE public.{LEDGER}",
            f"COMMENT ON TABLE public.{LEDGER} IS 'x'",
            "CREATE TRIGGER t BEFORE INSERT ON pg_catalog.pg_class EXECUTE FUNCTION low.fire()",
            "ALTER DEFAULT PRIVILEGES FOR ROLE {migrator} GRANT ALL ON TABLES TO PUBLIC",
            "CREATE FUNCTION low.c() RETURNS int LANGUAGE c AS 'libc', 'getpid'",
        ),
        True,
        core=True,
    )


def cascade(table: str) -> str:
    """What a DELETE or UPDATE of ours would set off; until PostgreSQL 17 its AFTER trigger runs as the user whose statement it was."""
    key = "version" if table == LEDGER else "id"
    return (
        f"CREATE TABLE low.f (v varchar(255) REFERENCES public.{table} ({key}) ON DELETE CASCADE ON UPDATE CASCADE); "
        f"INSERT INTO low.f SELECT {key} FROM public.{table}; "
        "CREATE TRIGGER a AFTER DELETE OR UPDATE ON low.f FOR EACH ROW EXECUTE FUNCTION low.fire(); "
        "CREATE TRIGGER b BEFORE DELETE OR UPDATE ON low.f FOR EACH ROW EXECUTE FUNCTION low.fire()"
    )
