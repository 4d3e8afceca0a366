"""The second witness: what stands in the database."""

from collections.abc import Iterator

from claims import Claim
from expectation import KILLED
from stage import Observed, Row, Scene


def claims(scene: Scene) -> Iterator[Claim]:
    for number, run in enumerate(scene.runs, 1):
        if run.truth.recorded:
            yield from _of(number, run, run.rows, "now")
            # What the next run has made of it.
            yield from _of(number, run, run.lasting, "for good")
        elif not run.truth.began:
            for rows in (run.rows, run.lasting):
                left = [str(row["outcome"]) for row in rows or [] if row["kind"] == "run"]
                yield Claim("journal", "rows", f"{number}.recorded", ("",), "+".join(left))


def _of(number: int, run: Observed, rows: list[Row] | None, when: str) -> Iterator[Claim]:
    truth = run.truth
    killed = truth.exit == KILLED

    def claim(fact: str, expected: tuple[str, ...], found: object) -> Claim:
        return Claim("journal", when, f"{number}.{fact}", expected, None if found is None else str(found))

    own = [row for row in rows or [] if row["kind"] == "run"]
    if not own:
        yield claim("outcome", truth.outcome, None)
        return
    row = own[0]
    if killed and when == "now":
        # A reader looks at the lock as well: docs/telemetry.md, "The journal counts".
        yield Claim("journal", when, f"{number}.row of the killed run", ("executing",), str(row["outcome"]))
    else:
        yield claim("outcome", truth.outcome, "cancellation" if row["outcome"] == "interrupted" else row["outcome"])
        yield claim("error", truth.error, row["error_code"] or "")
        yield claim("has an end", ("True",), row["finished_at"] is not None)
    if truth.reason:
        yield claim("reason", (truth.reason,), _reason(row, truth.reason))
    attempts = [row for row in rows or [] if row["kind"] == "migration" and row["version"] == truth.version]
    if truth.version and truth.step != ("",) and not (killed and not attempts):
        last = attempts[-1] if attempts else None
        outcome = last and ("cancellation" if last["outcome"] == "interrupted" else last["outcome"])
        yield claim("migration", truth.step, outcome)
        if not truth.succeeded and truth.step != ("success",) and last is not None and not (killed and when == "now"):
            yield claim("migration's error", truth.migration_error, last["error_code"] or "")
    dirty = [str(row["version"]) for row in rows or [] if row["half_way"]]
    if when == "now" and not killed:
        left = (truth.version,) if truth.remains == ("half_way",) else ("",)
        yield claim("half-way version", left, "+".join(dirty))
    retried = sum(row["kind"] == "retry" for row in rows or [])
    yield claim("retries", (str(truth.retries),), retried)


def _reason(row: Row, reason: str) -> str | None:
    """Where a word of its own is said for why; the message is for people."""
    return next((str(row[column]) for column in ("reason", "error_code") if row[column] == reason), None)

