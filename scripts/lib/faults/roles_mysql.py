"""MariaDB and MySQL for scripts/try-roles: what a low role tries there."""

import contextlib
import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator

import roles_trial
from roles_mysql_scene import END, MysqlScene, run
from roles_trial import JOURNAL, LEDGER, Denied, Expect, Way, Words, until


def planted(table: str = LEDGER, **changes: str) -> str:
    """SQL for a table of the low role in the place of one of ours, with other definitions for some columns."""
    text = MysqlScene.shapes[table]
    more, engine = changes.pop("more", ""), changes.pop("engine", "")
    for column, definition in changes.items():
        text = re.sub(rf"`{column}` [^\n]*,\n", f"`{column}` {definition},\n", text)
    text = text.replace("\n)", f"{more}\n)", 1)
    return re.sub(r"ENGINE=\w+", engine, text) if engine else text


MysqlWay = Way[MysqlScene]
R, H, F = Expect.REFUSED, Expect.HARMLESS, Expect.FAILS
NOT_ORDINARY = "not an ordinary table"


def both(sql: str, **changes: str) -> Callable[[MysqlScene], None]:
    """Plants ledger and journal, and runs SQL for each, with its name for `{}`."""

    def plant(scene: MysqlScene) -> None:
        for number, table in enumerate((LEDGER, JOURNAL)):
            scene.low(planted(table, **changes) + END + sql.replace("{}", table).replace("{n}", str(number)).replace("{own}", scene.own))

    return plant


def view(security: str) -> Callable[[MysqlScene], None]:
    def plant(scene: MysqlScene) -> None:
        columns = ", ".join(f"'1' AS {name}" for name in re.findall(r"\n *`(\w+)`", scene.shapes[LEDGER]))
        scene.low(f"CREATE SQL SECURITY {security} VIEW {LEDGER} AS SELECT {columns} FROM (SELECT 1) x WHERE {scene.name}.spy() = 1")

    return plant


def with_engine(name: str) -> Callable[[MysqlScene], bool]:
    return lambda scene: bool(
        scene.admin(f"SELECT 1 FROM information_schema.ENGINES WHERE ENGINE = '{name}' AND SUPPORT IN ('YES', 'DEFAULT')")
    )


def merged(scene: MysqlScene) -> None:
    """A ledger whose rows are those of a table that the low role may change."""
    kept = planted(version="varchar(200) NOT NULL", engine="ENGINE=MyISAM").replace(f"`{LEDGER}`", f"{scene.own}.kept")
    scene.low(
        kept + END + planted(version="varchar(200) NOT NULL", engine=f"ENGINE=MRG_MyISAM UNION=({scene.own}.kept) INSERT_METHOD=LAST")
    )


def ignored(_: object) -> None:
    """For a lambda whose answer is of no use."""


def suffix() -> str:
    """Engine and character set of our tables, which a column needs that refers to one of theirs."""
    return re.sub(r".*\n\)", "", MysqlScene.shapes[LEDGER], flags=re.S)


def cascades(scene: MysqlScene) -> None:
    """A ledger whose rows go with those of a table of the low role's."""
    scene.low(
        f"CREATE TABLE {scene.own}.f (v varchar(255) PRIMARY KEY) {suffix()}{END}INSERT INTO {scene.own}.f VALUES ('1'), ('2'), ('3'){END}"
        + planted(more=f", FOREIGN KEY (version) REFERENCES {scene.own}.f (v) ON DELETE CASCADE ON UPDATE CASCADE")
    )


def is_mariadb(scene: MysqlScene) -> bool:
    return "MariaDB" in str(scene.admin("SELECT VERSION()"))


def referring(database: str) -> Callable[[MysqlScene], None]:
    """A table with a trigger whose rows go with those of the ledger; filled where the low role may write to it."""

    def plant(scene: MysqlScene) -> None:
        home = database.format(name=scene.name, own=scene.own)
        scene.low(
            f"CREATE TABLE {home}.f (v varchar(255), FOREIGN KEY (v) REFERENCES {scene.name}.{LEDGER} (version) ON DELETE CASCADE) {suffix()}{END}"
            f"CREATE TRIGGER {home}.t BEFORE DELETE ON {home}.f FOR EACH ROW SET @x = {scene.name}.spy()"
        )
        if home == scene.own:  # in the other one it may make tables, and write nothing to them
            scene.low(f"INSERT INTO {home}.f SELECT version FROM {scene.name}.{LEDGER}")

    return plant


def shadows(scene: MysqlScene) -> None:
    """Functions named as those that our statements call."""
    for name in scene.called:
        if name != "spy":
            with contextlib.suppress(Denied):  # some names no function may have
                scene.low(f"CREATE FUNCTION `{name}`() RETURNS INT MODIFIES SQL DATA SQL SECURITY INVOKER RETURN {scene.name}.spy()")


def each(*statements: str) -> Callable[[MysqlScene], None]:
    """The server must refuse every one of them."""

    def plant(scene: MysqlScene) -> None:
        for sql in statements:
            with contextlib.suppress(Denied):
                scene.low(sql.format(low=scene.low_role, migrator=scene.migrator, database=scene.name))
                raise RuntimeError(f"the server lets a low role do this: {sql}")
        raise Denied(f"all {len(statements)} of them")

    return plant


def lock(scene: MysqlScene, word: str) -> str:
    """The name of a lock of ours."""
    of = f"{scene.name}\0`{scene.name}`.`{LEDGER}`"
    return f"{word}:{hashlib.sha256(of.encode()).digest()[:16].hex()}"


def holding(
    sql: str, commands: Iterable[Words] = roles_trial.SMALL_LATER, ahead: tuple[Words, ...] = (), finish: str = ""
) -> Callable[[MysqlScene], None]:
    """Commands, while a session of the low role holds something."""

    def act(scene: MysqlScene) -> None:
        for words in ahead:
            scene.run(*words)
        with contextlib.closing(scene.low_session()) as session:
            run(session, sql.format(lock=lock(scene, "migrascope"), work=lock(scene, "migrascope-work"), name=scene.name))
            for words in commands:
                scene.run(*words)
            if finish:
                run(session, finish.format(name=scene.name))

    return act


def meanwhile(sql: str) -> Callable[[MysqlScene], None]:
    """While a migration runs, behind the look at what hangs on the tables."""

    def act(scene: MysqlScene) -> None:
        scene.write("2_b", "CREATE TABLE {}b (i INTEGER);\nSELECT SLEEP(1.5)", "DROP TABLE {}b")
        process = scene.start("up")
        asleep = f"SELECT 1 FROM information_schema.PROCESSLIST WHERE USER = '{scene.migrator}' AND INFO LIKE '%SLEEP(1.5)%' AND DB = '{scene.name}'"
        until(lambda: bool(scene.admin(asleep)) or process.poll() is not None)
        scene.low(sql)
        scene.finish(("up",), process)
        scene.run("up")

    return act


@contextlib.contextmanager
def toggled(scene: MysqlScene) -> Iterator[None]:
    stop = threading.Event()
    make = f"CREATE SQL SECURITY INVOKER VIEW {LEDGER} AS SELECT '1' AS version, 'a' AS name, '' AS checksum, '' AS token_checksum FROM (SELECT 1) x WHERE {scene.name}.spy() = 1"

    def toggle() -> None:
        with contextlib.closing(scene.low_session()) as session:
            while not stop.is_set():
                run(session, make + END + f"DROP VIEW {LEDGER}")

    thread = threading.Thread(target=toggle)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def appears(scene: MysqlScene) -> None:
    """A view that comes and goes where there is no history, while commands look."""
    scene.admin(f"GRANT CREATE, DROP ON {LEDGER} TO {scene.low_role}")
    with toggled(scene):
        for _ in range(10):
            scene.run("wait", "--for", "1", "--timeout", "1s")
            scene.run("status")


def ways() -> Iterable[MysqlWay]:
    """Everything; our tables' columns must be known."""
    yield Way("an empty history of its own making", H, both(""))
    yield Way("a history with rows", Expect.DENIED, lambda s: ignored(s.low(planted() + " SELECT '1' AS version")))
    for event in ("INSERT", "UPDATE", "DELETE"):
        yield Way(
            f"a history with a trigger on {event}",
            R,
            both(f"CREATE TRIGGER t{{n}} BEFORE {event} ON {{}} FOR EACH ROW SET @x = spy()"),
            says="trigger",
            core=event == "INSERT",
        )
    for security in ("INVOKER", "DEFINER"):
        yield Way(
            f"a view in its place, with the rights of the {security.lower()}",
            R,
            view(security),
            says=NOT_ORDINARY,
            core=security == "INVOKER",
        )
    yield Way(
        "a sequence of its name",
        R,
        f"CREATE SEQUENCE {LEDGER}",
        says=NOT_ORDINARY,
        possible=is_mariadb,
    )
    yield Way("a merged table in its place", R, merged, says=NOT_ORDINARY, possible=with_engine("MRG_MYISAM"), core=True)
    yield Way(
        "a table that forgets in its place",
        R,
        lambda s: ignored(s.low(planted(engine="ENGINE=BLACKHOLE"))),
        says=NOT_ORDINARY,
        possible=with_engine("BLACKHOLE"),
    )
    yield Way(
        "a table in memory in its place",
        R,
        lambda s: ignored(s.low(planted(engine="ENGINE=MEMORY"))),
        says=NOT_ORDINARY,
        possible=with_engine("MEMORY"),
    )
    yield Way(
        "a table of another server in its place",
        R,
        lambda s: ignored(s.low(planted(engine="ENGINE=FEDERATED") + " CONNECTION='mysql://u@127.0.0.1:1/d/t'")),
        says=NOT_ORDINARY,
        possible=with_engine("FEDERATED"),
    )
    yield Way("a history with a foreign key that cascades", R, cascades, says="foreign key", core=True)
    yield Way(
        "a history with a generated column",
        R,
        both("", more=", `more` varchar(10) GENERATED ALWAYS AS (upper(left(`name`, 1))) STORED"),
        says="more",
    )
    yield Way("a history with a default", R, both("", run_id="varchar(36) NOT NULL DEFAULT 'x'"), says="run_id", core=True)
    yield Way(
        "a history with a column that changes by itself",
        R,
        lambda s: ignored(s.low(planted(applied_at="datetime(6) NOT NULL DEFAULT '2000-01-01' ON UPDATE current_timestamp(6)"))),
        says="applied_at",
    )
    yield Way("a history with a check", R, lambda s: ignored(s.low(planted(more=", CHECK (version <> '2')"))), says="check")
    yield Way("a history with short columns", F, lambda s: ignored(s.low(planted(checksum="varchar(3) NOT NULL"))))
    for later in (False, True):
        when = "" if not later else ", behind the first run"
        yield Way("functions named as those that we call" + when, H, shadows, later, core=later)
        yield Way(
            "tables and views of our names in its own database" + when,
            H,
            lambda s: ignored(
                s.low(
                    f"CREATE VIEW {s.own}.{LEDGER} AS SELECT {s.name}.spy() AS version{END}CREATE VIEW {s.own}.{JOURNAL} AS SELECT {s.name}.spy() AS id"
                )
            ),
            later,
        )
        yield Way(
            "events" + when,
            H,
            f"CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO SELECT spy(){END}CREATE EVENT f ON SCHEDULE EVERY 1 SECOND DO DELETE FROM {LEDGER}",
            later,
        )
    for table in (LEDGER, JOURNAL):
        what = "ledger" if table == LEDGER else "journal"
        yield Way(
            f"a trigger by the right to make one, on the {what}",
            R,
            f"CREATE TRIGGER t BEFORE INSERT ON {table} FOR EACH ROW SET @x = spy()",
            True,
            "trigger",
            core=table == JOURNAL,
        )
        yield Way(
            f"a trigger on the {what} while a migration runs",
            F,
            "",
            True,
            act=meanwhile(f"CREATE TRIGGER t BEFORE INSERT ON {table} FOR EACH ROW SET @x = spy()"),
        )
        yield Way(
            f"a trigger that changes rows of the {what} while a migration runs",
            F,
            "",
            True,
            act=meanwhile(f"CREATE TRIGGER t BEFORE INSERT ON {table} FOR EACH ROW SET NEW.version = '99'"),
        )
    # From 9.6 on a cascade of MySQL fires triggers; MariaDB's never does.
    yield Way("a foreign key to the ledger that cascades", R, referring("{name}"), True, "foreign key", possible=lambda s: not is_mariadb(s))
    yield Way("a foreign key to the ledger that cascades, of MariaDB", H, referring("{name}"), True, possible=is_mariadb)
    # Who has no right to its database is not shown it.
    yield Way("a foreign key to the ledger that cascades, in its own database", F, referring("{own}"), True)
    yield Way("triggers on the application's tables", H, "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @x = spy()", True)
    yield Way("our named lock", Expect.LOCKED, "", True, act=holding("SELECT GET_LOCK('{lock}', 0)"), core=True)
    yield Way("the lock of the session that works", F, "", True, act=holding("SELECT GET_LOCK('{work}', 0)"))
    for mode in ("READ", "WRITE"):
        yield Way(f"a lock on the history tables, {mode}", F, "", True, act=holding(f"LOCK TABLES {LEDGER} {mode}, {JOURNAL} {mode}"))
    yield Way(
        "temporary tables named as ours",
        F,
        "",
        True,
        act=holding(f"CREATE TEMPORARY TABLE {LEDGER} (version text){END}CREATE TEMPORARY TABLE {JOURNAL} (id text)"),
    )
    yield Way(
        "a prepared transaction",
        F,
        "",
        True,
        act=holding(
            f"XA START '{{name}}'{END}INSERT INTO a VALUES (1){END}XA END '{{name}}'{END}XA PREPARE '{{name}}'",
            [("down", "--yes", "--steps", "3")],
            (("up",),),
            "XA ROLLBACK '{name}'",
        ),
    )
    yield Way(
        "a blocker whose statement has escapes",
        F,
        "",
        True,
        act=holding(
            f"START TRANSACTION{END}SELECT * FROM a /* \x1b[31m\u202e\n  error: all is well */",
            [("down", "--yes", "--steps", "3")],
            (("up",),),
        ),
    )
    yield Way(
        "tables with escapes in their names and comments", F, "CREATE TABLE `\x1b[31m\u202e--` (i int COMMENT '\x1b[2J') COMMENT '\x1b[2J'"
    )
    yield Way("a view that comes and goes while commands look", F, "", act=appears)
    yield Way(
        "what only others may do",
        Expect.DENIED,
        each(
            "SET GLOBAL init_connect = 'SELECT 1'",
            "SET GLOBAL sql_mode = 'ANSI'",
            "SET GLOBAL event_scheduler = OFF",
            "SET PASSWORD FOR {migrator} = 'x'",
            "CREATE DEFINER={migrator} FUNCTION f() RETURNS INT RETURN 1",
            "CREATE DEFINER={migrator} VIEW v AS SELECT 1",
            f"INSERT INTO {LEDGER} SELECT * FROM {LEDGER}",
            f"DELETE FROM {JOURNAL}",
            f"UPDATE {LEDGER} SET name = 'x'",
            f"ALTER TABLE {LEDGER} ADD x INT",
            f"DROP TABLE {JOURNAL}",
            f"RENAME TABLE {LEDGER} TO x",
            f"TRUNCATE {JOURNAL}",
            f"CREATE INDEX i ON {LEDGER} (name)",
            "GRANT ALL ON {database}.* TO {low}",
            "CREATE USER x",
            "INSTALL SONAME 'ha_connect'",
            "CREATE FUNCTION f RETURNS STRING SONAME 'x.so'",
            "ALTER DATABASE {database} CHARACTER SET latin1",
            f"CREATE OR REPLACE TABLE {LEDGER} (i INT)",
            f"CREATE OR REPLACE VIEW {LEDGER} AS SELECT 1",
        ),
        True,
        core=True,
    )
