"""PostgreSQL for scripts/try-roles: what a low role does while a command runs, and what it holds meanwhile."""

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import psycopg
import roles_trial
from roles_postgres import PostgresWay, both, planted
from roles_postgres_scene import PostgresScene
from roles_trial import JOURNAL, LEDGER, Expect, Way, Words, until

Session = psycopg.Connection[tuple[Any, ...]]


def run(session: Session, sql: str) -> list[tuple[Any, ...]]:
    cursor = session.execute(sql.encode())
    return cursor.fetchall() if cursor.description else []


def waits(scene: PostgresScene) -> bool:
    """Whether a session of the migrator waits for a lock."""
    return bool(scene.admin(f"SELECT 1 FROM pg_stat_activity WHERE usename = '{scene.migrator}' AND wait_event_type = 'Lock'"))


def committed_late(scene: PostgresScene) -> None:
    """Tables with triggers that are not committed when a run looks for them, and are when it makes its own."""
    with scene.low_session() as session:
        run(session, "BEGIN")
        for table in (LEDGER, JOURNAL):
            run(
                session,
                planted(table) + f"CREATE TRIGGER t BEFORE INSERT OR UPDATE OR DELETE ON public.{table} EXECUTE FUNCTION low.fire()",
            )
        process = scene.start("up")
        until(lambda: waits(scene) or process.poll() is not None)
        # While it pauses before it tries again.
        until(lambda: not waits(scene) or process.poll() is not None)
        run(session, "COMMIT")
        scene.finish(("up",), process)
    scene.run("up")


def swapped(change: str, words: Words) -> Callable[[PostgresScene], None]:
    """Its own tables, which become something else while a command waits to read them."""

    def act(scene: PostgresScene) -> None:
        both("")(scene)
        with scene.low_session() as session:
            run(session, "BEGIN; " + "; ".join(change.format(table) for table in (LEDGER, JOURNAL)))
            process = scene.start(*words)
            until(lambda: waits(scene) or process.poll() is not None, 3)
            run(session, "COMMIT")
            scene.finish(words, process)
        scene.run(*words)

    return act


VIEW = "ALTER TABLE public.{0} RENAME TO kept{0}; CREATE VIEW public.{0} AS SELECT k.* FROM low.spy() LEFT JOIN public.kept{0} k ON true; GRANT ALL ON public.{0} TO PUBLIC"
POLICY = "ALTER TABLE public.{0} ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON public.{0} USING (low.spy())"


def appears(scene: PostgresScene) -> None:
    """A view that comes and goes where there is no history, while commands look."""
    stop = threading.Event()

    def toggle() -> None:
        with scene.low_session() as session:
            while not stop.is_set():
                run(
                    session,
                    f"CREATE VIEW public.{LEDGER} AS SELECT k.* FROM low.spy() LEFT JOIN low.kept k ON true; GRANT ALL ON public.{LEDGER} TO PUBLIC",
                )
                run(session, f"DROP VIEW public.{LEDGER}")

    scene.low(f"CREATE TABLE low.kept ({scene.shapes[LEDGER]})")
    thread = threading.Thread(target=toggle)
    thread.start()
    try:
        for _ in range(10):
            scene.run("wait", "--for", "1", "--timeout", "1s")
            scene.run("status")
    finally:
        stop.set()
        thread.join()


def meanwhile(sql: str, words: Words) -> Callable[[PostgresScene], None]:
    """While a migration runs, behind the look at whose the tables are."""

    def act(scene: PostgresScene) -> None:
        slow = "SELECT pg_sleep(1.5)"
        scene.write("2_b", f"CREATE TABLE {{}}b (i INTEGER);\n{slow}", f"{slow};\nDROP TABLE {{}}b")
        if words[0] == "down":
            scene.run("up", "--to", "2")
        process = scene.start(*words)
        asleep = f"SELECT 1 FROM pg_stat_activity WHERE usename = '{scene.migrator}' AND query LIKE '%pg_sleep%' AND state = 'active'"
        until(lambda: bool(scene.admin(asleep)) or process.poll() is not None)
        scene.low(sql)
        scene.finish(words, process)

    return act


def at_once(scene: PostgresScene) -> None:
    """Default privileges give the low role the right to make triggers on what the migrator makes; it does so as soon as the tables are there."""
    scene.admin(f"ALTER DEFAULT PRIVILEGES FOR ROLE {scene.migrator} GRANT SELECT, TRIGGER, REFERENCES ON TABLES TO {scene.low_role}")
    scene.write("1_a", "CREATE TABLE {}a (i INTEGER);\nSELECT pg_sleep(1)")
    process = scene.start("up")
    with scene.low_session() as session:
        for table in (JOURNAL, LEDGER):

            def made(table: str = table) -> bool:
                with contextlib.suppress(
                    psycopg.errors.UndefinedTable,
                    psycopg.errors.InsufficientPrivilege,
                    psycopg.errors.LockNotAvailable,
                    psycopg.errors.DeadlockDetected,
                ):
                    run(session, f"CREATE TRIGGER t BEFORE INSERT OR UPDATE ON public.{table} FOR EACH ROW EXECUTE FUNCTION low.fire()")
                    return True
                return process.poll() is not None

            until(made)
    scene.finish(("up",), process)
    scene.run("up")


def key(name: str) -> int:
    """The key of an advisory lock of ours."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


@contextlib.contextmanager
def held(scene: PostgresScene, *statements: str, application: str = "") -> Iterator[None]:
    with scene.low_session() as session:
        run(session, f"SET application_name = '{application}'")
        for sql in statements:
            run(session, sql)
        yield


TABLE = f'"public"."{LEDGER}"'
LOCK, WORK = key(f"migrascope:{TABLE}"), key(f"migrascope-work:{TABLE}")


def holding(*statements: str, application: str = "", finish: str = "") -> Callable[[PostgresScene], None]:
    """The usual commands, while a session of the low role holds something."""

    def act(scene: PostgresScene) -> None:
        # What a prepared transaction is called belongs to the whole server.
        named = [sql.replace("{name}", scene.name) for sql in statements]
        with held(scene, *named, application=application):
            for words in roles_trial.SMALL_LATER:
                scene.run(*words)
        if finish:
            scene.low(finish.replace("{name}", scene.name))

    return act


def prepared(scene: PostgresScene) -> bool:
    return scene.admin("SHOW max_prepared_transactions") != [("0",)]


def ways() -> Iterable[PostgresWay]:
    """What happens while a command runs."""
    nothing = ""
    yield Way("tables with triggers that are committed while up waits", Expect.FAILS, nothing, act=committed_late, core=True)
    for what, change in [("a view", VIEW), ("a table with a policy", POLICY)]:
        for words in [("status",), ("wait", "--for", "1", "--timeout", "2s"), ("health",), ("push",)]:
            yield Way(
                f"its tables become {what} while {words[0]} waits",
                Expect.FAILS,
                nothing,
                act=swapped(change, words),
                core=words == ("status",) and change == VIEW,
            )
    yield Way("a view that comes and goes while commands look", Expect.FAILS, nothing, act=appears)
    for table, what in [(LEDGER, "ledger"), (JOURNAL, "journal")]:
        yield Way(
            f"a trigger on the {what} while a migration runs",
            Expect.FAILS,
            nothing,
            True,
            act=meanwhile(f"CREATE TRIGGER t BEFORE INSERT OR UPDATE OR DELETE ON public.{table} EXECUTE FUNCTION low.fire()", ("up",)),
            core=table == JOURNAL,
        )
    yield Way(
        "a foreign key to the ledger while a migration is reverted",
        Expect.FAILS,
        nothing,
        True,
        act=meanwhile(
            f"CREATE TABLE low.f (v varchar(255) REFERENCES public.{LEDGER} ON DELETE CASCADE); INSERT INTO low.f SELECT version FROM public.{LEDGER}; "
            "CREATE TRIGGER a AFTER DELETE ON low.f FOR EACH ROW EXECUTE FUNCTION low.fire()",
            ("down", "--yes"),
        ),
        core=True,
    )
    yield Way("triggers as soon as the first run has made its tables", Expect.FAILS, nothing, act=at_once, core=True)
    yield Way("our advisory lock", Expect.LOCKED, nothing, True, act=holding(f"SELECT pg_advisory_lock({LOCK})"), core=True)
    yield Way(
        "our advisory lock, as migrascope",
        Expect.LOCKED,
        nothing,
        True,
        act=holding(f"SELECT pg_advisory_lock({LOCK})", application="migrascope/01890000-0000-7000-8000-000000000000"),
    )
    yield Way(
        "our advisory lock, by a prepared transaction",
        Expect.LOCKED,
        nothing,
        True,
        possible=prepared,
        act=holding(
            f"BEGIN; SELECT pg_advisory_xact_lock({LOCK}); INSERT INTO public.a VALUES (1); " "PREPARE TRANSACTION '{name}'",
            finish="ROLLBACK PREPARED '{name}'",
        ),
    )
    yield Way("the lock of the session that works", Expect.FAILS, nothing, True, act=holding(f"SELECT pg_advisory_lock({WORK})"))
    yield Way(
        "a lock on the history tables",
        Expect.FAILS,
        nothing,
        True,
        act=holding(f"BEGIN; LOCK TABLE public.{LEDGER}, public.{JOURNAL} IN ACCESS EXCLUSIVE MODE"),
        possible=lambda s: s.version >= 17,
    )
    yield Way(
        "temporary tables named as ours",
        Expect.FAILS,
        nothing,
        True,
        act=holding(f"CREATE TEMP TABLE {LEDGER} (version text); CREATE TEMP TABLE {JOURNAL} (id text)"),
    )
    yield Way("a blocker whose name and statement have escapes", Expect.FAILS, nothing, True, act=blocker)


def blocker(scene: PostgresScene) -> None:
    scene.run("up")
    with held(scene, "BEGIN; SELECT * FROM public.a /* \x1b[31m\u202e\n  error: all is well */", application="\x1b[2J"):
        scene.run("down", "--yes", "--steps", "3")
