"""What whoever is on call does after a fault: run again, settle what is refused, look at what there is then."""

import collections
import dataclasses

import migrations
import runner
from databases import Database, Row
from runner import Ended, Runner

STOPS = 5
# Everything is applied and recorded; a busy machine can be too slow for a check of its health.
UNHEALTHY = 9


class Unexplained(Exception):
    """A stop that the runner should not have made, or something untrue that it said."""


@dataclasses.dataclass
class Ending:
    """How it went until everything was applied, and what was found then."""

    refused: int = 0
    resumed: int = 0
    doubted: int = 0
    slowest: float = 0.0
    lock: float = 0.0
    lost: set[tuple[int, int]] = dataclasses.field(default_factory=set)
    repeated: set[tuple[int, int]] = dataclasses.field(default_factory=set)


def undisturbed(a_runner: Runner, database: Database, times: int) -> tuple[float, list[Row]]:
    """How long a run takes at least, and what it leaves."""
    taken = []
    for _ in range(times):
        database.fresh()
        ended = a_runner.run(database, "up")
        if ended.code not in (0, UNHEALTHY):
            raise Unexplained(f"undisturbed, {ended}")
        taken.append(ended.seconds)
    return min(taken), database.fingerprint()


def finish(a_runner: Runner, database: Database, good: list[Row], ending: Ending) -> None:
    """Runs to the end and compares with what an undisturbed run leaves."""
    for _ in range(STOPS):
        ended = a_runner.run(database, "up")
        ending.slowest = max(ending.slowest, ended.seconds)
        ending.lock = max(ending.lock, (ended.report.get("run") or {}).get("lock_waited_seconds") or 0.0)
        if ended.code in (0, UNHEALTHY):
            break
        if ended.code != 4:
            raise Unexplained(f"the next run said: {ended}")
        ending.refused += 1
        _resume(a_runner, database, ended, ending)
    else:
        raise Unexplained(f"still refused after {STOPS} settlements: {ended}")
    compare(database, good, ending)


def _resume(a_runner: Runner, database: Database, refused: Ended, ending: Ending) -> None:
    version, done = _is_true(database, refused)
    resumed = runner.resume(a_runner, database, refused)
    if resumed is not None and resumed.code == 4 and "--in-doubt did-not-run" in resumed.complaints:
        ending.doubted += 1
        ran = migrations.took_effect(database, version, done + 1)
        resumed = runner.resume(a_runner, database, refused, "--in-doubt", "ran" if ran else "did-not-run")
    if resumed is None or resumed.code != 0:
        raise Unexplained(f"repair said: {resumed}; it was advised by: {refused}")
    ending.resumed += 1


def _is_true(database: Database, refused: Ended) -> tuple[int, int]:
    """Compares how far the journal says that it came with the marks that are there; version and how far."""
    half_way = runner.journal(database, "version, statements_done, statements_total FROM JOURNAL WHERE half_way")
    if len(half_way) != 1:
        raise Unexplained(f"{len(half_way)} attempts are half-way: {refused}")
    version, done, total = (int(number) for number in half_way[0])
    rows = database.rows_if_table("marks", f"SELECT part FROM marks WHERE version = {version}")
    marks = {int(row[0]) for row in rows}
    for part, place in ((1, migrations.first_mark(version)), (2, total)):
        if (done >= place and part not in marks) or (done + 1 < place and part in marks):
            raise Unexplained(f"the journal says {done} of {total} statements of {version}, its marks are {marks}")
    return version, done


def compare(database: Database, good: list[Row], ending: Ending) -> None:
    """Looks whether everything is there, once, and as an undisturbed run leaves it."""
    found = collections.Counter((int(row[0]), int(row[1])) for row in database.rows("SELECT version, part FROM marks"))
    ending.lost = migrations.expected() - set(found)
    ending.repeated = {mark for mark, times in found.items() if times > 1}
    wrong = []
    if ending.lost or ending.repeated:
        wrong.append(f"lost {sorted(ending.lost)}, repeated {sorted(ending.repeated)}")
    elif database.fingerprint() != good:
        difference = set(good) ^ set(database.fingerprint())
        wrong.append(f"the schema differs from an undisturbed run's: {sorted(difference, key=str)}")
    if runner.ledger(database) != [str(version) for version in range(1, migrations.COUNT + 1)]:
        wrong.append(f"the ledger has {runner.ledger(database)}")
    # A run's own row may wait for the next run that takes the lock: figures count it as vanished until then.
    unfinished = "WHERE half_way OR (kind <> 'run' AND outcome = 'executing')"
    if left := runner.journal(database, f"kind, version, outcome, half_way FROM JOURNAL {unfinished}"):
        wrong.append(f"the journal has {left}")
    successes = runner.journal(database, "version, count(*) FROM JOURNAL WHERE kind = 'attempt' AND direction = 'up' "
                                         "AND outcome = 'success' GROUP BY version HAVING count(*) > 1")
    if successes:
        wrong.append(f"the journal has successes more than once: {successes}")
    if wrong:
        raise Unexplained("; ".join(wrong))
