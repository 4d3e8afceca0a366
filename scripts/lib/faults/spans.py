"""Reads the spans that rotel writes to its log (--debug-log traces --debug-log-verbosity detailed)."""

import dataclasses
import pathlib
import re

FIELD = re.compile(r"^ +(Trace ID|Parent ID|ID|Name) *: ?(.*)$", flags=re.M)
ATTRIBUTE = re.compile(r"^ +-> ([\w.]+): \w+\((.*)\)$", flags=re.M)


@dataclasses.dataclass(frozen=True)
class Span:
    """What is known of a span."""

    trace: str
    parent: str
    id: str
    name: str
    attributes: dict[str, str]


def read(log: pathlib.Path, name: str) -> list[Span]:
    """All of this name, from all processes."""
    found = []
    text = log.read_text(encoding="utf-8", errors="replace")
    # A span ends where the next one begins, or what another process has sent.
    for part in re.split(r"^(?:Span #\d+|Resource\w+ #\d+)$", text, flags=re.M):
        fields = {field: value.strip() for field, value in FIELD.findall(part)}
        if fields.get("Name") == name:
            found.append(Span(fields["Trace ID"], fields["Parent ID"], fields["ID"], name, dict(ATTRIBUTE.findall(part))))
    return found
