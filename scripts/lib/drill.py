"""The faults of scripts/drill-alerts, and what becomes known of them."""

import argparse
import contextlib
import dataclasses
import http.server
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator

# The longest wait: a run that was killed and had pushed its figures is missed after 120 s.
PATIENCE = 200
MENDED = 60
SLEEP = "SELECT pg_sleep(600);"


def given_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ["binary", "database", "work", "pushgateway", "prometheus", "hook-port", "shorten"]:
        parser.add_argument(f"--{name}", required=True)
    return parser.parse_args()


class Database:
    """A database, its migrations, and the program that applies them."""

    def __init__(self, given: argparse.Namespace, name: str, served: bool = True):
        self.given, self.name, self.served = given, name, served
        self.server = given.database.rsplit("/", 1)[0]
        self.url = f"{self.server}/{name}"
        self.directory = pathlib.Path(given.work, name)
        self.directory.mkdir(exist_ok=True)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "MIGRASCOPE_"))}
        if name != "healthy":
            self.sql(f"CREATE DATABASE {name}", url=given.database)
        if served and name != "healthy":
            with pathlib.Path(given.work, "targets.toml").open("a", encoding="utf-8") as file:
                file.write(f'[{name}]\ndatabase-url = "{self.url}"\ndir = "{name}"\n')

    def write(self, version: int, *statements: str) -> None:
        text = "".join(f"{statement}\n" for statement in statements)
        pathlib.Path(self.directory, f"{version:03}_step.sql").write_text(text, encoding="utf-8")

    def start(self, *words: str, url: str = "") -> subprocess.Popen[str]:
        return self.command("up", *words, url=url)

    def command(self, *words: str, url: str = "") -> subprocess.Popen[str]:
        words = (self.given.binary, *words, "--dir", str(self.directory), "--target", self.name)
        if not self.served:
            words += ("--push-url", self.given.pushgateway)
        return subprocess.Popen(words, env={**self.environment, "DATABASE_URL": url or self.url}, cwd=self.given.work,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def up(self, expected: int, *words: str, url: str = "") -> None:
        self.expect(self.start(*words, url=url), expected)

    def expect(self, process: subprocess.Popen[str], expected: int) -> None:
        _, said = process.communicate(timeout=60)
        if process.returncode != expected:
            sys.exit(f"{self.name}: exit code {process.returncode} instead of {expected}:\n{said}")

    def sql(self, *statements: str, url: str = "") -> str:
        words = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", url or self.url]
        words += [word for statement in statements for word in ("-c", statement)]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()

    def session(self, *statements: str) -> subprocess.Popen[str]:
        """A client that stays until its input ends."""
        process = subprocess.Popen(["psql", "-XAtq", self.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin and process.stdout
        process.stdin.write("".join(f"{statement};\n" for statement in (*statements, "SELECT 'ready'")))
        process.stdin.flush()
        while process.stdout.readline().strip() != "ready":
            pass
        return process

    def kill_during(self, version: int) -> None:
        """Starts a run, and kills it when its last migration is at work."""
        self.write(version, SLEEP)
        run = self.start()
        sleeping = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
        until(f"{self.name} is at work", lambda: run.poll() is not None or self.sql(sleeping))
        if run.poll() is not None:
            sys.exit(f"{self.name}: exit code {run.returncode} instead of going on:\n{run.communicate()[1]}")
        if not self.served:
            time.sleep(1)  # what is pushed when the first migration begins is under way
        run.send_signal(signal.SIGKILL)
        run.wait()


@dataclasses.dataclass
class Fault:
    """What is done to a database, what must be heard of it, and how it is undone."""

    title: str
    database: Database
    alerts: list[str]
    inflict: Callable[[], object]
    mend: Callable[[], object] | None
    # What fires in Prometheus and is kept from everybody by the inhibitions of dashboards/alertmanager.yml.
    inhibited: list[str] = dataclasses.field(default_factory=list)
    inflicted: float = 0.0
    mended: float = 0.0


def until(what: str, holds: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            sys.exit(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.1)


class Watch:
    """When each alert began and ended, in Prometheus and at the webhook, by alert and database."""

    def __init__(self, given: argparse.Namespace):
        self.url = f"{given.prometheus}/api/v1/alerts"
        self.fired: dict[tuple[str, str], float] = {}
        self.heard: dict[tuple[str, str], float] = {}
        self.ended: dict[tuple[str, str], float] = {}
        self.firing: set[tuple[str, str]] = set()
        self.texts: dict[tuple[str, str], str] = {}
        self.receivers: dict[tuple[str, str], str] = {}
        watch = self

        class Hook(http.server.BaseHTTPRequestHandler):
            """What Alertmanager calls."""

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                for alert in body["alerts"]:
                    watch.notified(alert, self.path)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", int(given.hook_port)), Hook)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        threading.Thread(target=self.look, daemon=True).start()

    def notified(self, alert: dict, path: str) -> None:
        key = identity(alert)
        if alert["status"] == "firing":
            self.heard.setdefault(key, time.monotonic())
            self.ended.pop(key, None)
            self.texts[key] = alert["annotations"]["description"]
            self.receivers[key] = path.strip("/")
        else:
            self.ended[key] = time.monotonic()

    def look(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                with urllib.request.urlopen(self.url, timeout=5) as answer:
                    alerts = json.load(answer)["data"]["alerts"]
                self.firing = {identity(alert) for alert in alerts if alert["state"] == "firing"}
                for key in self.firing:
                    self.fired.setdefault(key, time.monotonic())
            time.sleep(0.1)


def identity(alert: dict) -> tuple[str, str]:
    labels = alert["labels"]
    return labels["alertname"], labels.get("migrascope_target", "")


def hold_lock(database: Database) -> Callable[[], object]:
    """A session that has all locks that a run has, though it is none."""
    gate = database.session("BEGIN", "LOCK TABLE t1")
    database.write(2, "SELECT count(*) FROM t1;")
    run = database.start("--lock-timeout", "0")
    key = "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND database = " \
          "(SELECT oid FROM pg_database WHERE datname = current_database())"
    until("a run has the lock", lambda: database.sql(key))
    numbers = database.sql(key).split()
    gate.communicate(timeout=10)
    database.expect(run, 0)
    session = database.session(*(f"SELECT pg_advisory_lock({number})" for number in numbers))
    return lambda: session.communicate(timeout=10)


def held_table(database: Database) -> None:
    """A session that has a table until a migration has been tried five times in vain."""
    session = database.session("BEGIN", "SELECT * FROM t1")
    database.write(2, "ALTER TABLE t1 ADD COLUMN more int;")
    run = database.start("--lock-timeout", "200ms")
    assert run.stderr
    for line in run.stderr:
        if "attempt 6 of" in line:
            break
    session.communicate(timeout=10)
    run.communicate(timeout=60)
    if run.returncode:
        sys.exit(f"{database.name}: exit code {run.returncode}")


def faults(given: argparse.Namespace) -> Iterator[Fault]:
    """Each in a database of its own; the slowest first, so that the others happen meanwhile."""
    def one(name: str, served: bool = True, prepared: bool = True) -> Database:
        database = Database(given, name, served)
        database.write(1, "CREATE TABLE t1 (id int);")
        if prepared:
            database.up(0)
        return database

    def repaired(database: Database, version: int, *words: str) -> Callable[[], object]:
        def mend() -> None:
            database.write(version, "SELECT 1;")
            database.up(0, *words)
        return mend

    yield Fault("nothing", one("healthy"), [], lambda: None, None)

    pushed = one("killed_pushed", served=False)
    yield Fault("kill -9 of a run that pushes", pushed, ["MigrascopeRunVanished"],
                lambda: pushed.kill_during(2), repaired(pushed, 2))

    killed = one("killed")
    yield Fault("kill -9 of a run, with serve", killed, ["MigrascopeRunVanished"],
                lambda: killed.kill_during(2), repaired(killed, 2))

    failed = one("failed")

    def fail() -> None:
        failed.write(2, "SELECT 1/0;")
        failed.up(5)
    yield Fault("a migration fails", failed, ["MigrascopeMigrationFailed"], fail, repaired(failed, 2))

    first = one("first_ever", prepared=False)

    def fail_first() -> None:
        first.write(1, "SELECT 1/0;")
        first.up(5)
    yield Fault("the very first migration fails", first, ["MigrascopeMigrationFailed"], fail_first, repaired(first, 1))

    half = one("half_way")

    def leave_half_way() -> None:
        half.write(2, "INSERT INTO t1 VALUES (1), (1);", "CREATE UNIQUE INDEX CONCURRENTLY once ON t1 (id);")
        half.up(6)

    def settle() -> None:
        half.sql("DELETE FROM t1")
        half.expect(half.command("repair", "--resume", "2", "--reason", "the rows that stopped it are gone"), 0)
    yield Fault("a migration stops half-way", half, ["MigrascopeSchemaDirty"], leave_half_way, settle)

    locked = one("locked")
    release: list[Callable[[], object]] = [lambda: None]

    def lock() -> None:
        release[0] = hold_lock(locked)
        locked.write(3, "SELECT 1;")
        locked.up(7, "--lock-wait", "1s")

    def unlock() -> None:
        release[0]()
        locked.up(0)
    yield Fault("a session holds the lock", locked, ["MigrascopeLockNotObtained"], lock, unlock)

    waiting = one("pending")
    yield Fault("nobody applies a migration", waiting, ["MigrascopeMigrationsPending"],
                lambda: waiting.write(2, "SELECT 1;"), lambda: waiting.up(0))

    ill = one("unhealthy")

    def fall_ill() -> None:
        ill.write(2, "CREATE TABLE p (id int) PARTITION BY LIST (id);", "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);",
                  "CREATE INDEX p_id ON ONLY p (id);")
        ill.up(9)

    def recover() -> None:
        ill.write(3, "DROP INDEX p_id;")
        ill.up(0)
    yield Fault("a run leaves the database unhealthy", ill, ["MigrascopeHealthCheckFailed"], fall_ill, recover)

    changed = one("refused")

    def change() -> None:
        changed.write(1, "CREATE TABLE t1 (id bigint);")
        changed.write(2, "SELECT 1;")
        changed.up(4)

    def restore() -> None:
        changed.write(1, "CREATE TABLE t1 (id int);")
        changed.up(0)
    yield Fault("an applied file is changed, a run refused", changed, ["MigrascopeRunFailed"], change, restore,
                inhibited=["MigrascopeChecksumMismatch"])

    shut_out = one("shut_out", served=False, prepared=False)
    wrong = shut_out.url.replace("//postgres:", "//nobody:")
    yield Fault("the very first run cannot connect", shut_out, ["MigrascopeRunFailed"],
                lambda: shut_out.up(8, url=wrong), lambda: shut_out.up(0))

    closed = one("closed")

    def close() -> None:
        closed.sql("ALTER DATABASE closed ALLOW_CONNECTIONS false", url=given.database)
        closed.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'closed'", url=given.database)
    yield Fault("a database takes no connections", closed, ["MigrascopeDatabaseUnreachable"], close,
                lambda: closed.sql("ALTER DATABASE closed ALLOW_CONNECTIONS true", url=given.database))

    table = one("table_held")
    yield Fault("a session holds a table for 15 s", table, ["MigrascopeManyRetries"], lambda: held_table(table), None)


def seconds(moment: float | None, since: float) -> str:
    return "-" if moment is None else f"{max(0.0, moment - since):.1f} s"


def show(watch: Watch, all_faults: list[Fault]) -> None:
    print(f"{'fault':43}{'alert':31}{'receiver':10}{'fires':>9}{'notified':>10}{'mended to end':>15}")
    for fault in all_faults:
        if not fault.alerts:
            print(f"{fault.title:43}none")
        for alert in [*fault.alerts, *fault.inhibited]:
            key = alert, fault.database.name
            told = "inhibited" if alert in fault.inhibited else watch.receivers.get(key, "nobody")
            ended = "-" if fault.mend is None or alert in fault.inhibited else seconds(watch.ended.get(key), fault.mended)
            heard = "-" if alert in fault.inhibited else seconds(watch.heard.get(key), fault.inflicted)
            print(f"{fault.title:43}{alert:31}{told:10}{seconds(watch.fired.get(key), fault.inflicted):>9}"
                  f"{heard:>10}{ended:>15}")
    print("\nas they were told:")
    for (alert, target), text in sorted(watch.texts.items()):
        print(f"  {alert} ({target}): {text}")


def main() -> None:
    given = given_arguments()
    watch = Watch(given)
    all_faults = list(faults(given))
    time.sleep(8)  # serve has looked, and Prometheus has asked it more than once
    for fault in all_faults:
        if early := [alert for alert, target in watch.fired if target == fault.database.name]:
            sys.exit(f"{fault.database.name}: fired before anything happened: {early}")
        fault.inflict()
        fault.inflicted = time.monotonic()
    expected = {(alert, fault.database.name) for fault in all_faults for alert in fault.alerts}
    inhibited = {(alert, fault.database.name) for fault in all_faults for alert in fault.inhibited}
    with contextlib.suppress(SystemExit):
        until("all alerts are heard", lambda: expected <= watch.heard.keys() and inhibited <= watch.fired.keys(), PATIENCE)
    before_mending = set(watch.heard)
    for fault in all_faults:
        if fault.mend is not None:
            fault.mended = time.monotonic()
            fault.mend()
    lasting = {(alert, fault.database.name) for fault in all_faults if fault.mend is None for alert in fault.alerts}
    with contextlib.suppress(SystemExit):
        until("all alerts end", lambda: expected - lasting <= watch.ended.keys() and watch.firing <= lasting, MENDED)
    time.sleep(5)  # for what should not come
    show(watch, all_faults)

    objections = {
        "missing in Prometheus": (expected | inhibited) - watch.fired.keys(),
        "fired, though it should not": watch.fired.keys() - expected - inhibited,
        "not notified": expected - watch.heard.keys(),
        # An inhibition ends with the alert that it comes from, which may be a moment before the other one ends.
        "notified, though it should not be": (watch.heard.keys() - expected - inhibited) | (before_mending & inhibited),
        "did not end": (watch.firing | (expected - watch.ended.keys())) - lasting,
    }
    for what, keys in objections.items():
        for alert, target in sorted(keys):
            print(f"{what}: {alert} ({target})", file=sys.stderr)
    if any(objections.values()):
        sys.exit(1)


main()
