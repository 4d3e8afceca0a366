"""What the OTLP receiver has taken, read from its log while it is written."""

import dataclasses
import pathlib
import re
import threading
import time

import otlp_log
import spans
from spans import Span

BLOCK = re.compile(r"^(?=Resource\w+ #\d+$)", flags=re.M)
RUN = re.compile(r"^     -> service\.instance\.id: Str\((.*)\)$", flags=re.M)
TARGET = re.compile(r"^     -> migrascope\.target: Str\((.*)\)$", flags=re.M)
# Nothing more is written of an export after so long.
QUIET = 0.7


@dataclasses.dataclass(frozen=True)
class Record:
    """A log record."""

    event: str
    body: str
    time: float
    trace: str
    span: str
    attributes: dict[str, str]


Key = tuple[str, frozenset[tuple[str, str]]]
Series = dict[Key, float]


class Received:
    """Spans and records by run id, the last series by target."""

    def __init__(self, log: pathlib.Path) -> None:
        self._log = log
        self._spans: dict[str, list[str]] = {}
        self._records: dict[str, list[str]] = {}
        # When each series was sent last, and with which value.
        self._sent: dict[str, dict[Key, tuple[float, float]]] = {}
        threading.Thread(target=self._follow, daemon=True).start()

    def spans(self, run_id: str) -> list[Span]:
        return spans.parse("".join(self._spans.get(run_id, [])))

    def records(self, run_id: str) -> list[Record]:
        found = []
        for part in re.split(r"^LogRecord #\d+$", "".join(self._records.get(run_id, [])), flags=re.M)[1:]:
            fields = dict(re.findall(r"^ *(EventName|Body|Timestamp|Trace ID|Span ID) *: ?(.*)$", part, flags=re.M))
            body = re.sub(r"^Str\((.*)\)$", r"\1", fields.get("Body", ""))
            found.append(Record(fields.get("EventName", ""), body, float(fields.get("Timestamp", 0)) / 1e9,
                                fields.get("Trace ID", ""), fields.get("Span ID", ""), dict(spans.ATTRIBUTE.findall(part))))
        return found

    def raw(self, run_id: str) -> str:
        return "".join(self._records.get(run_id, [])) + "".join(self._spans.get(run_id, []))

    def series(self, lasting: float) -> dict[str, Series]:
        """By target, every series that was sent within so many seconds."""
        now = time.monotonic()
        return {target: {key: value for key, (at, value) in list(series.items()) if now - at < lasting}
                for target, series in list(self._sent.items())}

    def forget(self, target: str) -> None:
        self._sent.pop(target, None)

    def _follow(self) -> None:
        pending, written = "", time.monotonic()
        with self._log.open(encoding="utf-8", errors="replace") as file:
            while True:
                if more := file.read():
                    pending, written = pending + more, time.monotonic()
                whole = BLOCK.split(pending)
                if time.monotonic() - written < QUIET:
                    pending = whole.pop()
                else:
                    pending = ""
                for block in whole:
                    self._take(block)
                time.sleep(0.2)

    def _take(self, block: str) -> None:
        # A block of records or spans has a run's id; one of metrics has the target's.
        if block.startswith("ResourceMetrics"):
            if target := TARGET.search(block):
                now = time.monotonic()
                sent = {key: (now, value) for key, value in otlp_log.series_of(block, buckets=True).items()}
                self._sent[target[1]] = {**self._sent.get(target[1], {}), **sent}
        elif run := RUN.search(block):
            kept = self._spans if block.startswith("ResourceSpans") else self._records
            kept.setdefault(run[1], []).append(block)
