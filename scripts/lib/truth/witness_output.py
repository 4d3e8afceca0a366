"""The first witness: exit code, messages and the report."""

from collections.abc import Iterator

from claims import Claim
from expectation import KILLED
from stage import Observed, Scene


def claims(scene: Scene) -> Iterator[Claim]:
    for number, run in enumerate(scene.runs, 1):
        yield from _of(number, run)


def _of(number: int, run: Observed) -> Iterator[Claim]:
    truth, report = run.truth, run.ended.report

    def claim(voice: str, fact: str, expected: tuple[str, ...], found: object) -> Claim:
        return Claim("output", voice, f"{number}.{fact}", expected, None if found is None else str(found))

    yield claim("process", "exit code", (str(truth.exit),), run.ended.code)
    if truth.exit == KILLED:
        return
    said = report.get("run") or {}
    yield claim("report", "exit code", (str(truth.exit),), report.get("exit_code"))
    yield claim("report", "outcome", truth.outcome, said.get("outcome"))
    yield claim("report", "error", truth.error, (report.get("error") or {}).get("kind", ""))
    if truth.reason:
        words = {"changed": "was changed", "missing": "is missing", "half_way": "half-way", "out_of_order": "is pending but older"}
        spoken = run.ended.complaints
        yield claim("messages", "reason", (truth.reason,), truth.reason if words[truth.reason] in spoken else None)
    steps = {step["version"]: step for step in said.get("steps", [])}
    step = steps.get(truth.version, {})
    failure = step.get("failure") or {}
    if truth.version:
        yield claim("report", "migration", truth.step, step.get("outcome"))
        yield claim("report", "statement", truth.statement, str(failure.get("statement") or ""))
        yield claim("report", "remains", truth.remains, (failure.get("remains") or {}).get("state", ""))
        yield claim("report", "retries", (str(truth.retries),), step.get("retries"))
    elif steps:
        yield claim("report", "migration", ("",), "+".join(sorted(steps)))
