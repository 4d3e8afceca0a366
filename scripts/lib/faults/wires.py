"""Runners whose wires to the server go wrong, of scripts/try-wires."""

import argparse
import dataclasses
import sys
import time

import given
import runner
import table
import wire
from databases import Database
from runner import Ended, Runner
from wire import Fault

LIMIT = 30.0
SLOW_LIMIT = 180.0
APPLIED, PENDING, ROLLED_BACK, HALF_WAY, NO_CONNECTION, UNHEALTHY = 0, 3, 5, 6, 8, 9
MUTE = Fault("mute", mute=True)
SLEEP = {"postgres": "SELECT pg_sleep(4);\n", "mariadb": "DO SLEEP(4);\n"}


@dataclasses.dataclass(frozen=True)
class Trial:
    """One command over one wire."""

    words: tuple[str, ...]
    fault: Fault
    codes: tuple[int, ...]
    full: bool = False

    @property
    def limit(self) -> float:
        return SLOW_LIMIT if self.fault.delay else LIMIT


BROKEN = (ROLLED_BACK, HALF_WAY, NO_CONNECTION)
TRIALS = [
    Trial(("up",), MUTE, (NO_CONNECTION,)),
    Trial(("status",), MUTE, (NO_CONNECTION,), full=True),
    Trial(("health",), MUTE, (NO_CONNECTION,), full=True),
    Trial(("wait", "--timeout", "0s"), MUTE, (NO_CONNECTION,), full=True),
    # The connection that works is the first; what it did is known all the same.
    Trial(("up",), Fault("hole after 2 s, connection 1", hole_after=2.0, only=1), (APPLIED, ROLLED_BACK, HALF_WAY)),
    Trial(("up",), Fault("hole after 2 s, connection 2", hole_after=2.0, only=2), BROKEN, full=True),
    Trial(("up",), Fault("hole after 2 s, all", hole_after=2.0), BROKEN, full=True),
    Trial(("up",), Fault("hole at once, all", hole_after=0.0), (NO_CONNECTION,), full=True),
    Trial(("status",), Fault("hole at once, all", hole_after=0.0), (NO_CONNECTION,), full=True),
    Trial(("health",), Fault("hole at once, all", hole_after=0.0), (NO_CONNECTION, UNHEALTHY), full=True),
    Trial(("wait", "--timeout", "0s"), Fault("answers 0.5 s late", delay=0.5), (PENDING,)),
    Trial(("up",), Fault("answers 1.5 s late", delay=1.5), (APPLIED,), full=True),
]


def said(ended: Ended) -> set[str]:
    """The versions that the report calls applied."""
    steps = (ended.report.get("run") or {}).get("steps", [])
    return {step["version"] for step in steps if step["outcome"] == "success"}


def untruth(database: Database, trial: Trial, ended: Ended) -> str | None:
    """What the runner says and the server does not; nothing where they agree."""
    applied = set(runner.ledger(database))
    if trial.words != ("up",):
        return None
    if said(ended) != applied and not (ended.code == HALF_WAY and said(ended) <= applied):
        return f"says {sorted(said(ended))}, the ledger {sorted(applied)}"
    if ended.code == APPLIED and applied != {"1", "2"}:
        return f"exit 0, and the ledger has {sorted(applied)}"
    return None


def go(wanted: argparse.Namespace, database: Database, trial: Trial) -> list[object]:
    directory = wanted.work / database.kind / "wires"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "1_t.sql").write_text("CREATE TABLE t (i INTEGER);\n", encoding="utf-8")
    sleep = SLEEP[database.kind] if trial.fault.hole_after else ""
    (directory / "2_row.sql").write_text(f"{sleep}INSERT INTO t VALUES (1);\n", encoding="utf-8")
    database.fresh()
    with wire.opened(wire.server_of(database.url), trial.fault) as opened:
        direct, database.url = database.url, wire.through(database.url, opened.port)
        begun = time.monotonic()
        ended = Runner(wanted.binary, directory).run(database, *trial.words)
        took = time.monotonic() - begun
        database.url = direct
    problems = []
    if took > trial.limit:
        problems.append(f"took {took:.0f} s")
    if ended.code not in trial.codes:
        problems.append(f"exit {ended.code}: {ended.complaints[:200]}")
    # What a dead wire has left on the server is ended by the next run, or has ended.
    problems += [wrong] if (wrong := untruth(database, trial, ended)) else []
    return [f"{database.kind}: {' '.join(trial.words)}, {trial.fault.name}", f"{took:.1f}", ended.code,
            "; ".join(problems) or "good"]


def main() -> None:
    parser = given.parser()
    parser.add_argument("--full", action="store_true")
    wanted = parser.parse_args()
    rows = [go(wanted, database, trial) for database in given.databases(wanted) for trial in TRIALS
            if wanted.full or not trial.full]
    table.show(["command and wire", "seconds", "exit", ""], rows)
    sys.exit(0 if all(row[-1] == "good" for row in rows) else 1)


main()
