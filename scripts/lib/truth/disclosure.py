"""Whether SQL, a value or a secret is in anything that was received."""

import pathlib
from collections.abc import Iterator

from stage import NUMBER, SECRET, SQL, Observed, Scene

FORBIDDEN = {"a value": SECRET, "a number": NUMBER, "SQL": SQL, "the password": "throwaway-s3cret"}


def lines_of(scene: Scene) -> Iterator[tuple[str, str]]:
    """Everything about a scene that has left the process, its own output and the journal apart."""
    for run in scene.runs:
        yield from lines_of_run(scene, run)
    textfile = pathlib.Path(scene.stage.given.textfiles, f"{scene.name}.prom")
    if textfile.exists():
        for line in textfile.read_text(encoding="utf-8").splitlines():
            yield "textfile", line


def lines_of_run(scene: Scene, run: Observed) -> Iterator[tuple[str, str]]:
    """What a receiver has of one run, and its log lines."""
    for line in scene.stage.received.raw(run.run_id).splitlines():
        yield "OTLP", line
    for line in run.ended.said.splitlines():
        if line.startswith("{"):
            yield "log lines", line


def leaks(scene: Scene) -> list[str]:
    """Each place with what it should not have, and the line."""
    found = []
    for place, line in lines_of(scene):
        for what, text in FORBIDDEN.items():
            if text in line:
                found.append(f"{scene.name}: {what} in {place}: {line.strip()[:300]}")
    return found


def leaks_in(place: str, text: str) -> list[str]:
    """The same of a page, such as the gateway's."""
    return [f"{what} in {place}: {line[:300]}" for line in text.splitlines() for what, word in FORBIDDEN.items() if word in line]
