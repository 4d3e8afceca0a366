"""Reads the spans that rotel writes to its log (--debug-log traces --debug-log-verbosity detailed)."""

import dataclasses
import pathlib
import re

FIELD = re.compile(r"^ *(Trace ID|Parent ID|ID|Name|Start time|End time|Status code|Status message) *: ?(.*)$", flags=re.M)
ATTRIBUTE = re.compile(r"^ +-> ([\w.]+): \w+\((.*)\)$", flags=re.M)


@dataclasses.dataclass(frozen=True)
class Span:
    """What is known of a span; times are Unix times."""

    trace: str
    parent: str
    id: str
    name: str
    attributes: dict[str, str]
    start: float = 0.0
    end: float = 0.0
    failed: bool = False
    description: str = ""


def parse(text: str) -> list[Span]:
    """The spans in a piece of the log."""
    found = []
    # A span ends where the next one begins, or what another process has sent.
    for part in re.split(r"^(?:Span #\d+|Resource\w+ #\d+)$", text, flags=re.M):
        fields: dict[str, str] = {}
        for field, value in FIELD.findall(part):
            fields.setdefault(field, value.strip())  # events of a span have names as well
        if "Parent ID" in fields:
            found.append(Span(fields["Trace ID"], fields["Parent ID"], fields["ID"], fields["Name"], dict(ATTRIBUTE.findall(part)),
                              float(fields.get("Start time", 0)) / 1e9, float(fields.get("End time", 0)) / 1e9,
                              fields.get("Status code") == "STATUS_CODE_ERROR", fields.get("Status message", "")))
    return found


def read(log: pathlib.Path, name: str) -> list[Span]:
    """All of this name, from all processes."""
    return [span for span in parse(log.read_text(encoding="utf-8", errors="replace")) if span.name == name]
