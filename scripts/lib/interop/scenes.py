"""What each cell of the matrix tries. A scene returns a word for the cell, or fails with `Wrong` or `Absent`."""

import difflib
import time
from collections.abc import Callable, Mapping

from dump import dump
from habits import ACCEPTS, APPLIES, DELIBERATE, HOLD, REFUSES, SKIPS
from pair import REASON, Absent, Pair, Wrong, last_line
from tool import NOT_THERE

OK = "ok"
LOCKED, REFUSED = 7, 4
PATIENCE = 60
# How much of what a tool says when it gives up is shown.
GIVES_UP = 600


def continued(pair: Pair) -> str:
    """The tool begins, migrascope goes on, and the tool after it."""
    pair.fresh()
    pair.files(1, 3)
    pair.tool_up()
    pair.ours_sees(3, 0)
    pair.files(4, 6)
    pair.ours_sees(3, 3)
    pair.ours_ends(0, "up")
    pair.tool_sees(6)
    pair.files(7, 7)
    pair.tool_up()
    pair.ours_sees(7, 0)
    pair.ours_ends(0, "verify")
    pair.has_tables(range(1, 8))
    return OK


def begun(pair: Pair) -> str:
    """migrascope begins, the tool goes on, and migrascope after it."""
    pair.fresh()
    pair.files(1, 3)
    pair.ours_ends(0, "up")
    pair.tool_sees(3)
    pair.files(4, 5)
    pair.tool_up()
    pair.ours_sees(5, 0)
    pair.files(6, 6)
    pair.ours_ends(0, "up")
    pair.tool_sees(6)
    pair.has_tables(range(1, 7))
    return OK


def rows(pair: Pair) -> str:
    """What migrascope alone makes of the history table is what the tool alone makes of it, definition and rows."""
    pair.fresh()
    pair.files(1, 3)
    pair.tool_up()
    theirs = dump(pair.database, pair.history)
    pair.fresh()
    pair.files(1, 3)
    pair.ours_ends(0, "up")
    ours = dump(pair.database, pair.history)
    lines = [line for line in difflib.unified_diff(theirs, ours, pair.tool.name, "migrascope", lineterm="", n=0)
             if not line.startswith("@@")]
    pair.record += lines
    if lines:
        raise Wrong(f"the history tables differ in {len(lines) - 2} lines, the first: {lines[2]}")
    return OK


# --- what contradicts the history -----------------------------------------------------------------------------


def changed(pair: Pair) -> str:
    def begin() -> None:
        pair.files(1, 3)
        pair.tool_up()
        pair.must("edit", pair.directory, 2)
        pair.files(4, 4)

    return _compared(pair, "changed", begin, lambda tables: ACCEPTS if 4 in tables else REFUSES)


def missing(pair: Pair) -> str:
    def begin() -> None:
        pair.files(1, 3)
        pair.tool_up()
        pair.must("lose", pair.directory, 2)
        pair.files(4, 4)

    return _compared(pair, "missing", begin, lambda tables: ACCEPTS if 4 in tables else REFUSES)


def late(pair: Pair) -> str:
    def begin() -> None:
        pair.files(1, 2)
        pair.files(4, 4)
        pair.tool_up()
        pair.files(3, 3)
        pair.files(5, 5)

    def word(tables: list[int]) -> str:
        if 5 not in tables:
            return REFUSES
        return APPLIES if 3 in tables else SKIPS

    return _compared(pair, "late", begin, word)


def _compared(pair: Pair, scene: str, begin: Callable[[], None], word: Callable[[list[int]], str]) -> str:
    """Lets each of the two go on from the same beginning, and compares what they do with each other and with what is known."""
    done = []
    for run in (lambda: pair.call("up", pair.directory), lambda: pair.ours("up")):
        pair.fresh()
        begin()
        ended = run()
        verdict = word(pair.tables())
        if (verdict == REFUSES) == (ended.code == 0):
            raise Wrong(f"exit {ended.code}, but it {verdict}")
        done.append(verdict)
    theirs, ours = done
    expected = getattr(pair.habits, scene)
    if theirs != expected:
        raise Wrong(f"{pair.tool.name} {theirs}, where it is known that it {expected}; migrascope {ours}")
    if ours != DELIBERATE.get((pair.tool.name, scene), expected):
        raise Wrong(f"{pair.tool.name} {theirs}, migrascope {ours}")
    return theirs if ours == theirs else f"{theirs}, we: {ours}"


# --- failures -------------------------------------------------------------------------------------------------


def failed(pair: Pair) -> str:
    """The tool fails, migrascope sees its mark where there is one, settles it and goes on."""
    pair.fresh()
    pair.files(1, 2)
    pair.tool_up()
    pair.create_failing(3)
    if pair.call("up", pair.directory).code == 0:
        raise Wrong(f"{pair.tool.name} reports no failure")
    marked = pair.database.kind in pair.habits.mark
    if marked:
        _settle(pair)
    else:
        pair.ours_sees(2, 1)
    pair.correct(3)
    pair.ours_ends(0, "up")
    pair.tool_sees(3)
    pair.has_tables(range(1, 4))
    return "marked" if marked else OK


def failed_here(pair: Pair) -> str:
    """migrascope fails; where something is left, both must refuse by a mark that the tool has; then the tool goes on."""
    pair.fresh()
    pair.files(1, 2)
    pair.tool_up()
    pair.create_failing(3)
    if pair.ours("up").code == 0:
        raise Wrong("migrascope reports no failure")
    left = pair.database.kind == "mariadb"
    marked = left and pair.database.kind in pair.habits.mark
    if marked and pair.call("up", pair.directory).code == 0:
        raise Wrong(f"{pair.tool.name} does not refuse what migrascope left half-way")
    if left:
        _settle(pair)
    pair.has_tables(range(1, 3))
    pair.correct(3)
    pair.tool_up()
    pair.ours_sees(3, 0)
    pair.ours_ends(0, "verify")
    pair.tool_sees(3)
    return "marked" if marked else OK


def _settle(pair: Pair) -> None:
    """migrascope refuses by name; what is left is undone by hand, and that is recorded."""
    version = pair.half_way()
    refused = pair.ours_ends(REFUSED, "up")
    # Leading zeros are a matter of the file name.
    if version.lstrip("0") not in refused.complaints:
        raise Wrong(f"the refusal does not name {version}: {refused.complaints}")
    pair.drop(3)
    pair.ours_ends(0, "repair", "--mark-reverted", version, *REASON)
    pair.ours_sees(2, 1)


# --- the way back ---------------------------------------------------------------------------------------------


def down(pair: Pair) -> str:
    """Each reverts what the other applied."""
    pair.fresh()
    pair.files(1, 3)
    pair.ours_ends(0, "up")
    called = pair.call("down", pair.directory)
    if called.code == NOT_THERE:
        raise Absent(f"{pair.tool.name} reverts nothing")
    if called.code:
        raise Wrong(f"{pair.tool.name} down: {last_line(called.said)}")
    pair.has_tables(range(1, 3))
    pair.ours_sees(2, 1)
    pair.tool_up()
    pair.ours_ends(0, "down")
    pair.has_tables(range(1, 3))
    pair.tool_up()
    pair.tool_sees(3)
    pair.ours_sees(3, 0)
    return OK


# --- the lock -------------------------------------------------------------------------------------------------

_SLOW = {
    "postgres": "CREATE TABLE t3 AS SELECT 1 AS id FROM pg_sleep({seconds})",
    "mariadb": "CREATE TABLE t3 AS SELECT SLEEP({seconds}) AS id",
}
_RUNNING = {
    "postgres": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "
                "AND query LIKE '%pg_sleep(%' AND pid <> pg_backend_pid()",
    "mariadb": "SELECT count(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND STATE = 'User sleep'",
}


def lock(pair: Pair) -> str:
    """While one works, the other does not: migrascope ends with exit 7 and names the holder, the tool waits or gives up."""
    if pair.database.kind not in pair.habits.lock:
        raise Absent(f"{pair.tool.name} takes no lock")
    seconds = HOLD.get(pair.tool.name, 5)
    _begin_slow(pair, 5)
    theirs = pair.tool_start()
    try:
        _until_slow(pair)
        held = pair.ours_ends(LOCKED, "up", "--lock-wait", "0")
        if theirs.poll() is not None:
            raise Wrong(f"{pair.tool.name} had ended when migrascope was refused")
        if not any(word in held.complaints for word in ("held by", "holds", "process", "session")):
            raise Wrong(f"the refusal names no holder: {held.complaints}")
    finally:
        theirs.communicate(timeout=PATIENCE)
    pair.ours_sees(3, 0)

    _begin_slow(pair, seconds)
    ours = pair.ours_start("up")
    try:
        _until_slow(pair)
        called = pair.call("up", pair.directory)
        # A tool that gives up may do so before we are done; one that goes on must not.
        early = ours.process.poll() is None
    finally:
        ended = ours.wait()
    if ended.code:
        raise Wrong(f"migrascope fails while {pair.tool.name} waits: {ended.complaints}")
    if called.code == 0 and early:
        raise Wrong(f"{pair.tool.name} went on while migrascope worked")
    pair.tool_sees(3)
    if called.code:
        print(f"{pair.tool.name}, {pair.database.kind}: gives up while migrascope works: {called.said[:GIVES_UP]}", flush=True)
    return OK if called.code == 0 else "ok, gives up"


def _begin_slow(pair: Pair, seconds: int) -> None:
    pair.fresh()
    pair.files(1, 2)
    pair.tool_up()
    pair.files(3, 3)
    pair.replace(3, _SLOW[pair.database.kind].format(seconds=seconds))


def _until_slow(pair: Pair) -> None:
    end = time.monotonic() + PATIENCE
    while not pair.database.rows(_RUNNING[pair.database.kind])[0][0]:
        if time.monotonic() > end:
            raise Wrong("the slow statement does not begin")
        time.sleep(0.05)


SCENES: Mapping[str, Callable[[Pair], str]] = {
    "continued": continued, "begun": begun, "rows": rows, "changed": changed, "missing": missing, "late": late,
    "tool fails": failed, "we fail": failed_here, "down": down, "lock": lock,
}
