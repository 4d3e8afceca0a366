"""One attempt of a low role on one database, of scripts/try-roles: what it plants, the commands that run then, and how that is judged."""

import abc
import dataclasses
import enum
import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import measured

# A run that another session keeps from its tables tries again.
LIMIT = 120.0
LEDGER, JOURNAL = "_migrascope_migrations", "_migrascope_journal"
PASSWORD = "throwaway-s3cret"  # of the script that starts the servers
# Commands that need no more than SELECT.
READS = {"status", "plan", "verify", "wait", "push"}
REASON = ("--reason", "a trial")

Words = tuple[str, ...]
# In front of the first run, and behind it.
FIRST: list[Words] = [
    ("status",),
    ("plan",),
    ("verify",),
    ("wait", "--for", "1", "--timeout", "1s"),
    ("push",),
    ("health",),
    ("baseline", "1"),
    ("up",),
    ("status",),
    ("down", "--yes"),
    ("up",),
]
LATER: list[Words] = [
    ("status",),
    ("plan",),
    ("verify",),
    ("wait", "--for", "1", "--timeout", "1s"),
    ("push",),
    ("health",),
    ("up",),
    ("down", "--yes"),
    ("repair", "--mark-applied", "3", *REASON),
    ("repair", "--mark-reverted", "3", *REASON),
    ("exec", "--env", "development", "--", "true"),
    ("down", "--yes", "--steps", "2"),
    ("up",),
    ("status",),
]
SMALL_FIRST: list[Words] = [("status",), ("health",), ("up",), ("down", "--yes")]
SMALL_LATER: list[Words] = [("status",), ("health",), ("up",), ("down", "--yes"), ("repair", "--mark-applied", "3", *REASON)]


class Expect(enum.Enum):
    """What a way must come to."""

    # Every command does what it does without the way.
    HARMLESS = "harmless"
    # Every command refuses by name.
    REFUSED = "refused"
    # Every command that writes refuses by name; what only reads may read, and runs nothing.
    WRITES_REFUSED = "writes refused"
    # The lock is not to be had, and what only reads reads.
    LOCKED = "not locked"
    # Nothing runs and nothing is changed; commands may fail in any documented way.
    FAILS = "fails"
    # The server itself does not let the role do it.
    DENIED = "denied by server"


@dataclasses.dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    words: Words
    code: int
    said: str


# The rows of ledger and journal that a test compares; `None` where there is no table.
History = tuple[list[tuple[Any, ...]] | None, list[tuple[Any, ...]] | None]


class Scene(abc.ABC):
    """One database with a migrator and a low role."""

    kind: str
    url: str

    def __init__(self, binary: pathlib.Path, work: pathlib.Path, name: str, push_url: str) -> None:
        self.name = name
        self.ended: list[Ended] = []
        self._binary, self._push_url = binary, push_url
        self.folder = work / name / "migrations"
        self.folder.mkdir(parents=True)
        self.write("1_a", "CREATE TABLE {}a (i INTEGER)", "DROP TABLE {}a")
        self.write("2_b", "CREATE TABLE {}b (i INTEGER)", "DROP TABLE {}b")
        self.write("3_c", "-- migrascope: no-transaction\nCREATE TABLE {0}c (i INTEGER);\nINSERT INTO {0}c VALUES (1)", "DROP TABLE {}c")

    # Where scripts make their tables; a name without a schema is looked up in a path, and that is a script's own affair.
    schema = ""

    def write(self, name: str, up: str, down: str | None = None) -> None:
        """Writes a migration."""
        for path, text in [(f"{name}.sql", up), (f"{name}.down.sql", down)]:
            if text is not None:
                (self.folder / path).write_text(text.format(self.schema) + ";\n", encoding="utf-8")

    def _command(self, words: Words) -> tuple[list[str], dict[str, str]]:
        head = [str(self._binary), *words]
        options = ["--dir", str(self.folder), "--lock-wait", "1s", "--lock-timeout", "1s", "--retries", "3"]
        if "--" in words:
            at = head.index("--")
            head[at:at] = options
        else:
            head += options
        environment = {**measured.clean_environment(), "DATABASE_URL": self.url, "MIGRASCOPE_PUSH_URL": self._push_url}
        if words[0] != "push":
            del environment["MIGRASCOPE_PUSH_URL"]
        return head, environment

    def run(self, *words: str) -> Ended:
        """Runs a command to its end, as the migrator."""
        command, environment = self._command(words)
        ended = measured.run(command, environment, self.folder.parent, LIMIT)
        return self._note(words, ended.code, ended.out + ended.err)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Starts one that goes on while something else happens."""
        command, environment = self._command(words)
        return subprocess.Popen(
            command, env=environment, cwd=self.folder.parent, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def finish(self, words: Words, process: subprocess.Popen[bytes]) -> Ended:
        """Waits for it."""
        try:
            said, _ = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            said, _ = process.communicate()
        return self._note(words, process.returncode, said)

    def _note(self, words: Words, code: int, said: bytes) -> Ended:
        self.ended.append(Ended(words, code, said.decode(errors="surrogateescape")))
        return self.ended[-1]

    @abc.abstractmethod
    def low(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs statements as the low role."""

    @abc.abstractmethod
    def admin(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs statements as an administrator."""

    @abc.abstractmethod
    def by_hand(self) -> None:
        """The migrator calls the low role's function by hand."""

    @abc.abstractmethod
    def canaries(self) -> list[str]:
        """As whom code of the low role has run, the low role itself left out."""

    @abc.abstractmethod
    def grown(self) -> str:
        """What the low role may do by now that it might not do before."""

    @abc.abstractmethod
    def history(self) -> History:
        """Ledger and journal as they stand."""

    @abc.abstractmethod
    def give_rights(self) -> None:
        """Gives the low role, behind the first run, every right but those that write the history."""

    @abc.abstractmethod
    def learn(self) -> None:
        """Remembers what our tables look like, for those that are planted in their place."""

    @abc.abstractmethod
    def close(self) -> None:
        """Drops the database."""


S = TypeVar("S", bound=Scene)


@dataclasses.dataclass(frozen=True)
class Way(Generic[S]):
    """Something that the low role tries."""

    name: str
    expect: Expect
    # SQL of the low role, or what does it.
    plant: str | Callable[[S], None]
    # Whether the history is there already.
    later: bool = False
    # What the refusal has to say.
    says: str = ""
    # Instead of the usual commands; it sees to the plant itself.
    act: Callable[[S], None] | None = None
    # Whether the small form tries it, too: one of each kind.
    core: bool = False
    # Whether the server has what it needs.
    possible: Callable[[S], bool] = lambda _: True


@dataclasses.dataclass(frozen=True)
class Quiet:
    """How the usual commands end without any way."""

    codes: list[int]
    history: History


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What came of a way."""

    outcome: str
    # Why it counts as one that worked; empty where it did not.
    found: list[str]
    said: str
    commands: int
    transcript: str = ""


class Denied(Exception):
    """The server has refused what the low role tried."""


def commands(later: bool, small: bool) -> list[Words]:
    if small:
        return SMALL_LATER if later else SMALL_FIRST
    return LATER if later else FIRST


def quiet(scene: Scene, later: bool, small: bool) -> Quiet:
    """Runs the usual commands with nothing planted."""
    if later:
        begin(scene)
    codes = [scene.run(*words).code for words in commands(later, small)]
    if failed := [one for one in scene.ended if one.words[0] in {"up", "down", "repair"} and one.code]:
        raise RuntimeError(f"{failed[0].words} fails where nothing is planted: {failed[0].said}")
    return Quiet(codes, scene.history())


def begin(scene: Scene) -> None:
    first = scene.run("up", "--to", "1")
    if first.code != 0:
        raise RuntimeError(f"the first run failed: {first.said}")
    scene.give_rights()
    scene.ended.clear()


def control(scene: Scene) -> list[str]:
    """Whether the canary can be seen at all: the migrator calls the low role's function by hand."""
    scene.by_hand()
    return scene.canaries()


def attempt(scene: S, way: Way[S], still: dict[bool, Quiet], small: bool) -> Verdict:
    """Lets the low role try it, and judges."""
    if not way.possible(scene):
        return Verdict("not possible", [], "", 0)
    if way.later:
        begin(scene)
    try:
        before = scene.history()
        if way.act is not None:
            way.act(scene)
        else:
            if callable(way.plant):
                way.plant(scene)
            else:
                scene.low(way.plant)
            before = scene.history()
            if way.expect is not Expect.DENIED:
                for words in commands(way.later, small):
                    scene.run(*words)
    except Denied as error:
        found = [] if way.expect is Expect.DENIED else [f"the low role cannot even do it: {error}"]
        return Verdict("denied by server", found, str(error), len(scene.ended))
    found = list(_found(scene, way, before, still))
    said = next((one.said for one in scene.ended if one.words[0] in {"up", "status"} and one.code), "")
    outcome = way.expect.value if not found else "WORKED"
    if way.expect is Expect.DENIED:
        found.append("the server has let the low role do it")
    transcript = "\n".join(f"$ {' '.join(one.words)}: exit {one.code}\n{one.said}" for one in scene.ended)
    return Verdict(outcome, found, said, len(scene.ended), transcript)


def _found(scene: S, way: Way[S], before: History, still: dict[bool, Quiet]) -> Iterator[str]:
    yield from (f"code of the low role ran as {role}" for role in dict.fromkeys(scene.canaries()))
    if grown := scene.grown():
        yield grown
    for one in scene.ended:
        if measured.CONTROLS.search(one.said) or "panicked" in one.said or PASSWORD in one.said:
            yield f"{one.words[0]} shows control characters, a panic or the password"
        if one.code not in range(10):
            yield f"{' '.join(one.words)} ended with {one.code}"
    after = scene.history()
    usual = still[way.later]
    if way.expect is Expect.HARMLESS and way.act is None:
        yield from _differences(scene.ended, usual.codes)
        # A health check records what has changed since the last one, and a history that was there before the first run has that one, too.
        if without({"check"}, after) != without({"check"}, usual.history):
            yield f"the history differs: {after} instead of {usual.history}"
    elif way.expect in (Expect.REFUSED, Expect.WRITES_REFUSED, Expect.LOCKED):
        yield from (
            f"{' '.join(one.words)} ended with {one.code}" for one in scene.ended if one.code not in allowed(way.expect, one.words[0])
        )
        # A health check records itself, and so does a run that found the lock held.
        kinds = {"check", "run"} if way.expect is Expect.LOCKED else {"check"}
        if without(kinds, after) != without(kinds, before):
            yield f"the history has changed: {after} instead of {before}"
        texts = [one.said for one in scene.ended if one.words[0] not in READS]
        if way.says and texts and not any(way.says in text for text in texts):
            yield f"no refusal names {way.says!r}"


def without(kinds: set[str], history: History) -> History:
    """Without rows of these kinds in the journal."""
    ledger, journal = history
    return ledger, None if journal is None else [row for row in journal if row[0] not in kinds]


def allowed(expect: Expect, command: str) -> Sequence[int]:
    """The exit codes that a command may end with."""
    if expect is Expect.LOCKED:
        return (0, 3, 9) if command in READS | {"health"} else (7,)
    if command in READS and expect is Expect.WRITES_REFUSED:
        return (0, 3, 4)
    return (9,) if command == "health" else (4,)


def _differences(ended: Sequence[Ended], codes: Sequence[int]) -> Iterator[str]:
    for one, code in zip(ended, codes, strict=True):
        if one.code != code:
            yield f"{' '.join(one.words)} ended with {one.code} instead of {code}"


def until(holds: Callable[[], bool], seconds: float = 15.0) -> bool:
    """Waits until something is so; false where it never is."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
